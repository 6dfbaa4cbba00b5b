"""Many failed runs begun anew at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from scheduling.exceptions import RefusedError, SchedulingError
from scheduling.operations.changing import retry

# More at once would be a rush on the workers, and on whom their tasks ask.
MOST_RETRIED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """How many runs begin anew, and why each of the others does not."""

    begun: int
    refused: tuple[str, ...]


def retry_all(run_ids: Iterable[int], *, by: str, now: datetime) -> Retried:
    """Let each of these runs begin anew, if it failed; the refusal of one keeps none of the others back.

    Raises `RefusedError`, and begins nothing, when they are none or too many.
    """
    wanted = list(dict.fromkeys(run_ids))
    if not wanted:
        raise RefusedError("No run was chosen, so nothing is retried.")
    if len(wanted) > MOST_RETRIED:
        raise RefusedError(
            f"{len(wanted)} runs at once are too many: {MOST_RETRIED} are the most. Nothing is retried."
        )
    refused = []
    for run_id in wanted:
        try:
            retry(run_id, by=by, now=now)
        except SchedulingError as exc:
            refused.append(str(exc))
    return Retried(begun=len(wanted) - len(refused), refused=tuple(refused))
