"""A Redis or a database that answers and does not do its work: named, said once, and nothing is lost."""

import logging
import shutil
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
import redis
from django.test import Client
from django_q.brokers import get_broker
from django_q.conf import Conf

from scheduling.clock import database_now
from scheduling.engine import outage
from scheduling.engine.broker import SturdyRedis
from scheduling.engine.doorbell import Doorbell
from scheduling.engine.execution import commit_with_run, execute_run
from scheduling.models import Run, RunState
from scheduling.monitoring.alert_rules import broken_neighbours
from scheduling.monitoring.queue_state import require_messages_taken
from tests.commands import printed
from tests.faults.servers import Redis
from tests.installation import wait_until
from tests.scheduling.factories import RunFactory
from tests.scheduling.no_writes import take_no_writes, take_writes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    server = Redis(tmp_path_factory.mktemp("redis"))
    server.start()
    server.wait_until_ready()
    yield server
    server.kill()


@pytest.fixture
def broken(own_redis: Redis, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(Conf, "REDIS", own_redis.url)
    client = own_redis.client()
    client.flushall()
    yield client
    heal(client)


def heal(client: Any) -> None:
    client.execute_command("REPLICAOF", "NO", "ONE")
    client.config_set("maxmemory", 0)
    client.config_set("maxclients", 1_000)
    client.config_set("stop-writes-on-bgsave-error", "no")
    client.acl_setuser("default", enabled=True, nopass=True, categories=["+@all"], keys=["*"])
    client.flushall()


def fill(client: Any) -> None:
    client.config_set("maxmemory", 1)


def make_replica(client: Any) -> None:
    client.execute_command("REPLICAOF", "127.0.0.1", "1")


def take_its_disk(client: Any) -> None:
    client.config_set("stop-writes-on-bgsave-error", "yes")
    client.config_set("save", "3600 1")
    shutil.rmtree(client.config_get("dir")["dir"])
    client.set("something", 1)
    client.bgsave()
    wait_until(
        lambda: client.info("persistence")["rdb_last_bgsave_status"] == "err", seconds=10, saying="a failure"
    )


def take_the_key(client: Any) -> None:
    client.set(f"django_q:{Conf.CLUSTER_NAME}:q", "somebody else's")


def take_the_right(client: Any) -> None:
    client.acl_setuser("default", enabled=True, nopass=True, keys=["*"], commands=["-rpush"])


def take_its_connections(client: Any) -> None:
    client.config_set("maxclients", 1)
    client.client_kill_filter(_type="normal", skipme=True)


BREAKAGES: list[tuple[Callable[[Any], None], str]] = [
    (fill, "its memory is full (maxmemory)"),
    (make_replica, "it is a replica, which takes no writes"),
    (take_the_key, "a key of ours holds something else (WRONGTYPE); delete it"),
    (take_the_right, "its user may not do this (NOPERM)"),
    (take_its_connections, "it has no connection left (maxclients)"),
    (take_its_disk, "it cannot save to its disk (MISCONF)"),
]


@pytest.mark.parametrize(("break_it", "refusal"), BREAKAGES)
def test_a_redis_that_takes_no_messages_is_named_and_said_once(
    broken: Any, caplog: pytest.LogCaptureFixture, break_it: Callable[[Any], None], refusal: str
) -> None:
    run = RunFactory(state=RunState.QUEUED)
    bell = Doorbell()
    bell.has_lost_messages()
    break_it(broken)

    with caplog.at_level(logging.INFO, logger="scheduling.engine.outage"):
        for _ in range(4):
            bell.has_lost_messages()
            bell.ring([run])
        problem = f"Redis takes no messages: {refusal}."
        assert problem in health()
        assert [trouble.message for trouble in broken_neighbours(now=database_now())] == [problem]
        assert b"staking_redis_up 0.0" in Client().get("/metrics").content
        heal(broken)
        assert bell.has_lost_messages()
        bell.ring([run])

    assert told(caplog) == [
        f"Redis takes no messages ({refusal}); runs wait in the ledger.",
        "Redis answers again.",
    ]
    assert broken.llen(f"django_q:{Conf.CLUSTER_NAME}:q") == 1


def test_who_was_refused_asks_the_server_that_the_address_leads_to_by_then(broken: Any) -> None:
    """A failover leaves the connections to the former master open."""
    # The dispatcher, the pusher and the sentinel are processes, each with its own.
    bell = Doorbell()
    pusher, sentinel = (cast(SturdyRedis, get_broker()) for _ in range(2))
    asks: list[tuple[Any, Callable[[], object]]] = [
        (bell._broker, bell.has_lost_messages),
        (pusher, pusher.dequeue),
        (sentinel, lambda: sentinel.set_stat("a cluster", "its state", 3)),
    ]
    former = [by.connection.client_id() for by, _ in asks]
    make_replica(broken)

    for _, ask in asks:
        ask()

    assert not {by.connection.client_id() for by, _ in asks} & set(former)


def test_a_report_that_is_none_hides_nothing(broken: Any) -> None:
    broken.lpush(f"{Conf.Q_STAT}:somebody", "else's")

    assert "No workers are alive" in health()


def test_a_redis_that_wants_a_password_is_named(broken: Any) -> None:
    broken.acl_setuser("default", enabled=True, passwords=["+secret"], categories=["+@all"], keys=["*"])

    assert "Redis takes no messages: it wants a password, or another one." in health()


def test_the_trial_of_a_message_is_seen_by_nobody_and_leaves_nothing(broken: Any) -> None:
    broker: Any = get_broker()
    waiting = redis.Redis.from_url(Conf.REDIS).connection_pool.get_connection()
    waiting.send_command("BLPOP", broker.list_key, 0)
    broker.connection.ping()

    require_messages_taken(broker)

    assert broken.llen(broker.list_key) == 0
    assert not waiting.can_read(timeout=0.05)
    waiting.disconnect()


def health() -> str:
    return printed("health")


def store_by_commit() -> int:
    take_no_writes()
    return commit_with_run(lambda: Run.objects.update(pressure="stored"))


def return_normally() -> int:
    take_no_writes()
    return 1


@pytest.mark.database
@pytest.mark.parametrize("task", ["store_by_commit", "return_normally"])
def test_a_run_that_had_finished_waits_for_the_database_and_loses_no_attempt(
    monkeypatch: pytest.MonkeyPatch, task: str
) -> None:
    waits = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            take_writes()

    monkeypatch.setattr("scheduling.engine.recording.time.sleep", sleep)
    run = RunFactory(job__task=f"{__name__}.{task}", state=RunState.QUEUED, occurrence=database_now())

    assert execute_run(run.pk) == "succeeded"

    run.refresh_from_db()
    assert (run.state, run.attempt, run.losses, run.result) == (RunState.SUCCEEDED, 1, 0, 1)
    assert len(waits) >= 3


def test_what_comes_and_goes_is_said_ever_more_rarely(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stopwatch = [0.0]
    monkeypatch.setattr("scheduling.engine.outage.time.monotonic", lambda: stopwatch[0])
    flapping = outage.Outage(consequence="waiting", back="It is back.")

    with caplog.at_level(logging.INFO, logger="scheduling.engine.outage"):
        for _ in range(600):
            flapping.failed("It is away")
            stopwatch[0] += 0.5
            flapping.worked()
            stopwatch[0] += 0.5

    # Ten minutes of it: once over, then never again for long enough, with a reminder each half a minute.
    assert told(caplog).count("It is back.") == 1
    assert len(told(caplog)) <= 25


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.name == outage.__name__]
