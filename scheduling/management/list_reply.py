"""What `scheduler list` shows."""

from scheduling.ledger.presentation import (
    SCHEDULE_HEADERS,
    never_set_up_text,
    removed_text,
    schedule_cells,
    schedule_document,
)
from scheduling.ledger.selectors import current_mode, never_set_up, removed, schedule_rows
from scheduling.management.command import Reply
from scheduling.management.tables import table


def list_reply() -> Reply:
    """Every schedule, with its next and its last run."""
    rows, mode = schedule_rows(), current_mode()
    names = {row.job.name for row in rows}
    unseen, gone = never_set_up(names), removed(names)
    schedules = [schedule_document(row) for row in rows]
    document = {"mode": mode, "schedules": schedules, "never_set_up": unseen, "removed": gone}
    if not rows:
        return Reply(document=document, text="No schedules. `scheduler setup` makes them.")
    shown = table(SCHEDULE_HEADERS, [schedule_cells(row) for row in rows])
    told = (f"mode: {mode or 'mixed'}", shown, never_set_up_text(unseen), removed_text(gone))
    return Reply(document=document, text="\n".join(filter(None, told)))
