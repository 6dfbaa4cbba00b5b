"""What was striking about a commission, kept beside the validator; it stays, so two looks must agree."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from validators.models import CommissionChange, CommissionSource, Origin, Validator
from validators.services import bulk
from validators.services.settled_past import Past, pasts_of
from validators.solana.commission_flags import CommissionStep, EpochCommission, commission_flags
from validators.solana.whole_percent import finer

_KEYS_PER_QUERY: Final = 5_000


def refresh_commission_flags(keys: Sequence[int]) -> bool:
    """Work out these validators' flags from all that is stored of them. Call inside a transaction.

    Returns whether any changed.
    """
    changed = False
    for start in range(0, len(keys), _KEYS_PER_QUERY):
        changed |= _refresh(keys[start : start + _KEYS_PER_QUERY])
    return changed


def _refresh(keys: Sequence[int]) -> bool:
    steps, pasts = commission_steps(keys), pasts_of(keys)
    # Most have none and had none; only what changes is written.
    stored = dict(Validator.objects.filter(pk__in=keys).values_list("pk", "commission_flags"))
    rows = []
    for key in keys:
        flags = commission_flags(steps=steps.get(key, ()), epochs=commission_epochs(pasts.get(key, Past())))
        names = sorted(flag.value for flag in flags)
        if names != stored[key]:
            rows.append((json.dumps(names), key))
    bulk.update_rows(Validator, fields=("commission_flags",), rows=rows, constants={})
    return bool(rows)


def commission_steps(keys: Sequence[int]) -> dict[int, list[CommissionStep]]:
    """From one confirmed commission to the next; what was seen once between them is passed over.

    The rows of imported history tell of its changes themselves.
    """
    found: defaultdict[int, list[CommissionStep]] = defaultdict(list)
    standing: dict[int, int] = {}
    confirmed: set[int] = set()
    changes = CommissionChange.objects.filter(validator_id__in=keys, source=Origin.LIVE)
    columns = ("validator_id", "epoch", "from_bps", "to_bps", "confirmed_at")
    for key, epoch, before, after, confirmed_at in changes.order_by(
        "validator_id", "seen_at", "pk"
    ).values_list(*columns):
        standing.setdefault(key, before)
        if confirmed_at is None:
            continue
        # Downward from the first of all, which maybe one look saw: a confirmed high one is in the rows.
        if standing[key] < after or key in confirmed:
            found[key].append(CommissionStep(epoch, standing[key], after))
        standing[key] = after
        confirmed.add(key)
    return {key: [step for step in steps if step.from_bps != step.to_bps] for key, steps in found.items()}


def commission_epochs(past: Past) -> Iterator[EpochCommission]:
    """Of a commission that stood for many epochs the first and the last: nothing happened between them.

    What is told in whole percent is taken for what our looks saw, where that may be rounded to it.
    """
    seen = [one for one in past.stretches if one.source == CommissionSource.VOTE_ACCOUNT]
    exact = sorted({bps for one in seen for bps in (one.min_bps, one.max_bps) if bps is not None})
    for one in past.stretches:
        first, last = one.first_bps, one.last_bps
        if one.max_bps is None:
            continue
        if one.source == CommissionSource.VOTE_ACCOUNT:
            if past.confirmed_bps is None:
                continue
            # The first and the last are as one look saw them, and the changes tell of the steps.
            first = last = None
        told: Sequence[int | None] = (first, last, one.min_bps, one.max_bps)
        if exact and one.source == CommissionSource.IMPORTED:
            told = [None if bps is None else finer(bps, *exact) for bps in told]
        for epoch in dict.fromkeys((one.first, one.last)):
            yield EpochCommission(epoch, *told)
