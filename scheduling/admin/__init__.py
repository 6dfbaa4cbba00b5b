"""Schedules, runs, alerts, tokens and django-q2's history in Django's admin.

Pages for staff live here; rules about jobs never do, a page only calls `operations` and shows what the
ledger says. Start with `schedules`.
"""

# Django looks for the pages here.
from scheduling.admin import runs, schedules, tokens

__all__ = ["runs", "schedules", "tokens"]
