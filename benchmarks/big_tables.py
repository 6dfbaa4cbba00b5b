"""A database as it is after years: the last rows are real, those before them are copies of real ones.

Everything is written by statements that both databases know, oldest first, so that one validator's
or one job's rows lie as far apart as they would.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection, models
from django.utils import timezone
from django_q.models import Task

from benchmarks.big_costs import Cost, fetches
from scheduling.models import Alert, Job, JobChange, Run, RunState
from scheduling.operations.setting_up import set_up
from validators import tasks
from validators.models import (
    ClusterEpoch,
    CommissionChange,
    DelinquencyIncident,
    Fetch,
    IdentityChange,
    ScoringRun,
    TrustScore,
    Validator,
    ValidatorEpoch,
)
from validators.services.settled_past import settle
from validators.simulator.running import running_cluster
from validators.simulator.world import World

VALIDATORS: Final = 2_000
# Of ten years of an epoch a day.
EPOCH_ROWS: Final = 7_300_000
SCORE_ROWS: Final = 10_000_000
RUNS: Final = 5_000_000
TASKS: Final = 300_000
# Fetches, alerts, changes of jobs, commission changes, incidents: of each so many.
EVENTS: Final = 100_000
EPOCH_SECONDS: Final = 86_400
# Late enough for ten years before it, and for epochs before these that an import tells of.
FIRST_EPOCH: Final = 4_500
# As many as end between two clean-ups in the mode `test`.
UNTALLIED: Final = 40
Expressions = Mapping[str, str]


@dataclass(slots=True)
class Clock:
    """The simulated cluster's time."""

    ahead: float = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


def fill(scale: float) -> tuple[Cost, Cost]:
    """The whole of it times `scale`, but always all the validators; what a fetch cost before and after."""
    set_up("test", now=timezone.now(), by="benchmark")
    clock = Clock()
    with running_cluster(validators=VALIDATORS, clock=clock, world=World(first_epoch=FIRST_EPOCH)) as url:
        settings.SOLANA_RPC_URLS = [url]
        _look(clock)
        clock.ahead = EPOCH_SECONDS
        _look(clock)
        before = fetches()
        _copy_history(scale)
        _copy_ledger(scale)
        clock.ahead = 2 * EPOCH_SECONDS
        _look(clock)
        vacuum()
        settle()
        return before, fetches()


def vacuum() -> None:
    """What autovacuum does to a database that lives. Nothing does that to one of SQLite."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


def _look(clock: Clock) -> None:
    for task in (tasks.fetch_validators, tasks.fetch_nodes, tasks.fetch_production, tasks.fetch_names):
        task()
    tasks.score_validators()


def _copy_history(scale: float) -> None:
    newest = Fetch.objects.newest()
    assert newest is not None, "there was a fetch"
    ended = newest.epoch - 1
    whole = ValidatorEpoch.objects.filter(epoch=ended).count()
    epochs = round(scale * EPOCH_ROWS / whole)
    earlier = {"epoch": "source.epoch - 10 - n"}
    credits = {"credits": "source.credits - (n * 37 + source.validator_id) % 997"}
    copy(ValidatorEpoch, epochs, earlier | credits, where=f"source.epoch = {ended}")
    instants = ("started_at", "ended_at", "first_fetch_at", "last_fetch_at")
    copy(
        ClusterEpoch,
        epochs,
        earlier | {name: ago(f"n * {EPOCH_SECONDS}") for name in instants},
        where=f"source.epoch = {ended}",
    )
    whole = TrustScore.objects.filter(run__in=_first_runs()).count()
    copy_scores(round(scale * SCORE_ROWS / whole))
    _copy_events(scale)


def _first_runs() -> list[int]:
    """One of every method."""
    methods = list(settings.SCORE_METHODS)
    first = ScoringRun.objects.filter(method__in=methods).order_by("pk")
    return list(first.values_list("pk", flat=True)[: len(methods)])


def copy_scores(times: int) -> None:
    """Runs of every method, then for each of them the scores of the run it was copied from."""
    of_first = ", ".join(map(str, _first_runs()))
    last = ScoringRun.objects.order_by("-pk").values_list("pk", flat=True)[0]
    instants = {name: ago(f"n * {EPOCH_SECONDS}") for name in ("started_at", "finished_at")}
    # The last of its epoch, which no clean-up deletes.
    copy(ScoringRun, times, instants | {"epoch": "source.epoch - n"}, where=f"source.id IN ({of_first})")
    runs, scores = ScoringRun._meta.db_table, TrustScore._meta.db_table
    _execute(
        f"INSERT INTO {scores} (run_id, validator_id, score, rank, components) "
        f"SELECT run.id, source.validator_id, source.score, source.rank, source.components FROM {runs} run "
        f"JOIN {runs} model ON model.method = run.method AND model.id IN ({of_first}) "
        f"JOIN {scores} source ON source.run_id = model.id WHERE run.id > {last} ORDER BY run.id, source.rank"
    )


def _copy_events(scale: float) -> None:
    now, keys = timezone.now(), list(Validator.objects.values_list("pk", flat=True))
    many = round(scale * EVENTS)
    CommissionChange.objects.bulk_create(
        CommissionChange(validator_id=key, epoch=600, from_bps=500, to_bps=700, seen_at=now) for key in keys
    )
    IdentityChange.objects.bulk_create(
        IdentityChange(validator_id=key, epoch=600, from_identity="a", to_identity="b", seen_at=now)
        for key in keys
    )
    DelinquencyIncident.objects.exclude(ended_at=None).delete()
    DelinquencyIncident.objects.bulk_create(
        DelinquencyIncident(validator_id=key, start_epoch=600, started_at=now, ended_at=now) for key in keys
    )
    for model in (CommissionChange, IdentityChange):
        copy(model, many // len(keys), {"seen_at": ago("n * 86400")})
    lasted = {"started_at": ago("n * 86400"), "ended_at": ago("n * 86400")}
    copy(DelinquencyIncident, many // len(keys), lasted, where="source.ended_at IS NOT NULL")
    newest = Fetch.objects.newest()
    assert newest is not None, "there was a fetch"
    looked = {"started_at": ago("n * 10"), "stored_at": ago("n * 10")}
    copy(Fetch, many, looked, where=f"source.id = {newest.pk}")


def _copy_ledger(scale: float) -> None:
    """Runs and django-q2's tasks: one in fifty failed, with a traceback."""
    now, jobs = timezone.now(), list(Job.objects.all())
    trace = "ValueError: no usable answer\n\n" + "  File somewhere, line 1, in a_function\n" * 40
    for number, job in enumerate(jobs):
        finished = {
            "state": RunState.SUCCEEDED,
            "attempt": 1,
            "worker": "host:4711:123456",
            "result": {"validators": VALIDATORS, "endpoint": "http://127.0.0.1:8899/", "epoch": 990},
            **dict.fromkeys(("not_before", "queued_at", "started_at", "finished_at"), now),
            "lateness": timedelta(milliseconds=12),
            "duration": timedelta(milliseconds=340),
        }
        Run.objects.create(job=job, occurrence=now + timedelta(seconds=number), **finished)
        Task.objects.create(
            id=f"{number:032}", name=job.name, func="f", group=job.name, started=now, stopped=now, result="r"
        )
        JobChange.objects.create(job=job, at=now, by="ada", action="pause", detail="because")
    Alert.objects.create(
        rule="failing", subject="x", message="m", opened_at=now, seen_at=now, told_at=now, closed_at=now
    )
    at = {name: ago("n * 10") for name in ("not_before", "queued_at", "started_at", "finished_at")}
    state = "CASE WHEN n % 50 = 0 THEN 'failed' WHEN n % 97 = 0 THEN 'skipped' ELSE 'succeeded' END"
    error = f"CASE WHEN n % 50 = 0 THEN '{trace}' ELSE '' END"
    copy(
        Run,
        round(scale * RUNS / len(jobs)),
        {"occurrence": ago("n * 10"), "state": state, "error": error, "tallied": f"n > {UNTALLIED}", **at},
    )
    key = "md5(source.id || n)" if connection.vendor == "postgresql" else "lower(hex(randomblob(16)))"
    times = {"id": key, "started": ago("n * 10"), "stopped": ago("n * 10"), "success": "n % 50 <> 0"}
    copy(Task, round(scale * TASKS / len(jobs)), times)
    copy(JobChange, round(scale * EVENTS / len(jobs)), {"at": ago("n * 600")})
    closed = {name: ago("n * 600") for name in ("opened_at", "seen_at", "told_at", "closed_at")}
    copy(Alert, round(scale * EVENTS), closed)


def copy(model: type[models.Model], times: int, changed: Expressions, *, where: str = "1 = 1") -> None:
    """Each row so many times, the largest `n` first, with some columns by SQL of `source` and `n`."""
    fields: list[Any] = [field for field in model._meta.concrete_fields if not _is_serial(field)]
    columns = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    values = ", ".join(
        changed.get(field.attname, f"source.{connection.ops.quote_name(field.column)}") for field in fields
    )
    table = connection.ops.quote_name(model._meta.db_table)
    _execute(
        f"INSERT INTO {table} ({columns}) "
        f"WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < {times}) "
        f"SELECT {values} FROM series CROSS JOIN {table} AS source WHERE {where} ORDER BY n DESC "
        # A validator that has not voted for long has a row of a distant epoch already.
        "ON CONFLICT DO NOTHING"
    )


def ago(seconds: str) -> str:
    """SQL for an instant so many seconds before now, `seconds` being SQL itself."""
    if connection.vendor == "postgresql":
        return f"now() - ({seconds}) * interval '1 second'"
    return f"strftime('%%Y-%%m-%%d %%H:%%M:%%S', 'now', '-' || ({seconds}) || ' seconds')"


def _is_serial(field: Any) -> bool:
    return isinstance(field, models.AutoField)


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement.replace("%%", "%"))
