"""What stands in Redis and who works on it, and whether it takes messages; looked at without a trace."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import redis
from django_q.brokers import get_broker
from django_q.conf import Conf
from django_q.status import Stat

from scheduling.monitoring.refusals import redis_problem

# How to ask for the length of each type of key; of anything else it is 1.
_LENGTH_COMMANDS = {
    "string": "STRLEN",
    "list": "LLEN",
    "hash": "HLEN",
    "set": "SCARD",
    "zset": "ZCARD",
    "stream": "XLEN",
}
_SCAN_COUNT = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisKey:
    """One key of the queue. `length` counts what its type holds (bytes of a string); memory is in bytes."""

    name: str
    type: str
    length: int
    memory: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCluster:
    """One `qcluster` that reported within the last seconds; `age` is how many seconds ago."""

    id: str
    host: str
    pid: int
    status: str
    workers: int
    started_at: datetime
    age: float


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueState:
    """The queue in Redis. When Redis is of no use, `problem` says why and the rest is empty.

    `keys` are there where `with_keys` was asked for them. `evicting` is the policy by which Redis may have
    thrown away what clusters report, where none does.
    """

    problem: str
    waiting: int | None
    clusters: list[LiveCluster]
    keys: Sequence[RedisKey] = ()
    evicting: str = ""

    @property
    def workers_alive(self) -> int:
        return sum(cluster.workers for cluster in self.clusters)


def queue_state(*, now: datetime) -> QueueState:
    """Look at the queue at `now`; a Redis that is away, or takes no messages, is no error."""
    broker: Any = get_broker()
    try:
        require_messages_taken(broker)
        clusters = [_live_cluster(stat, now=now) for stat in Stat.get_all(broker=broker)]
        return QueueState(
            problem="",
            waiting=int(broker.queue_size()),
            clusters=clusters,
            evicting="" if clusters else _evicting(broker.connection),
        )
    except redis.RedisError as exc:
        return QueueState(problem=redis_problem(exc), waiting=None, clusters=[])
    finally:
        broker.connection.close()


def with_keys(queue: QueueState) -> QueueState:
    """For who shows them: each is three more questions, and to find them Redis goes through all it has."""
    if queue.problem:
        return queue
    broker: Any = get_broker()
    try:
        return replace(queue, keys=_keys(broker))
    except redis.RedisError:  # it went away meanwhile
        return queue
    finally:
        broker.connection.close()


def queue_problem() -> str:
    """Why no message would be taken now; empty when it would."""
    broker: Any = get_broker()
    try:
        require_messages_taken(broker)
    except redis.RedisError as exc:
        return redis_problem(exc)
    finally:
        broker.connection.close()
    return ""


def marker() -> str:
    """What is in Redis as long as Redis has kept what it was given. When it is gone, so are the messages.

    Each installation has its own, for the first that finds it gone puts it back.
    """
    return f"django_q:{Conf.PREFIX}:doorbell"


def require_messages_taken(broker: Any) -> None:
    """Put a message into the queue and take it out again, in one; raises what a message meets now.

    Nobody sees it: whoever waits at the queue is served when both are done.
    """
    with broker.connection.pipeline(transaction=True) as both:
        both.rpush(broker.list_key, b"")
        both.rpop(broker.list_key)
        both.execute()


def _evicting(connection: Any) -> str:
    """The policy by which it has thrown keys away since it was started; empty when it has not."""
    try:
        told = connection.info()
    except redis.ResponseError:  # our user may not ask
        return ""
    policy = str(told.get("maxmemory_policy", "noeviction"))
    return policy if policy != "noeviction" and told.get("evicted_keys") else ""


def _keys(broker: Any) -> list[RedisKey]:
    """The queue, what clusters report, and the dispatcher's marker; nobody else's keys."""
    connection = broker.connection
    names = set(connection.scan_iter(match=f"django_q:{Conf.PREFIX}:*", count=_SCAN_COUNT))
    keys = (_key(connection, name) for name in sorted(names))
    return [key for key in keys if key is not None]


def _key(connection: Any, name: bytes) -> RedisKey | None:
    """None for a key that is not there, or that went while we looked: reports live for seconds."""
    kind = connection.type(name).decode()
    memory = connection.memory_usage(name)
    if kind == "none" or memory is None:
        return None
    command = _LENGTH_COMMANDS.get(kind)
    length = int(connection.execute_command(command, name)) if command else 1
    return RedisKey(name=name.decode(errors="replace"), type=kind, length=length, memory=memory)


def _live_cluster(stat: Any, *, now: datetime) -> LiveCluster:
    return LiveCluster(
        id=str(stat.cluster_id),
        host=stat.host,
        pid=stat.pid,
        status=str(stat.status),
        workers=len(stat.workers),
        started_at=stat.tob.astimezone(UTC),
        age=max(0.0, (now - stat.timestamp).total_seconds()),
    )
