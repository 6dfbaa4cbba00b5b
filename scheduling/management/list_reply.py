"""What `scheduler list` shows."""

from typing import Any

from scheduling.ledger.presentation import (
    SCHEDULE_HEADERS,
    never_set_up_text,
    removed_text,
    schedule_cells,
    schedule_document,
)
from scheduling.ledger.selectors import current_mode, never_set_up, removed, schedule_rows
from scheduling.management.tables import table


def list_reply() -> tuple[Any, str]:
    """The schedules as a document and as text."""
    rows, mode = schedule_rows(), current_mode()
    names = {row.job.name for row in rows}
    unseen, gone = never_set_up(names), removed(names)
    schedules = [schedule_document(row) for row in rows]
    document = {"mode": mode, "schedules": schedules, "never_set_up": unseen, "removed": gone}
    if not rows:
        return document, "No schedules. `scheduler setup` makes them."
    shown = table(SCHEDULE_HEADERS, [schedule_cells(row) for row in rows])
    told = (f"mode: {mode or 'mixed'}", shown, never_set_up_text(unseen), removed_text(gone))
    return document, "\n".join(filter(None, told))
