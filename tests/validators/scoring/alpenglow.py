"""A history of vote credits as today's chain would have paid it: lamports, half to leaders by lot."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

from validators.scoring.timeline import RecordedRow
from validators.solana.arithmetic import CreditsUnit

SLOTS = 432_000
IN_A_ROW = 4
MOST_CREDITS = 6_912_000
POOL = 60_000 * 10**9


def rewritten(rows: Iterable[RecordedRow], *, seed: int = 1) -> Iterator[RecordedRow]:
    """The same stakes, votes and skips; the luck of each epoch is drawn anew.

    Voting weight and leader slots follow the stake of the epoch before, as on the chain; where that was not
    recorded, the one of the epoch.
    """
    dice = random.Random(seed)
    by_epoch: defaultdict[int, list[RecordedRow]] = defaultdict(list)
    for one in rows:
        by_epoch[one.row.epoch].append(one)
    stakes: dict[int, dict[str, int]] = {
        epoch: {one.row.key: one.row.stake or 0 for one in those} for epoch, those in by_epoch.items()
    }
    for epoch in sorted(by_epoch):
        yield from _paid(by_epoch[epoch], stakes.get(epoch - 1, stakes[epoch]), dice)


def _paid(rows: list[RecordedRow], weights: Mapping[str, int], dice: random.Random) -> Iterator[RecordedRow]:
    weighed = [weights.get(one.row.key, 0) for one in rows]
    total = sum(weighed)
    drawn = Counter(dice.choices(range(len(rows)), weights=weighed, k=SLOTS // IN_A_ROW))
    led = [IN_A_ROW * drawn[place] for place in range(len(rows))]
    made = [round(slots * (1.0 - (one.row.skip_rate or 0.0))) for slots, one in zip(led, rows, strict=True)]
    voted = [min(1.0, (one.credits or 0) / MOST_CREDITS) for one in rows]
    carried = sum(made) / SLOTS
    each = POOL / SLOTS / 2 * sum(v * w for v, w in zip(voted, weighed, strict=True)) / total
    for one, weight, share, slots, blocks in zip(rows, weighed, voted, led, made, strict=True):
        lamports = int(POOL * carried * weight / total * share / 2 + blocks * each)
        yield one._replace(
            row=one.row._replace(leader_slots=slots),
            credits=None if one.credits is None else lamports,
            unit=CreditsUnit.LAMPORTS.value,
            blocks=blocks,
        )
