"""Whether votes can be the chain's truth: held against the last good look. Pure.

The stakes of an epoch are fixed before it begins, credits never fall, and a cluster does not change
half of itself between two looks.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median_high
from typing import Final

from scheduling.wording import counted
from validators.figures import number_or_none, percent
from validators.solana.arithmetic import Earned
from validators.solana.last_look import KnownAccount, LastLook
from validators.solana.plausibility import ELSEWHERE, Doubt, Kind
from validators.solana.snapshot import AccountState, Snapshot

VOTES_METHOD: Final = "getVoteAccounts"

# Votes and the slot are of one look. In these seconds between the two questions a cluster that is played
# fast makes many more.
SLOTS_APART: Final = 1_000
SECONDS_APART: Final = 2
# In the first slots of an epoch the votes are for the last slots of the one before.
SLOTS_UNTIL_VOTES: Final = 32
# What half have voted for may fall a little when some come or go.
SLOTS_OF_CHANCE: Final = 150
# One odd record is a matter of that record; more than this share of all make the look doubtful.
FEW: Final = 0.05
# What may leave in an epoch: an account with stake is not closed, and few cool down in one.
LEAVING_IN_AN_EPOCH: Final = 0.02
# With fewer than this share of the last look's accounts, or of their stake, a reply is not whole.
LEAST_REMAINING_SHARE: Final = 0.5
# Of a small cluster a few are a large share.
FEW_COMMISSIONS: Final = 3
# Of 700 validators 38 changed theirs in thirty epochs; after an outage more have than in a day.
COMMISSIONS_IN_AN_EPOCH: Final = 0.01


def doubt_about_votes(snapshot: Snapshot, last: LastLook | None, *, is_vouched_for: bool) -> Doubt | None:
    """The first doubt about a whole look; None where it can be true.

    `is_vouched_for`: the endpoint is known to be of the chain that is followed.
    """
    voted = typical_vote(state.account.last_vote for state in snapshot.accounts if not state.delinquent)
    doubt = _votes_of_before(snapshot, voted)
    if doubt is not None:
        return doubt
    if last is None:
        return _apart(snapshot, voted)
    look = _compared(snapshot, last, voted)
    if (doubt := _another_cluster(look, is_vouched_for=is_vouched_for)) is not None:
        return doubt
    doubts = (judge(look) for judge in _AGAINST_THE_LAST)
    return next((one for one in doubts if one is not None), None)


@dataclass(frozen=True, slots=True)
class _Look:
    """A snapshot beside the last good look, and what the doubts have in common.

    `stake` is all of the last look's. `voted`: for what slot. `named`: everybody the reply speaks of; a
    record that was left out is not missing. `known`: who was there then too, as it is and as it was.
    """

    snapshot: Snapshot
    last: LastLook
    stake: int
    voted: int
    named: frozenset[str]
    known: Sequence[tuple[AccountState, KnownAccount]]


def _compared(snapshot: Snapshot, last: LastLook, voted: int) -> _Look:
    named = {state.account.vote_account for state in snapshot.accounts}
    named.update(record.vote_account for record in snapshot.rejected if record.vote_account is not None)
    before = last.accounts.get
    known = [
        (state, one) for state in snapshot.accounts if (one := before(state.account.vote_account)) is not None
    ]
    return _Look(snapshot, last, last.stake, voted, frozenset(named), known)


def typical_vote(last_votes: Iterable[int]) -> int:
    """The slot that half of those who vote have voted for; one odd number moves it little.

    0 where nobody has voted. The votes of whoever is delinquent do not belong here.
    """
    voted = [slot for slot in last_votes if slot]
    return median_high(voted) if voted else 0


def _votes_of_before(snapshot: Snapshot, voted: int) -> Doubt | None:
    """The node that told the epoch is in it, and the one that told the votes still in the epoch before."""
    info = snapshot.epoch
    first_slot = info.absolute_slot - info.slot_index
    newest = max((state.earned[-1].epoch for state in snapshot.accounts if state.earned), default=None)
    if newest is None or newest >= info.epoch or not 0 < voted < first_slot:
        return None
    if info.absolute_slot - voted <= SLOTS_UNTIL_VOTES:
        return None
    cause = f"epoch {info.epoch} began at slot {first_slot}, and the votes are for slot {voted}, before it"
    return Doubt(Kind.OLD_VOTES, VOTES_METHOD, cause, info.absolute_slot - voted)


def _another_cluster(look: _Look, *, is_vouched_for: bool) -> Doubt | None:
    """Nobody that was there is there now; or little of the stake, and nobody vouches for the endpoint."""
    last = look.last
    if not last.accounts or (look.known and is_vouched_for):
        return None
    known = [key for key in last.accounts if key in look.named]
    if known and is_vouched_for:
        return None
    if known and _stake(last, known) >= LEAST_REMAINING_SHARE * look.stake:
        return None
    cause = (
        f"{number_or_none(len(known))} of its {len(look.snapshot.accounts):,} vote accounts "
        f"{_is(len(known))} among the {len(last.accounts):,} stored, so it looks like another cluster; "
        f"{ELSEWHERE}"
    )
    return Doubt(Kind.ANOTHER_CLUSTER, VOTES_METHOD, cause)


def _votes_behind(look: _Look) -> Doubt | None:
    """The votes are of a node behind the last look."""
    behind = look.last.voted - look.voted
    if not look.voted or behind <= SLOTS_OF_CHANCE:
        return None
    cause = f"the votes are for slot {look.voted}, {behind} slots behind those of the last good look"
    return Doubt(Kind.BEHIND, VOTES_METHOD, cause, behind)


def _apart(snapshot: Snapshot, voted: int) -> Doubt | None:
    """The same as `_torn` where nobody looked before."""
    slot = snapshot.epoch.absolute_slot
    if not voted or abs(slot - voted) <= SLOTS_APART:
        return None
    cause = f"it is at slot {slot}, and the votes are for slot {voted}: they are not of one moment"
    return Doubt(Kind.APART, VOTES_METHOD, cause, max(0, slot - voted))


def _torn(look: _Look) -> Doubt | None:
    """The slot is of one node or moment, and the votes of another: of an answer that was kept, say."""
    snapshot, last, voted = look.snapshot, look.last, look.voted
    slot = snapshot.epoch.absolute_slot
    elapsed = max(1.0, (snapshot.began_at - last.began_at).total_seconds())
    allowed = max(SLOTS_APART, SECONDS_APART * (slot - last.absolute_slot) / elapsed)
    # A cluster whose votes never were near its slots tells nothing by that.
    if not voted or abs(slot - voted) <= allowed or abs(last.absolute_slot - last.voted) > SLOTS_APART:
        return None
    cause = f"it is at slot {slot}, and the votes are for slot {voted}: they are not of one moment"
    return Doubt(Kind.OLD_VOTES, VOTES_METHOD, cause, max(0, slot - voted))


def _shrunken(look: _Look) -> Doubt | None:
    """More is missing than can have left: within an epoch nobody with stake, from one to another a share."""
    snapshot, last, named = look.snapshot, look.last, look.named
    sent = len(snapshot.accounts)
    if sent < LEAST_REMAINING_SHARE * last.validators:
        cause = f"the cluster shrank by more than half, from {last.validators} validators to {sent}"
        return Doubt(Kind.SHRUNKEN, VOTES_METHOD, _unless_accepted(cause))
    missing = [key for key, one in last.accounts.items() if one.stake and key not in named]
    share = _stake(last, missing) / look.stake if look.stake else 0.0
    epochs = snapshot.epoch.epoch - last.epoch
    allowed = min(LEAST_REMAINING_SHARE, LEAVING_IN_AN_EPOCH * (epochs + 1))
    if not epochs and missing and _lacks_the_delinquent(look):
        cause = f"everybody who was delinquent is missing within one epoch, {missing[0]} among them"
        return Doubt(Kind.SHRUNKEN, VOTES_METHOD, _unless_accepted(cause))
    few = allowed * len(last.accounts) if epochs else 1
    if len(missing) <= max(1, few) and (share <= allowed or len(missing) <= 1):
        return None
    when = "within one epoch" if not epochs else f"in {counted(epochs, 'epoch')}"
    cause = f"{len(missing):,} validators with {percent(share, 1)} of the stake are missing {when}"
    return Doubt(Kind.SHRUNKEN, VOTES_METHOD, _unless_accepted(cause))


def _lacks_the_delinquent(look: _Look) -> bool:
    """A node that tells of those alone who vote."""
    if any(state.delinquent for state in look.snapshot.accounts):
        return False
    known = [key for key, one in look.last.accounts.items() if one.delinquent and one.stake]
    return len(known) > 1 and look.named.isdisjoint(known)


def _stakes_moved(look: _Look) -> Doubt | None:
    """Stakes are fixed before an epoch begins; those of another epoch come from a node in that."""
    if look.snapshot.epoch.epoch != look.last.epoch or not look.stake:
        return None
    moved = [
        abs(state.account.activated_stake - one.stake)
        for state, one in look.known
        if state.account.activated_stake != one.stake
    ]
    if len(moved) <= 1:
        return None
    share = sum(moved) / look.stake
    cause = f"the stakes of {len(moved):,} validators moved by {percent(share)} of all within one epoch"
    return Doubt(Kind.STAKES_MOVED, VOTES_METHOD, cause)


def _stakes_stood(look: _Look) -> Doubt | None:
    """In another epoch some stake is another, where it ever was: these are of the epoch before."""
    snapshot, last = look.snapshot, look.last
    if snapshot.epoch.epoch <= last.epoch or not last.stakes_change:
        return None
    pairs = [pair for pair in look.known if pair[1].stake]
    stands = all(state.account.activated_stake == one.stake for state, one in pairs)
    if len(pairs) <= 1 or not stands:
        return None
    cause = (
        f"all {len(pairs):,} stakes are those of epoch {last.epoch}, and epoch {snapshot.epoch.epoch} runs"
    )
    return Doubt(Kind.STAKES_STOOD, VOTES_METHOD, cause)


def _credits_fell(look: _Look) -> Doubt | None:
    last = look.last
    fallen = 0
    compared = 0
    for state, one in look.known:
        now = _earned_in(state, last.epoch)
        if now is None or now.credits is None or one.credits is None or now.unit != one.credits_unit:
            continue
        compared += 1
        fallen += now.credits < one.credits
    if fallen <= max(1, FEW * compared):
        return None
    cause = f"the credits of {fallen} of {compared} validators in epoch {last.epoch} fell"
    return Doubt(Kind.CREDITS_FELL, VOTES_METHOD, cause)


def _earned_in(state: AccountState, epoch: int) -> Earned | None:
    """Mostly the newest."""
    earned = state.earned
    if earned and earned[-1].epoch == epoch:
        return earned[-1]
    return next((row for row in reversed(earned) if row.epoch == epoch), None)


def _commissions_changed(look: _Look) -> Doubt | None:
    pairs = look.known
    changed = sum(
        one.commission_bps is not None and state.account.commission_bps != one.commission_bps
        for state, one in pairs
    )
    epochs = look.snapshot.epoch.epoch - look.last.epoch
    if changed <= max(FEW_COMMISSIONS, (FEW + COMMISSIONS_IN_AN_EPOCH * epochs) * len(pairs)):
        return None
    cause = f"{changed:,} of {len(pairs):,} validators changed their commission at once"
    return Doubt(Kind.COMMISSIONS_CHANGED, VOTES_METHOD, cause)


_AGAINST_THE_LAST: Final[tuple[Callable[[_Look], Doubt | None], ...]] = (
    _votes_behind,
    _torn,
    _shrunken,
    _stakes_moved,
    _stakes_stood,
    _credits_fell,
    _commissions_changed,
)


def _stake(last: LastLook, keys: Iterable[str]) -> int:
    return sum(last.accounts[key].stake for key in keys)


def _is(count: int) -> str:
    return "are" if count > 1 else "is"


def _unless_accepted(cause: str) -> str:
    return f"{cause}; if that is so, `manage.py fetch votes --accept-shrunken` stores it"
