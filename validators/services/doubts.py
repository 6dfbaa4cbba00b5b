"""When a look that is against all likelihood is believed nevertheless."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import combinations
from typing import Final

from validators.exceptions import ValidatorsError
from validators.models import DoubtedLook
from validators.solana.asking import Heard, failures_of
from validators.solana.looking import DoubtedLookError
from validators.solana.plausibility import Kind
from validators.solana.snapshot import Snapshot

logger = logging.getLogger(__name__)

# So often in a row, over so long, nobody errs in the same way.
BELIEVED_AFTER_TIMES: Final = 3
BELIEVED_AFTER: Final = timedelta(hours=1)


def believed_look(error: ValidatorsError, *, accept_shrunken: bool, at: datetime) -> Heard[Snapshot] | None:
    """The doubted look that is believed: a person says so, two endpoints do, or one again and again.

    None where no endpoint gave one, or nothing speaks for it yet; then it is remembered.
    """
    failures = failures_of(error)
    doubted = [one for one in failures if isinstance(one, DoubtedLookError)]
    if not doubted:
        return None
    first = doubted[0]
    if first.kind == Kind.APART or accept_shrunken or _is_said_again(first, at):
        believed: DoubtedLookError | None = first
    else:
        believed = _agreed(doubted)
    if believed is None:
        return None
    others = tuple(one for one in failures if one is not believed)
    logger.warning("Believed after all: %s", believed, extra={"action": "doubt_overruled"})
    return Heard(believed.snapshot, believed.endpoint, "", others)


def forget_doubts() -> None:
    """Call where a look is stored."""
    DoubtedLook.objects.all().delete()


def _agreed(doubted: Sequence[DoubtedLookError]) -> DoubtedLookError | None:
    for one, other in combinations(doubted, 2):
        if other.agrees_with(one.kind, len(one.snapshot.accounts), one.stake):
            return one
    return None


def _is_said_again(doubted: DoubtedLookError, at: datetime) -> bool:
    known = DoubtedLook.objects.filter(first_at__lte=at).first()  # one of the future: a clock was ahead
    if known is None or not doubted.agrees_with(known.kind, known.validators, known.stake):
        DoubtedLook.objects.all().delete()
        known = DoubtedLook(kind=doubted.kind, times=0, first_at=at)
    known.validators, known.stake = len(doubted.snapshot.accounts), doubted.stake
    known.times, known.last_at = known.times + 1, at
    known.save()
    return known.times >= BELIEVED_AFTER_TIMES and at - known.first_at >= BELIEVED_AFTER
