"""Judging everybody by the rule sets, and storing what is another verdict than before.

Nothing here knows what a rule means: that is `validators.rules`. Start with `running`.
"""
