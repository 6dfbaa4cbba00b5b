"""The JSON API's manner of answering, and what it says of schedules and runs.

Replies, errors, cursors and limits that every app's API shares live here; what may be done to a job never
does, that is `operations`. Start with `routes`.
"""
