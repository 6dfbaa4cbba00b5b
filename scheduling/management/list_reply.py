"""What `scheduler list` shows."""

from typing import Any

from scheduling.ledger.presentation import (
    SCHEDULE_HEADERS,
    never_set_up_text,
    schedule_cells,
    schedule_document,
)
from scheduling.ledger.selectors import current_mode, never_set_up, schedule_rows
from scheduling.ledger.spoilt import spoilt_jobs
from scheduling.management.tables import table


def list_reply() -> tuple[Any, str]:
    """The schedules as a document and as text; each of which a row cannot be read by that alone."""
    rows, mode, unreadable = schedule_rows(), current_mode(), spoilt_jobs()
    unseen = never_set_up({row.job.name for row in rows})
    document = {
        "mode": mode,
        "schedules": [schedule_document(row) for row in rows],
        "never_set_up": unseen,
        "passed_over": [{"name": one.name, "problem": one.problem} for one in unreadable],
    }
    text = "No schedules. `scheduler setup` makes them."
    if rows or unreadable:
        text = f"mode: {mode or 'mixed'}\n{table(SCHEDULE_HEADERS, [schedule_cells(row) for row in rows])}"
    said = [never_set_up_text(unseen), *(one.problem for one in unreadable)]
    return document, "\n".join([text, *filter(None, said)])
