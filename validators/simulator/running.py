"""Starting a simulated cluster: for the command, and for tests that want one without a process."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from validators.simulator.answers import SimulatedAnswers
from validators.simulator.cluster import Cluster
from validators.simulator.faults import parse_fault_plan
from validators.simulator.jsonrpc import Answers
from validators.simulator.replay import read_recording
from validators.simulator.server import RpcServer, serving
from validators.simulator.world import World

DEFAULT_SLOW_SECONDS = 5.0
TOWER_FOR_EVER = World()


def cluster_answers(
    *,
    seed: int,
    validators: int,
    epoch_seconds: float | None = None,
    replay: Path | None = None,
    alpenglow_epoch: int | None = None,
    world: World = TOWER_FOR_EVER,
    clock: Callable[[], float] = time.time,
) -> Answers:
    """What the server will say; raises ReplayError when the recording is unusable.

    epoch_seconds and alpenglow_epoch are the world's unless given.
    """
    if replay is not None:
        return read_recording(replay)
    if epoch_seconds is not None:
        world = replace(world, epoch_seconds=epoch_seconds)
    cluster = Cluster(seed=seed, count=validators, alpenglow_epoch=alpenglow_epoch, world=world)
    return SimulatedAnswers(cluster, clock=clock)


@contextmanager
def running_cluster(
    *,
    validators: int = 50,
    seed: int = 7,
    epoch_seconds: float | None = None,
    replay: Path | None = None,
    fault: str = "",
    slow_seconds: float = DEFAULT_SLOW_SECONDS,
    alpenglow_epoch: int | None = None,
    world: World = TOWER_FOR_EVER,
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
        world=world,
        clock=clock,
    )
    server = RpcServer(
        ("127.0.0.1", 0), answers, faults=parse_fault_plan(fault), seed=seed, slow_seconds=slow_seconds
    )
    with serving(server) as url:
        yield url
