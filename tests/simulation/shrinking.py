"""What of a seed that fails is needed for it: ever fewer faults and choices, as long as it still does."""

from dataclasses import replace

from tests.simulation.simulation import Found, Plan, found
from tests.simulation.world import Choices

# Runs that a failing seed is worth.
MOST_TRIALS = 150


class Shrinking:
    """Keeps the smallest plan that breaks the same rule."""

    def __init__(self, failed: Found, *, most: int = MOST_TRIALS) -> None:
        self.best, self._left = failed, most

    def shrunk(self) -> Found:
        self._drop_faults()
        # Nothing after the end is needed.
        self._try(replace(self.best.plan, choices=Choices(free=((0, self.best.steps + 1),))))
        self._drop_choices()
        self._drop_faults()
        return self.best

    def _drop_faults(self) -> None:
        for fault in self.best.plan.faults:
            left = tuple(one for one in self.best.plan.faults if one != fault)
            self._try(replace(self.best.plan, faults=left))

    def _drop_choices(self) -> None:
        """Half of them, a quarter …: in the steps between, whoever goes on goes on."""
        length = max(self.best.steps, 1)
        while length >= 1 and self._left:
            for first in range(0, self.best.steps + 1, length):
                free = tuple(_cut(self.best.plan.choices, first, first + length))
                if free != self.best.plan.choices.free:
                    self._try(replace(self.best.plan, choices=Choices(free=free)))
            length //= 2

    def _try(self, plan: Plan) -> None:
        if not self._left:
            return
        self._left -= 1
        tried = found(plan)
        if tried.rule == self.best.rule:
            self.best = tried


def _cut(choices: Choices, first: int, last: int) -> list[tuple[int, float]]:
    """The free steps without those."""
    left: list[tuple[int, float]] = []
    for begins, ends in choices.free:
        if begins < min(ends, first):
            left.append((begins, min(ends, first)))
        if max(begins, last) < ends:
            left.append((max(begins, last), ends))
    return left
