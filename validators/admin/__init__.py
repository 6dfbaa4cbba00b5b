"""Validators and what was said of them in Django's admin; all of it is read-only.

Lists and filters live here, their queries in `reading`. Start with `validators`.
"""

from validators.admin import histories, scores, validators

__all__ = ["histories", "scores", "validators"]
