"""The one clock that every host shares."""

from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

# Nothing is claimed before its time: what ran for a time so far ahead, or began at one, did so by a clock
# that was wrong.
AHEAD = timedelta(minutes=1)


def database_now() -> datetime:
    """The present instant, in UTC, by the database's clock.

    Hosts disagree by seconds; the database they share does not disagree with itself. SQLite
    lives on one host, whose clock it would ask anyway.
    """
    if connection.vendor != "postgresql":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now
