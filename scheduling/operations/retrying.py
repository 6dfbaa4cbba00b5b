"""Many failed runs begun anew at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from scheduling.exceptions import RefusedError, SchedulingError
from scheduling.models import ON_THEIR_OWN, Overlap, Run, RunState
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

    Of runs that would take over from each other only the newest of a schedule begins anew.

    Raises `RefusedError`, and begins nothing, when they are none or too many.
    """
    wanted = list(dict.fromkeys(run_ids))
    if not wanted:
        raise RefusedError("No run was chosen, so nothing is retried.")
    if len(wanted) > MOST_RETRIED:
        raise RefusedError(
            f"{len(wanted)} runs at once are too many: {MOST_RETRIED} are the most. Nothing is retried."
        )
    displaced = _displaced(wanted)
    refused = []
    for run_id in wanted:
        try:
            if run_id in displaced:
                raise RefusedError(displaced[run_id])
            retry(run_id, by=by, now=now)
        except SchedulingError as exc:
            refused.append(str(exc))
    return Retried(begun=len(wanted) - len(refused), refused=tuple(refused))


def _displaced(run_ids: Iterable[int]) -> dict[int, str]:
    """Those of these runs that the newest of their schedule would take over from, and that in words."""
    failed = Run.objects.filter(pk__in=run_ids, state=RunState.FAILED).exclude(trigger__in=ON_THEIR_OWN)
    alone = failed.exclude(job__overlap=Overlap.ALLOW).select_related("job").order_by("-occurrence")
    newest: dict[int, Run] = {}
    return {
        run.pk: f"{run} gives way to {newest[run.job_id].occurrence:%Y-%m-%d %H:%M:%S}Z, its newest chosen."
        for run in alone
        if newest.setdefault(run.job_id, run) is not run
    }
