"""What `scheduler list` shows."""

from scheduling.ledger.presentation import (
    SCHEDULE_HEADERS,
    never_set_up_text,
    removed_text,
    schedule_cells,
    schedule_document,
)
from scheduling.ledger.selectors import current_mode, schedule_rows, without_schedule
from scheduling.management.command import Reply
from scheduling.management.tables import table


def list_reply() -> Reply:
    """Every schedule, with its next and its last run."""
    rows, mode = schedule_rows(), current_mode()
    unseen, removed = without_schedule({row.job.name for row in rows})
    schedules = [schedule_document(row) for row in rows]
    document = {"mode": mode, "schedules": schedules, "never_set_up": unseen, "removed": removed}
    if not rows:
        return Reply(document=document, text="No schedules. `scheduler setup` makes them.")
    shown = table(SCHEDULE_HEADERS, [schedule_cells(row) for row in rows])
    told = (f"mode: {mode or 'mixed'}", shown, never_set_up_text(unseen), removed_text(removed))
    return Reply(document=document, text="\n".join(filter(None, told)))
