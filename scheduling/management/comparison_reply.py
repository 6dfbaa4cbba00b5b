"""What `scheduler compare` shows."""

import json
from dataclasses import asdict
from typing import Any, Final

from scheduling.ledger.comparison import Variant, compare_variants
from scheduling.management.command import Reply
from scheduling.management.tables import table
from scheduling.operations.naming import job_named

HEADERS: Final = (
    "variant",
    "parameters",
    "succeeded",
    "failed",
    "skipped",
    "retried",
    "took p50",
    "took p99",
)


def comparison_reply(name: str) -> Reply:
    """The two variants of a job side by side; raises a `SchedulingError` when there is no such job."""
    variants = compare_variants(job_named(name))
    text = f"{name} has no variants; --parameters-b makes one."
    if variants:
        text = table(HEADERS, [_cells(variant) for variant in variants])
    return Reply(document=[asdict(variant) for variant in variants], text=text)


def _cells(variant: Variant) -> tuple[Any, ...]:
    return (
        variant.name,
        json.dumps(variant.parameters),
        variant.succeeded,
        variant.failed,
        variant.skipped,
        variant.retried,
        variant.duration_ms.p50,
        variant.duration_ms.p99,
    )
