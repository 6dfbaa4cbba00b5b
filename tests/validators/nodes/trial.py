"""Two addresses, a chain and a clock that the test moves: what a sequence of fetches makes of bad answers."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Self

import time_machine
from django.conf import settings
from django.db import transaction
from django.test import override_settings
from django.utils.module_loading import import_string

from scheduling.exceptions import SkipRun
from tests.validators.nodes.address import ManyNodes, listening
from tests.validators.nodes.chain import Chain, simulated_chain
from tests.validators.nodes.node import Node
from tests.validators.nodes.witness import Witness
from validators.exceptions import ValidatorsError
from validators.jobs import BY_SOURCE

START_EPOCH = 905
# Long enough for many endpoints, short enough to fail.
DEADLINE_SECONDS = 5.0
PATIENCE_SECONDS = 60.0


class Outcome(NamedTuple):
    """What became of a fetch: its result, or why it failed or was skipped."""

    result: dict[str, Any] | None
    error: str = ""
    skipped: bool = False

    @property
    def words(self) -> str:
        return json.dumps(self.result, default=str) + self.error

    @property
    def endpoint(self) -> str | None:
        """Whose answer was stored."""
        return None if self.result is None else self.result["endpoint"]


def fetched(source: str) -> Outcome:
    """What a job's task does with a source now."""
    try:
        return Outcome(import_string(BY_SOURCE[source].task)())
    except SkipRun as exc:
        return Outcome(None, str(exc), skipped=True)
    except ValidatorsError as exc:
        return Outcome(None, str(exc))


class Trial:
    """`first` is asked before `second`; both are good nodes of one chain until a test says otherwise."""

    def __init__(self, chain: Chain | None = None) -> None:
        self.chain = chain or simulated_chain()
        self.other = simulated_chain(seed=11)
        self.first = ManyNodes(Node(name="first", chain=self.chain))
        self.second = ManyNodes(Node(name="second", chain=self.chain))
        self.witness = Witness(self.chain)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        stack = self._stack
        start = datetime.fromtimestamp(self.chain.timestamp(START_EPOCH, 0.5), UTC)
        self._clock = stack.enter_context(time_machine.travel(start, tick=False))
        for address in (self.first, self.second):
            stack.enter_context(listening(address))
        urls = [self.first.url, self.second.url]
        stack.enter_context(override_settings(SOLANA_RPC_URLS=urls, FETCH_DEADLINE_SECONDS=DEADLINE_SECONDS))
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    @property
    def bad(self) -> Node:
        """The node of the first address, which a test makes bad."""
        return self.first.node

    def ask_only(self, *addresses: ManyNodes) -> None:
        settings.SOLANA_RPC_URLS = [address.url for address in addresses]

    def be_patient(self) -> None:
        """Where a fetch asks for much that the chain works out at the first question."""
        settings.FETCH_DEADLINE_SECONDS = PATIENCE_SECONDS

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What happens within never did: rows, time and whom to ask are as before, `bad` is good."""
        now, witness, asked = time.time(), self.witness, settings.SOLANA_RPC_URLS
        self.witness = replace(witness, looks=[*witness.looks], complaints=[*witness.complaints])
        try:
            with transaction.atomic():
                yield
                transaction.set_rollback(True)
        finally:
            self.witness = witness
            self._clock.shift(now - time.time())
            self.bad.chain = self.chain
            self.bad.recover()
            settings.SOLANA_RPC_URLS = asked

    def wait(self, **span: float) -> None:
        self._clock.shift(timedelta(**span))

    def go_to(self, epoch: int, part: float) -> None:
        """Only forward."""
        seconds = self.chain.timestamp(epoch, part) - time.time()
        assert seconds > 0
        self._clock.shift(seconds)

    def fetch(self, source: str = "votes") -> Outcome:
        asked = {address: len(address.sightings) for address in (self.first, self.second)}
        outcome = fetched(source)
        if source == "votes":
            seen = [one for address, start in asked.items() for one in address.sightings[start:]]
            self.witness.look(seen)
        return outcome

    def look_every(self, hours: float, *, times: int) -> list[Outcome]:
        """Fetch votes so often, each time after a wait."""
        found = []
        for _ in range(times):
            self.wait(hours=hours)
            found.append(self.fetch())
        return found
