"""Starting a simulated cluster: for the command, and for tests that want one without a process."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from validators.simulator.answers import SimulatedAnswers
from validators.simulator.clock import DEFAULT_EPOCH_SECONDS
from validators.simulator.cluster import Cluster
from validators.simulator.faults import parse_fault_plan
from validators.simulator.jsonrpc import Answers
from validators.simulator.replay import read_recording
from validators.simulator.server import RpcServer, serving

DEFAULT_SLOW_SECONDS = 5.0


def cluster_answers(
    *,
    seed: int,
    validators: int,
    epoch_seconds: float = DEFAULT_EPOCH_SECONDS,
    replay: Path | None = None,
    alpenglow_epoch: int | None = None,
    clock: Callable[[], float] = time.time,
) -> Answers:
    """What the server will say; raises ReplayError when the recording is unusable."""
    if replay is not None:
        return read_recording(replay)
    cluster = Cluster(seed=seed, count=validators, alpenglow_epoch=alpenglow_epoch)
    return SimulatedAnswers(cluster, epoch_seconds=epoch_seconds, clock=clock)


@contextmanager
def running_cluster(
    *,
    validators: int = 50,
    seed: int = 7,
    epoch_seconds: float = DEFAULT_EPOCH_SECONDS,
    replay: Path | None = None,
    fault: str = "",
    slow_seconds: float = DEFAULT_SLOW_SECONDS,
    alpenglow_epoch: int | None = None,
    clock: Callable[[], float] = time.time,
) -> Iterator[str]:
    """A cluster on a free loopback port for as long as the block runs; yields its URL.

    It lives in a thread of this process, so a test can hand it a `clock` (Unix seconds) that it
    holds or turns. `fault` and `replay` are what the command takes. Raises FaultSpecError and
    ReplayError.
    """
    answers = cluster_answers(
        seed=seed,
        validators=validators,
        epoch_seconds=epoch_seconds,
        replay=replay,
        alpenglow_epoch=alpenglow_epoch,
        clock=clock,
    )
    server = RpcServer(
        ("127.0.0.1", 0), answers, faults=parse_fault_plan(fault), seed=seed, slow_seconds=slow_seconds
    )
    with serving(server) as url:
        yield url
