"""What people ask first: what would a sum of SOL bring here?"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

from validators.models import CommissionSource, Validator, ValidatorEpoch, VoteState
from validators.solana.arithmetic import LAMPORTS_PER_SOL
from validators.solana.economics import EPOCHS_UNTIL_COMMISSION_APPLIES, ApyBasis, yearly_reward
from validators.solana.performance import could_not_vote
from validators.solana.whole_percent import stayed
from validators.templatetags.units import bps_percent

HUNDRED_SOL: Final = 100 * LAMPORTS_PER_SOL


def reward_of_100_sol(apy: float | None) -> str | None:
    """Lamports of a year, as documents write them; None while the APY is unknown."""
    lamports = yearly_reward(HUNDRED_SOL, apy)
    return None if lamports is None else str(lamports)


class Nothing(NamedTuple):
    """Why it brings nothing as it is, whatever it brought before, and when it is so."""

    said: str
    when: str


def nothing_of(validator: Any) -> Nothing | None:
    """None where it brings what its APY says. `validator` carries the annotations of the standings.

    Where its APY is nothing or unknown, that says it already, unless it does not vote at all.
    """
    if validator.delinquent or validator.left_at:
        return Nothing("nothing while it does not vote", "as now")
    if validator.apy and validator.admission_next == VoteState.Admission.OUT:
        return Nothing("nothing while it is not let in", "as into the next epoch")
    if validator.apy and validator.keeps_all:
        return Nothing(f"nothing at its commission of {bps_percent(validator.commission_bps)}", "as now")
    return None


def kept_then_of(validators: Iterable[Validator], *, since: int) -> dict[int, str]:
    """By key the same sentence of several, from that epoch on. One query, none where no APY was realised."""
    realised = {one.pk: one for one in validators if one.apy_basis == ApyBasis.REALISED}
    if not realised:
        return {}
    columns = ("validator_id", "epoch", "estimated_return", "commission_last_bps", "commission_source")
    votes = ("credits", "credits_unit", "activated_stake")
    ours = ValidatorEpoch.objects.filter(validator_id__in=realised, epoch__gte=since)
    rows = ours.order_by("-epoch").only(*columns, *votes)
    epochs: defaultdict[int, list[ValidatorEpoch]] = defaultdict(list)
    for row in rows:
        epochs[row.validator_id].append(row)
    return {key: kept_then(one, epochs[key]) for key, one in realised.items()}


def kept_then(validator: Validator, newest_first: Sequence[ValidatorEpoch]) -> str:
    """What it kept of the rewards that its APY was realised by, where that is not its commission of now."""
    now = validator.commission_bps
    if validator.apy_basis != ApyBasis.REALISED or now is None:
        return ""
    by_epoch = {row.epoch: row for row in newest_first}
    returned = (row for row in newest_first if row.estimated_return is not None)
    paid = (row.epoch for row in returned if not _is_voteless(row, by_epoch.get(row.epoch - 1)))
    made_in = (epoch - EPOCHS_UNTIL_COMMISSION_APPLIES for epoch in islice(paid, validator.apy_epochs))
    rows = [by_epoch[epoch] for epoch in made_in if epoch in by_epoch]
    kept = {
        now if stayed(bps, now, before_is_whole=_is_whole(row), after_is_whole=False) else bps
        for row in rows
        if (bps := row.commission_last_bps) is not None
    }
    if kept <= {now}:
        return ""
    told = " to ".join(bps_percent(bps) for bps in sorted({min(kept), max(kept)}))
    epochs = "that epoch" if validator.apy_epochs == 1 else "those epochs"
    return f"Of the rewards of {epochs} it kept {told}; its commission is {bps_percent(now)} now."


def _is_voteless(row: ValidatorEpoch, before: ValidatorEpoch | None) -> bool:
    """Whether the APY leaves it out. Who has a return was no newcomer: its commission of before is known."""
    return (
        row.credits == 0
        and before is not None
        and could_not_vote(
            unit=row.credits_unit, unit_before=before.credits_unit, stake_before=before.activated_stake
        )
    )


def _is_whole(row: ValidatorEpoch) -> bool:
    return row.commission_source == CommissionSource.IMPORTED
