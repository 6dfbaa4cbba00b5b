"""What was striking about a commission, kept beside the validator; it stays, so two looks must agree."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set

from validators.models import CommissionChange, CommissionSource, Origin, Validator, ValidatorEpoch
from validators.services import bulk
from validators.services.settled_past import Past, pasts_of
from validators.solana.commission_flags import (
    HALF,
    CommissionFlag,
    CommissionStep,
    EpochCommission,
    commission_flags,
)
from validators.solana.whole_percent import meant


def refresh_commission_flags(keys: Sequence[int]) -> bool:
    """Work out these validators' flags from all that is stored of them. Call inside a transaction.

    Returns whether any changed.
    """
    changed = False
    for some in bulk.in_parts(keys):
        changed |= _refresh(some)
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


def flag_above_half(commissions: Mapping[int, int]) -> Set[int]:
    """Flag whose commission, by validator's key in basis points, is and always was one above half.

    What `refresh_commission_flags` finds of them too, without going through all that is stored: at the
    second fetch of all everybody is new. Returns their keys; of the others nothing is known.
    """
    found = _never_another({key: bps for key, bps in commissions.items() if bps > HALF})
    bulk.update_rows(
        Validator,
        fields=(),
        rows=[(key,) for key in sorted(found)],
        constants={"commission_flags": [CommissionFlag.ABOVE_HALF.value]},
    )
    return found


def _never_another(commissions: Mapping[int, int]) -> Set[int]:
    """Those of these keys whose epochs and changes tell of no other commission, and at least once of this."""
    keys = sorted(commissions)
    known: set[int] = set()
    others: set[int] = set()
    columns = [f"commission_{which}_bps" for which in ("max", "min", "first", "last")]
    for some in bulk.in_parts(keys):
        changes = CommissionChange.objects.filter(validator_id__in=some)
        others.update(changes.values_list("validator_id", flat=True))
        rows = ValidatorEpoch.objects.filter(validator_id__in=some)
        # Of most epochs that ended before the first look no commission is known.
        told = rows.exclude(**dict.fromkeys(columns)).values_list("validator_id", *columns)
        for key, highest, *rest in bulk.read_rows(told):
            bps = commissions[key]
            if highest == bps:
                known.add(key)
            if {highest, *rest} - {None, bps}:
                others.add(key)
    return known - others


def commission_steps(keys: Sequence[int]) -> dict[int, list[CommissionStep]]:
    """From one confirmed commission to the next; what was seen once between them is passed over.

    The rows of imported history tell of its changes themselves.
    """
    found: defaultdict[int, list[CommissionStep]] = defaultdict(list)
    standing: dict[int, int] = {}
    confirmed: set[int] = set()
    changes = CommissionChange.objects.filter(validator_id__in=keys, source=Origin.LIVE)
    columns = ("validator_id", "epoch", "from_bps", "to_bps", "in_first_look", "confirmed_at")
    for key, epoch, before, after, in_first_look, confirmed_at in changes.order_by(
        "validator_id", "seen_at", "pk"
    ).values_list(*columns):
        standing.setdefault(key, before)
        if confirmed_at is None:
            continue
        # Downward from the first of all, which maybe one look saw: a confirmed high one is in the rows.
        if standing[key] < after or key in confirmed:
            found[key].append(CommissionStep(epoch, standing[key], after, in_first_look))
        standing[key] = after
        confirmed.add(key)
    return {key: [step for step in steps if step.from_bps != step.to_bps] for key, steps in found.items()}


def commission_epochs(past: Past) -> Iterator[EpochCommission]:
    """Of a commission that stood for many epochs the first and the last: nothing happened between them.

    What is told in whole percent is taken for what our looks saw, where that may be rounded to it.
    """
    seen = [one for one in past.stretches if one.source == CommissionSource.VOTE_ACCOUNT]
    exact = sorted({bps for one in seen for bps in (one.min_bps, one.max_bps) if bps is not None})
    of_history = [one for one in past.stretches if one.source == CommissionSource.IMPORTED]
    whole = {bps for one in of_history for bps in one.commission[1:] if bps is not None}
    means = meant(whole, exact) if exact else {}
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
        if means and one.source == CommissionSource.IMPORTED:
            told = [None if bps is None else means[bps] for bps in told]
        for epoch in dict.fromkeys((one.first, one.last)):
            yield EpochCommission(epoch, *told)
