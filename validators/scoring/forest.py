"""Boosted trees kept as data, added up without a library. Pure.

All trees are walked at once: every leaf is a bit, a tree is a byte, and each comparison that fails masks the
leaves to its left; what is left lowest in a byte is the leaf that a walk would have reached. Source: Lucchese
et al., QuickScorer, 2015. Leaves are whole numbers, so that a sum has the same digits in any order.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import accumulate
from operator import and_, getitem
from struct import Struct
from typing import Any, Final, NamedTuple

MOST_LEAVES: Final = 8
# One look-up for so many: the sums of those leaves are kept once they were asked for. Of more there are more
# different ones, and the first scoring of a process takes longer than the next ones save.
TREES_AT_ONCE: Final = 24
# So many for each few trees; a cluster needs some hundreds.
MOST_SUMS: Final = 4_096

# A leaf's value, or (input, threshold, whether an unknown input is at most that, then, else).
Tree = Any


class _Split(NamedTuple):
    """What stays possible when an input is above the threshold: a mask of one tree's leaves."""

    position: int
    threshold: float
    unknown_is_below: bool
    mask: int


class _Sums(dict[bytes, int]):
    """By the leaf reached in each of a few trees, a byte each: their sum. Filled as they are met."""

    def __init__(self, trees: Sequence[Mapping[int, int]]) -> None:
        super().__init__()
        self._trees = trees

    def __missing__(self, leaves: bytes) -> int:
        if len(self) >= MOST_SUMS:
            self.clear()
        found = self[leaves] = sum(map(getitem, self._trees, leaves))
        return found


@dataclass(frozen=True, slots=True)
class Forest:
    """`thresholds[i]` ascending for input i; `masks[i][n]` is what n failed comparisons leave possible, and
    the last of them what an unknown input does.

    `leaves` are of a few trees at once: so many fewer are looked up and added.
    """

    thresholds: tuple[tuple[float, ...], ...]
    masks: tuple[tuple[int, ...], ...]
    leaves: tuple[_Sums, ...]
    groups: Struct
    every: int
    ones: int

    def totals(self, rows: Sequence[Sequence[float | None]]) -> list[int]:
        """The sum of the leaves that each row of inputs reaches; None is unknown.

        By columns. Many rows are between the same thresholds, and those are walked once.
        """
        places = [
            [-1 if value is None else bisect_left(thresholds, value) for value in column]
            for column, thresholds in zip(zip(*rows, strict=True), self.thresholds, strict=True)
        ]
        each = list(zip(*places, strict=True))
        different = list(set(each))
        sums = dict(zip(different, map(self._sum_of, self._reached(different)), strict=True))
        return [sums[one] for one in each]

    def _reached(self, places: Sequence[Sequence[int]]) -> Iterable[int]:
        """The leaves that stay possible, as bits."""
        possible: Iterable[int] = [self.every] * len(places)
        for column, masks in zip(zip(*places, strict=True), self.masks, strict=True):
            possible = map(and_, possible, map(masks.__getitem__, column))
        return possible

    def _sum_of(self, possible: int) -> int:
        """Of the lowest leaf of each tree."""
        # The lowest bit of each byte: none is 0, so that nothing carries over.
        lowest = possible & ((possible ^ self.every) + self.ones)
        return sum(map(getitem, self.leaves, self.groups.unpack(lowest.to_bytes(self.groups.size, "little"))))


def forest(trees: Sequence[Tree], inputs: int) -> Forest:
    """Of trees over that many inputs. ValueError for a tree of more than eight leaves."""
    splits: defaultdict[int, list[_Split]] = defaultdict(list)
    leaves = []
    trees = [*trees, *[0] * (-len(trees) % TREES_AT_ONCE)]
    every = (1 << MOST_LEAVES * len(trees)) - 1
    for place, tree in enumerate(trees):
        values = list(_leaves(tree))
        if len(values) > MOST_LEAVES:
            raise ValueError(f"tree {place} has {len(values)} leaves, and {MOST_LEAVES} is the most possible")
        leaves.append({1 << bit: value for bit, value in enumerate(values)})
        shift = MOST_LEAVES * place
        for split in _splits(tree, 0):
            splits[split.position].append(split._replace(mask=every ^ (split.mask << shift)))
    columns = [sorted(splits[position], key=lambda one: one.threshold) for position in range(inputs)]
    return Forest(
        tuple(tuple(one.threshold for one in column) for column in columns),
        tuple(tuple(_masks(column, every)) for column in columns),
        tuple(_Sums(leaves[at : at + TREES_AT_ONCE]) for at in range(0, len(leaves), TREES_AT_ONCE)),
        Struct(f"{TREES_AT_ONCE}s" * (len(leaves) // TREES_AT_ONCE)),
        every,
        every // (2**MOST_LEAVES - 1),
    )


def _masks(column: Sequence[_Split], every: int) -> Iterator[int]:
    yield from accumulate((one.mask for one in column), and_, initial=every)
    yield reduce(and_, (one.mask for one in column if not one.unknown_is_below), every)


def _leaves(tree: Tree) -> Iterator[int]:
    """From left to right."""
    if isinstance(tree, int):
        yield tree
    else:
        yield from _leaves(tree[3])
        yield from _leaves(tree[4])


def _splits(tree: Tree, first: int) -> Iterator[_Split]:
    """`mask` has the leaves to the left of the split, `first` being the tree's leftmost."""
    if isinstance(tree, int):
        return
    position, threshold, unknown_is_below, left, right = tree
    count = sum(1 for _ in _leaves(left))
    yield _Split(position, threshold, bool(unknown_is_below), ((1 << count) - 1) << first)
    yield from _splits(left, first)
    yield from _splits(right, first + count)
