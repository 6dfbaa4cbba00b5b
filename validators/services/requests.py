"""Adding what was asked of the endpoints to what was ever asked."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.db import Error as DatabaseError
from django.db import connection, transaction

from validators.models import RequestTally
from validators.solana.request_counts import Request, counted_requests

logger = logging.getLogger(__name__)

# The ORM can set a conflicting row to the new value, but not add the new value to it.
_ADD = """
    INSERT INTO {table} AS stored (endpoint, method, outcome, requests) VALUES {rows}
    ON CONFLICT (endpoint, method, outcome) DO UPDATE SET requests = stored.requests + excluded.requests
"""


@contextmanager
def recorded_requests() -> Iterator[None]:
    """Store the number of requests made within, whatever becomes of what they were made for.

    One statement of its own, and none where nothing was asked; numbers that cannot be stored are
    lost and no reason to fail.
    """
    with counted_requests() as counts:
        try:
            yield
        finally:
            try:
                record_requests(counts)
            except DatabaseError as exc:
                logger.warning("Requests were not counted (%s).", exc, extra={"action": "requests_lost"})


def record_requests(counts: Mapping[Request, int]) -> None:
    """In one order, so that two that record at once never wait for each other in a circle."""
    made = sorted((*request, number) for request, number in counts.items() if number)
    if not made:
        return
    table = connection.ops.quote_name(RequestTally._meta.db_table)
    statement = _ADD.format(table=table, rows=", ".join(["(%s, %s, %s, %s)"] * len(made)))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, [value for row in made for value in row])
