"""Two variants of a job's parameters, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scheduling.ledger.selectors import Percentiles, percentiles
from scheduling.models import Job, Run, RunState

# The newest runs that are compared.
COMPARED = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """How the runs of one variant went; times in milliseconds, `success_rate` a fraction or None."""

    name: str
    parameters: dict[str, Any]
    succeeded: int
    failed: int
    skipped: int
    success_rate: float | None
    retried: int
    duration_ms: Percentiles
    lateness_ms: Percentiles


def compare_variants(job: Job) -> list[Variant]:
    """The outcomes of variants a and b among the newest runs of a job; empty when it never had two."""
    runs = list(Run.objects.filter(job=job).exclude(variant="").order_by("-occurrence")[:COMPARED])
    names = sorted({run.variant for run in runs})
    return [_variant(name, [run for run in runs if run.variant == name]) for name in names]


def _variant(name: str, runs: Sequence[Run]) -> Variant:
    states = [run.state for run in runs]
    succeeded, failed = states.count(RunState.SUCCEEDED), states.count(RunState.FAILED)
    return Variant(
        name=name,
        parameters=runs[0].parameters,
        succeeded=succeeded,
        failed=failed,
        skipped=states.count(RunState.SKIPPED),
        success_rate=succeeded / (succeeded + failed) if succeeded + failed else None,
        retried=sum(run.attempt > 1 for run in runs),
        duration_ms=percentiles(run.duration for run in runs),
        lateness_ms=percentiles(run.lateness for run in runs),
    )
