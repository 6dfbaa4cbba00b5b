"""When a task is due, and what became of each of its occurrences; django-q2 and Redis only carry it out.

Nothing here knows of Solana or of any task's meaning: apps name their jobs and rules in the settings.
Start with docs/architecture.md, then `engine.dispatcher`.
"""
