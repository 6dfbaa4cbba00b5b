"""Validators, what was said of them and who is told of it, in Django's admin; what we write is read-only.

Lists and filters live here, their queries in `reading`. Start with `validators`.
"""

from validators.admin import histories, pools, scores, subscriptions, validators, watching

__all__ = ["histories", "pools", "scores", "subscriptions", "validators", "watching"]
