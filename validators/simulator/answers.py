"""Results as bytes: computed once per method, params and tick, then repeated."""

import json
import threading
from collections.abc import Callable
from typing import Any

from validators.simulator.clock import Moment
from validators.simulator.cluster import Cluster
from validators.simulator.methods import call
from validators.simulator.timeline import moment_at
from validators.simulator.view import ClusterView

# Enough for every method with the params that clients really send; a client that asks for each
# vote account on its own must not fill the memory.
_ANSWERS_KEPT = 64


class SimulatedAnswers:
    """The synthetic cluster at the time that `clock` (Unix seconds) tells."""

    def __init__(self, cluster: Cluster, *, clock: Callable[[], float]) -> None:
        self._cluster = cluster
        self._clock = clock
        self._lock = threading.Lock()
        self._moment: Moment | None = None
        self._kept: dict[str, bytes] = {}

    def warm_up(self) -> None:
        """Works out what the first question would wait for."""
        self.result("getVoteAccounts", [])

    def result(self, method: str, params: list[Any]) -> bytes:
        """The result as JSON; raises RpcError."""
        question = json.dumps([method, params], sort_keys=True)
        # One thread computes, the others find its answer. The moment is read inside the lock,
        # so a slower thread cannot answer with an earlier one.
        with self._lock:
            moment = moment_at(self._clock(), self._cluster.world)
            if moment != self._moment or len(self._kept) >= _ANSWERS_KEPT:
                self._moment, self._kept = moment, {}
            if question not in self._kept:
                result = call(ClusterView(self._cluster, moment), method, params)
                self._kept[question] = json.dumps(result, separators=(",", ":")).encode()
            return self._kept[question]
