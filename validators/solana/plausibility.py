"""Whether an endpoint can be telling of now, and of our chain: held against the last good look. Pure.

Slots only go forward. What a node says against that comes from another node, another time, or
another cluster.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from validators.solana.last_look import LastLook
from validators.solana.schemas import EpochInfo

EPOCH_METHOD: Final = "getEpochInfo"
GENESIS_METHOD: Final = "getGenesisHash"

# A chain that makes no block for so long has stopped, or the node has.
STANDS_AFTER: Final = timedelta(minutes=2)
ELSEWHERE: Final = "point DATABASE_URL at another database to follow that one"


class Kind(StrEnum):
    """What is wrong with a look."""

    ANOTHER_CLUSTER = "another_cluster"
    BEHIND = "behind"
    STANDING = "standing"
    OLD_VOTES = "old_votes"
    # Where nobody looked before, it is the truth as far as anybody tells.
    APART = "apart"
    # These may be the truth, when others say the same.
    SHRUNKEN = "shrunken"
    STAKES_MOVED = "stakes_moved"
    STAKES_STOOD = "stakes_stood"
    CREDITS_FELL = "credits_fell"
    COMMISSIONS_CHANGED = "commissions_changed"


MAY_BE_TRUE: Final = frozenset(Kind) - {Kind.ANOTHER_CLUSTER, Kind.BEHIND, Kind.STANDING, Kind.OLD_VOTES}


class Doubt(NamedTuple):
    """What speaks against a look, and which method's answer says so."""

    kind: Kind
    method: str
    cause: str
    slots_behind: int | None = None


def doubt_about_genesis(genesis_hash: str | None, known: str) -> Doubt | None:
    """Another cluster has another genesis; an unknown one tells nothing."""
    if not genesis_hash or not known or genesis_hash == known:
        return None
    cause = f"its genesis is {genesis_hash} and that of the one stored {known}: another cluster; {ELSEWHERE}"
    return Doubt(Kind.ANOTHER_CLUSTER, GENESIS_METHOD, cause)


def doubt_about_slot(
    slot: int, last_slot: int, still_since: datetime, *, at: datetime, method: str, allowed: int = 0
) -> Doubt | None:
    """A node that is more than the allowed slots behind the last good look, or stands where that stood.

    `still_since`: when the last look's slot was first seen.
    """
    behind = last_slot - slot
    if behind > allowed:
        cause = f"it is at slot {slot}, {behind} slots behind the last good look at {last_slot}"
        return Doubt(Kind.BEHIND, method, cause, behind)
    stands_for = at - still_since
    if behind >= 0 and stands_for >= STANDS_AFTER:
        minutes = stands_for // timedelta(minutes=1)
        cause = f"the slot has not moved for {minutes} minutes: it stands at {slot}"
        return Doubt(Kind.STANDING, method, cause, behind)
    return None


def doubt_about_epoch(info: EpochInfo, last: LastLook, *, at: datetime) -> Doubt | None:
    """Before the votes are asked for."""
    if info.epoch >= last.epoch:
        slots = (info.absolute_slot, last.absolute_slot, last.still_since)
        return doubt_about_slot(*slots, at=at, method=EPOCH_METHOD)
    cause = (
        f"it is in epoch {info.epoch}, and epoch {last.epoch} is stored already: the endpoint is behind, "
        "or of another cluster"
    )
    return Doubt(Kind.BEHIND, EPOCH_METHOD, cause, max(0, last.absolute_slot - info.absolute_slot))
