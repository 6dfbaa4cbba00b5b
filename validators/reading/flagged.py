"""The flags as a question to the database: who has one."""

import json
from collections.abc import Collection, Mapping
from typing import Any, Final

from django.db.models import Case, F, Q, TextField, Value, When
from django.db.models.functions import Cast

from validators.models import VoteState
from validators.reading.flags import CODES_OF_NAMES, HIGH_BPS, OF_COMMISSION, FlagCode
from validators.reading.holdings import large_operators, much_leaves
from validators.solana.arithmetic import ALL_BPS

_OUT: Final = VoteState.Admission.OUT
_WHEN: Final[Mapping[FlagCode, Q]] = {
    **{code: Q(flags_as_text__contains=json.dumps(flag.value)) for flag, code in OF_COMMISSION.items()},
    **{code: Q(name_mark=mark.value) for mark, code in CODES_OF_NAMES.items()},
    FlagCode.SUPERMINORITY: Q(superminority=True),
    FlagCode.WITHDRAWER_IS_IDENTITY: Q(vote_state__withdrawer=F("identity")),
    FlagCode.NOT_ADMITTED_NEXT_EPOCH: Q(admission_next=_OUT),
    FlagCode.NOT_ADMITTED_AFTER_NEXT: Q(admission=_OUT),
    FlagCode.MEV_COMMISSION_ALL: Q(mev_commission_bps__gte=ALL_BPS),
    FlagCode.MEV_COMMISSION_HIGH: Q(mev_commission_bps__gt=HIGH_BPS, mev_commission_bps__lt=ALL_BPS),
    FlagCode.STAKE_LEAVING: much_leaves(),
}


def with_any_flag(validators: Any, codes: Collection[FlagCode], *, has: bool) -> Any:
    """Of standings who has one of these flags, or one at all where none is named; or else the others."""
    any_of = Q()
    for code in codes or FlagCode:
        is_large = code == FlagCode.OPERATOR_LARGE
        any_of |= Q(operator__in=list(large_operators())) if is_large else _WHEN[code]
    # A Case, for what is unknown is not flagged, and "not unknown" would find nobody.
    flagged = Case(When(any_of, then=Value(True)), default=Value(False))
    as_text = Cast("commission_flags", TextField())
    return validators.alias(flags_as_text=as_text).alias(is_flagged=flagged).filter(is_flagged=has)
