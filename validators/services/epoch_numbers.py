"""The columns of an epoch row that a fetch writes, and what becomes of them with the next one."""

from datetime import datetime
from typing import Any, Final, NamedTuple

from validators.models import CommissionSource, Origin
from validators.services.stored import StoredValidator
from validators.solana.arithmetic import CreditsUnit, Earned
from validators.solana.snapshot import AccountState
from validators.solana.whole_percent import meant

# An enum's member costs ten times a name, and these are asked for of everybody.
_VOTES: Final = CreditsUnit.VOTE_CREDITS
_VOTES_TEXT: Final = CreditsUnit.VOTE_CREDITS.value
_LAMPORTS_TEXT: Final = CreditsUnit.LAMPORTS.value
SEEN_LIVE: Final = CommissionSource.VOTE_ACCOUNT.value
_TOLD: Final = CommissionSource.IMPORTED.value


class EarnedNumbers(NamedTuple):
    """The columns that a later fetch may still correct once the epoch is over."""

    credits: int | None = None
    credits_unit: str = ""
    credits_before_split: int | None = None
    cumulative_credits_at_start: int | None = None
    # The epoch was over when they were seen: what they say now they will say for ever.
    credits_final: bool = False


class LiveNumbers(NamedTuple):
    """The columns that tell of the present, so they change only while the epoch runs."""

    commission_first_bps: int | None = None
    commission_last_bps: int | None = None
    commission_min_bps: int | None = None
    commission_max_bps: int | None = None
    commission_source: str = ""
    activated_stake: int | None = None
    identity: str = ""
    version: str = ""
    client: str = ""
    fetches: int = 0
    delinquent_fetches: int = 0
    delinquent_at_end: bool | None = None


def touched_by_fetch(stored_at: datetime) -> dict[str, Any]:
    """A row that a fetch touched is live: a later import must not replace its numbers."""
    return {"fetched_at": stored_at, "source": Origin.LIVE.value}


def earned_numbers(earned: Earned, state: AccountState, *, is_final: bool = False) -> EarnedNumbers:
    """As this look shows them."""
    start = credits_at_start(earned, state)
    return EarnedNumbers(earned.credits, unit_of(earned), earned.credits_before_split, start, is_final)


def unit_of(earned: Earned) -> str:
    return _VOTES_TEXT if earned.unit is _VOTES else _LAMPORTS_TEXT


def credits_at_start(earned: Earned, state: AccountState) -> int | None:
    """None of an epoch that was not sent."""
    tuples = state.account.epoch_credits
    if tuples and tuples[-1][0] == earned.epoch and earned.unit is _VOTES:
        return tuples[-1][2]
    # The first of an epoch's tuples: the migration epoch has two.
    return next((before for epoch, _, before in tuples if epoch == earned.epoch), None)


def live_numbers(state: AccountState, known: StoredValidator | None, before: LiveNumbers) -> LiveNumbers:
    """As this look leaves them; `before` is as the one before did."""
    account, bps = state.account, state.account.commission_bps
    if bps is not None and before.commission_source == _TOLD:
        before = _refined(before, bps)
    return LiveNumbers(
        bps if before.commission_first_bps is None else before.commission_first_bps,
        bps,
        *_commission_extremes(bps, known, before),
        SEEN_LIVE,
        account.activated_stake,
        account.identity,
        known.version if known else "",
        known.client if known else "",
        before.fetches + 1,
        before.delinquent_fetches + state.delinquent,
        state.delinquent,
    )


def _refined(told: LiveNumbers, bps: int) -> LiveNumbers:
    """What a history told in whole percent, as this look has it where that may be meant."""
    whole = (
        *(told.commission_first_bps, told.commission_last_bps),
        *(told.commission_min_bps, told.commission_max_bps),
    )
    exact = meant({one for one in whole if one is not None}, (bps,))
    return LiveNumbers._make((*(None if one is None else exact[one] for one in whole), *told[len(whole) :]))


def _commission_extremes(
    bps: int | None, known: StoredValidator | None, before: LiveNumbers
) -> tuple[int | None, int | None]:
    """The lowest and the highest that a second look confirmed; of a newcomer what its only look showed."""
    if (
        known is None
        or not known.seen_by_a_fetch
        or bps in (known.commission_bps, known.commission_confirmed_bps)
    ):
        if before.commission_min_bps == bps == before.commission_max_bps:
            return bps, bps
        seen = [one for one in (before.commission_min_bps, before.commission_max_bps, bps) if one is not None]
        return min(seen, default=None), max(seen, default=None)
    if known.commission_confirmed_bps is None:
        # The two looks that there were contradict each other.
        return None, None
    return before.commission_min_bps, before.commission_max_bps


def merged_with(stored: EarnedNumbers, seen: EarnedNumbers) -> EarnedNumbers:
    """What was known stays where the new fetch knows nothing."""
    newer = stored if seen.credits is None or _has_fallen(stored, seen) else seen
    start = seen.cumulative_credits_at_start
    return EarnedNumbers(
        newer.credits,
        newer.credits_unit,
        stored.credits_before_split if seen.credits_before_split is None else seen.credits_before_split,
        stored.cumulative_credits_at_start if start is None else start,
        bool(newer.credits_final),
    )


def _has_fallen(stored: EarnedNumbers, seen: EarnedNumbers) -> bool:
    """Credits of an epoch only grow while it runs: a lower number is an odd record's."""
    if stored.credits is None or seen.credits is None or seen.credits_final:
        return False
    return stored.credits_unit == seen.credits_unit and seen.credits < stored.credits
