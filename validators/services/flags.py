"""What was striking about a commission, kept beside the validator."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from validators.models import CommissionChange, Validator, ValidatorEpoch
from validators.services import bulk
from validators.solana.commission_flags import CommissionStep, EpochCommission, commission_flags

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
    steps, epochs = _steps(keys), _epochs(keys)
    # Most have none and had none; only what changes is written.
    stored = dict(Validator.objects.filter(pk__in=keys).values_list("pk", "commission_flags"))
    rows = []
    for key in keys:
        flags = commission_flags(steps=steps.get(key, ()), epochs=epochs.get(key, ()))
        names = sorted(flag.value for flag in flags)
        if names != stored[key]:
            rows.append((json.dumps(names), key))
    bulk.update_rows(Validator, fields=("commission_flags",), rows=rows, constants={})
    return bool(rows)


def _steps(keys: Sequence[int]) -> dict[int, list[CommissionStep]]:
    found: defaultdict[int, list[CommissionStep]] = defaultdict(list)
    changes = CommissionChange.objects.filter(validator_id__in=keys).order_by("validator_id", "seen_at", "pk")
    for key, *step in changes.values_list("validator_id", "epoch", "from_bps", "to_bps"):
        found[key].append(CommissionStep(*step))
    return found


def _epochs(keys: Sequence[int]) -> dict[int, list[EpochCommission]]:
    rows = ValidatorEpoch.objects.filter(validator_id__in=keys, commission_max_bps__isnull=False)
    columns = ("commission_first_bps", "commission_last_bps", "commission_min_bps", "commission_max_bps")
    ordered: Iterable[tuple[int, ...]] = bulk.read_rows(
        rows.order_by("validator_id", "epoch").values_list("validator_id", "epoch", *columns)
    )
    found: defaultdict[int, list[EpochCommission]] = defaultdict(list)
    for key, *numbers in ordered:
        found[key].append(EpochCommission(*numbers))
    return found
