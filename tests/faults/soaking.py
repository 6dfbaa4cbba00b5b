"""Many epochs in little time: every source at its cadence, through bad nodes and outages of our own."""

import heapq
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import time_machine
from django.test import override_settings

from tests.faults.node_weather import Weather
from tests.validators.nodes import damages
from tests.validators.nodes.address import ManyNodes, listening
from tests.validators.nodes.chain import Chain, simulated_chain
from tests.validators.nodes.node import Node
from tests.validators.nodes.trial import Outcome, fetched
from tests.validators.nodes.witness import Witness
from validators.jobs import BY_SOURCE
from validators.solana import accounts

START_EPOCH = 905
NODES = 5
# As mainnet does today: epochs of 24 h.
SLOT_MS = ((880, 200),)
# A fetch that failed is tried again, as its job would.
ATTEMPTS = 4
SECONDS_BETWEEN_ATTEMPTS = 60.0
# Epochs between two outages of our own, and how long one lasts.
BETWEEN_OUTAGES = (3.0, 12.0)
OUTAGES = (0.3, 0.3, 0.7, 1.3, 2.5, 8.0)
# Of a short soak one of eight epochs would be the most.
LONGEST_OUTAGE_SHARE = 1 / 6
# At the end everything is good for so many epochs, so that what can become final does.
CALM_EPOCHS = 1.5


@dataclass(slots=True)
class Soak:
    """One address of many nodes, all sources, and a clock that the soak moves."""

    seed: int
    epochs: int
    validators: int
    # How many times less often than in production the hourly sources are asked.
    thinned: int = 1
    outcomes: Counter[str] = field(default_factory=Counter)
    outages: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    chain: Chain = field(init=False)
    witness: Witness = field(init=False)
    _rng: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._rng = random.Random(self.seed)
        migration = START_EPOCH + max(3, self.epochs // 3)
        cluster_seed = self._rng.randrange(1_000)
        self.chain = simulated_chain(
            seed=cluster_seed, validators=self.validators, slot_times=SLOT_MS, alpenglow_epoch=migration
        )
        self.witness = Witness(self.chain)

    def run(self) -> None:
        """Fetch through all epochs; the tables then hold what is to be judged."""
        start = self.chain.timestamp(START_EPOCH, self._rng.uniform(0.1, 0.9))
        foreign = simulated_chain(seed=self.seed + 1_000, validators=self.validators, slot_times=SLOT_MS)
        nodes = [Node(name=f"node {number}", chain=self.chain) for number in range(NODES)]
        stranger = Node(name="stranger", chain=foreign, damages=[damages.sharing_one_account(self.chain)])
        weather = Weather(nodes, stranger, self._rng, self._epoch_seconds)
        address = ManyNodes(*nodes, choose=weather.choose)
        at = datetime.fromtimestamp(start, UTC)
        # The clock stands while somebody waits for a node that is behind, so nothing would come of it.
        no_waits = patch.object(accounts, "_WAITS", (0.0, 0.0))
        with time_machine.travel(at, tick=False) as clock, _asked(address), no_waits:
            for due, source in self._occurrences(start):
                clock.shift(timedelta(seconds=max(0.0, due - time.time())))
                weather.pass_to(time.time())
                if due > start + self.epochs * self._epoch_seconds:
                    weather.clear_up()
                self._fetch(source, address, clock)
                # The first picture ever is a good one: with what would it be compared?
                weather.calm &= not self.witness.looks

    @property
    def _epoch_seconds(self) -> float:
        return self.chain.timestamp(START_EPOCH + 1, 0) - self.chain.timestamp(START_EPOCH, 0)

    def _occurrences(self, start: float) -> Iterator[tuple[float, str]]:
        """(when, source) in order of time, without those that fall into an outage of our own."""
        ends_at = start + (self.epochs + CALM_EPOCHS) * self._epoch_seconds
        outages = list(self._outages(start))
        due: list[tuple[float, str]] = []
        for source, job in BY_SOURCE.items():
            heapq.heappush(due, (start + job.start_after_seconds["production"], source))
        while due[0][0] < ends_at:
            at, source = heapq.heappop(due)
            if not any(since <= at < until for since, until in outages):
                yield at, source
            seconds = BY_SOURCE[source].every_seconds["production"]
            heapq.heappush(due, (at + seconds * (self.thinned if seconds <= 3_600 else 1), source))

    def _outages(self, start: float) -> Iterator[tuple[float, float]]:
        at = 1.0
        while at < self.epochs:
            at += self._rng.uniform(*BETWEEN_OUTAGES)
            longest = min(LONGEST_OUTAGE_SHARE * self.epochs, self.epochs - at)
            length = min(self._rng.choice(OUTAGES), longest)
            if length < min(OUTAGES):
                return
            self.outages.append(length)
            yield start + at * self._epoch_seconds, start + (at + length) * self._epoch_seconds
            at += length

    def _fetch(self, source: str, address: ManyNodes, clock: time_machine.Traveller) -> None:
        for attempt in range(ATTEMPTS):
            if attempt:
                clock.shift(SECONDS_BETWEEN_ATTEMPTS)
            address.sightings.clear()
            outcome = fetched(source)
            self._count(source, outcome)
            if source == "votes":
                self.witness.look(address.sightings)
            if outcome.result is not None or outcome.skipped:
                return

    def _count(self, source: str, outcome: Outcome) -> None:
        became = "skipped" if outcome.skipped else "failed" if outcome.error else "stored"
        self.outcomes[f"{source} {became}"] += 1
        if outcome.error and not outcome.skipped:
            # Without the address and the numbers, so that they add up.
            self.errors["".join(one for one in outcome.error if not one.isdigit())[:120]] += 1


@contextmanager
def _asked(address: ManyNodes) -> Iterator[None]:
    with listening(address), override_settings(SOLANA_RPC_URLS=[address.url], FETCH_DEADLINE_SECONDS=5.0):
        yield
