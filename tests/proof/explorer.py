"""Tries every order of steps, breadth first, so that what it finds broken is found by the fewest steps.

It knows nothing of schedules: a state is a tuple, of which equal parts are stored once and the whole is one
number.
"""

from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

# Bits of a stored state's number for each of its parts; a part has so many values at most.
BITS = 21


class _Step(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def state(self) -> Any: ...


StepT = TypeVar("StepT", bound=_Step)


@dataclass(frozen=True, slots=True, kw_only=True)
class System(Generic[StepT]):
    """What is explored: its steps from a state, one of like states, and what must hold.

    `broken` names the rule that a step or the state it leads to breaks, empty when none; `is_end` says
    where it may rest; `counted_on` are steps that come some time if they stay possible.
    """

    initial: Any
    steps: Callable[[Any], Iterable[StepT]]
    canonical: Callable[[Any], Any]
    broken: Callable[[Any, StepT], str]
    is_end: Callable[[Any], bool]
    counted_on: Callable[[StepT], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explored(Generic[StepT]):
    """How many states and steps there are; with a rule that is broken, the shortest way there."""

    states: int
    steps: int
    rule: str = ""
    way: tuple[StepT, ...] = ()


class _Stored:
    """Every state that was seen, each as one number."""

    def __init__(self) -> None:
        self._ids: tuple[dict[Any, int], ...] = ()
        self._parts: tuple[list[Any], ...] = ()
        self.numbers: dict[int, int] = {}
        self.packed: list[int] = []

    def number_of(self, state: Any) -> tuple[int, bool]:
        """Its number, and whether it is new."""
        if not self._ids:
            self._ids = tuple({} for _ in state)
            self._parts = tuple([] for _ in state)
        packed = 0
        for ids, parts, part in zip(self._ids, self._parts, state, strict=True):
            known = ids.get(part)
            if known is None:
                known = ids[part] = len(parts)
                assert known < 1 << BITS, "states of which this is a part would be taken for others"
                parts.append(part)
            packed = packed << BITS | known
        number = self.numbers.setdefault(packed, len(self.packed))
        if number < len(self.packed):
            return number, False
        self.packed.append(packed)
        return number, True

    def state(self, number: int, kind: Callable[..., Any]) -> Any:
        packed = self.packed[number]
        mask = (1 << BITS) - 1
        last = len(self._parts) - 1
        return kind(*(self._parts[i][packed >> BITS * (last - i) & mask] for i in range(last + 1)))


def explore(system: System[StepT], *, rule_of_stuck: str) -> Explored[StepT]:
    """Every state that can be reached; or the shortest way to a broken rule.

    A state from which no steps that may be counted on lead to an end breaks `rule_of_stuck`.
    """
    stored, parents, followed = _Stored(), array("I", [0]), _Edges()
    kind = type(system.initial)
    stored.number_of(system.canonical(system.initial))
    ends: list[int] = []
    taken = number = 0
    while number < len(stored.packed):
        state = stored.state(number, kind)
        if system.is_end(state):
            ends.append(number)
        for step in system.steps(state):
            taken += 1
            if rule := system.broken(state, step):
                return Explored(
                    states=len(stored.packed),
                    steps=taken,
                    rule=rule,
                    way=_way(system, stored, parents, number, rule),
                )
            target, is_new = stored.number_of(system.canonical(step.state))
            if is_new:
                parents.append(number)
            if target != number and system.counted_on(step):
                followed.add(target)
        followed.next_state()
        number += 1
    stuck = followed.first_without(ends)
    if stuck is None:
        return Explored(states=number, steps=taken)
    return Explored(
        states=number, steps=taken, rule=rule_of_stuck, way=_way(system, stored, parents, stuck, "")
    )


class _Edges:
    """For each state in turn, where the steps that may be counted on lead."""

    def __init__(self) -> None:
        self._targets, self._begins = array("I"), array("I", [0])

    def add(self, target: int) -> None:
        self._targets.append(target)

    def next_state(self) -> None:
        self._begins.append(len(self._targets))

    def first_without(self, ends: Sequence[int]) -> int | None:
        """The first state from which none of the ends can be reached; None when all can.

        Where they lead to is mostly a later state, so that one look from behind finds nearly all.
        """
        count = len(self._begins) - 1
        good = bytearray(count)
        for end in ends:
            good[end] = 1
        left = [number for number in range(count - 1, -1, -1) if not good[number]]
        while left:
            still = []
            for number in left:
                if any(good[t] for t in self._targets[self._begins[number] : self._begins[number + 1]]):
                    good[number] = 1
                else:
                    still.append(number)
            if len(still) == len(left):
                return min(left)
            left = still
        return None


def _way(
    system: System[StepT], stored: _Stored, parents: Sequence[int], last: int, rule: str
) -> tuple[StepT, ...]:
    """The steps to a state, and the one that broke the rule; each actor keeps its number."""
    numbers = [last]
    while numbers[-1]:
        numbers.append(parents[numbers[-1]])
    state, way = system.initial, []
    for number in reversed(numbers[:-1]):
        step = next(
            s for s in system.steps(state) if stored.number_of(system.canonical(s.state))[0] == number
        )
        way.append(step)
        state = step.state
    if rule:
        way.append(next(step for step in system.steps(state) if system.broken(state, step) == rule))
    return tuple(way)
