"""What befalls the nodes behind one address: spells of lateness, stillness, refusal and damage, by seed."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.validators.nodes import damages, node
from tests.validators.nodes.node import EVERYTHING, Damage, Node, Refusal

# Nodes that follow the chain are apart by so many slots at most.
USUAL_LAG = 40
# Of every answer of the address, so many come from the node of another cluster.
FOREIGN_SHARE = 0.03
# How long a node is good, and how long it is not, in epochs.
GOOD_SPELL = (0.5, 3.0)
BAD_SPELL = (0.05, 0.8)

Spell = Callable[[Node, random.Random], None]


def _late(one: Node, rng: random.Random) -> None:
    """As far as it was seen on mainnet: 51 minutes, more or less."""
    one.lag = rng.randrange(2_000, 40_000)


def _epochs_late(one: Node, rng: random.Random) -> None:
    one.lag = rng.randrange(300_000, 900_000)


def _votes_late(one: Node, rng: random.Random) -> None:
    one.lags["getVoteAccounts"] = rng.randrange(2_000, 300_000)


def _epoch_early(one: Node, rng: random.Random) -> None:
    """At a boundary its epoch info is of the next epoch before its votes are."""
    one.lags["getEpochInfo"] = -rng.randrange(20, 80)


def _still(one: Node, rng: random.Random) -> None:
    one.stand_still()


def _cached_votes(one: Node, rng: random.Random) -> None:
    one.stands["getVoteAccounts"] = one.chain.moment(lag=one.lag)


def _refusing(*refusals: Refusal) -> Spell:
    def spell(one: Node, rng: random.Random) -> None:
        one.refusals[EVERYTHING] = rng.choice(refusals)

    return spell


def _damaged(*kinds: Damage) -> Spell:
    def spell(one: Node, rng: random.Random) -> None:
        one.damages.append(rng.choice(kinds))

    return spell


BAD: dict[str, tuple[int, Spell]] = {
    "late": (4, _late),
    "epochs late": (1, _epochs_late),
    "votes late": (2, _votes_late),
    "epoch info early": (2, _epoch_early),
    "still": (3, _still),
    "cached votes": (2, _cached_votes),
    "forbidden": (1, _refusing(node.FORBIDDEN)),
    "throttled": (2, _refusing(node.THROTTLED, node.THROTTLED_INSIDE)),
    "behind by its own word": (2, _refusing(node.BEHIND)),
    "broken": (1, _refusing(node.BROKEN, node.CUT)),
    "gone": (1, _refusing(node.GONE)),
    "shrunken": (2, _damaged(damages.missing(0.3), damages.missing_stake(0.2), damages.without_delinquent)),
    "old stake": (1, _damaged(damages.stake_of_the_epoch_before)),
    "no blocks": (1, _damaged(damages.no_blocks)),
}


@dataclass(slots=True)
class Weather:
    """Changes the nodes of an address as time passes; the foreign one only takes its share of the answers."""

    nodes: Sequence[Node]
    foreign: Node
    rng: random.Random
    epoch_seconds: float
    spells: Counter[str] = field(default_factory=Counter)
    calm: bool = True
    _until: dict[str, float] = field(default_factory=dict)
    _bad: set[str] = field(default_factory=set)

    def choose(self, method: str, nodes: Sequence[Node]) -> Node:
        if not self.calm and self.rng.random() < FOREIGN_SHARE:
            return self.foreign
        return self.rng.choice(self.nodes)

    def pass_to(self, now: float) -> None:
        """End the spells that are over and begin new ones; no more than half of the nodes are bad at once."""
        for one in self.nodes:
            if self.calm or now < self._until.get(one.name, 0.0):
                continue
            becomes_bad = one.name not in self._bad and 2 * len(self._bad) < len(self.nodes) - 1
            self._make_good(one)
            if becomes_bad and one.name in self._until:
                self._make_bad(one)
            span = BAD_SPELL if one.name in self._bad else GOOD_SPELL
            self._until[one.name] = now + self.rng.uniform(*span) * self.epoch_seconds

    def clear_up(self) -> None:
        """From now on every node is good."""
        self.calm = True
        for one in self.nodes:
            self._make_good(one)

    def _make_good(self, one: Node) -> None:
        one.recover()
        one.lag = self.rng.randrange(USUAL_LAG)
        self._bad.discard(one.name)

    def _make_bad(self, one: Node) -> None:
        weights = [weight for weight, _ in BAD.values()]
        (name,) = self.rng.choices(list(BAD), weights)
        BAD[name][1](one, self.rng)
        self.spells[name] += 1
        self._bad.add(one.name)
