"""A row that somebody forgot to let go stops one schedule, and the others go on (PostgreSQL)."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, transaction
from django.test import Client
from django_q.models import Schedule
from pytest_django import DjangoAssertNumQueries

from scheduling.clock import database_now
from scheduling.engine import locks
from scheduling.engine.courier import deliver_due
from scheduling.engine.dispatcher import Dispatcher
from scheduling.engine.execution import execute_run
from scheduling.exceptions import RefusedError
from scheduling.ledger.patience import PATIENCE_MS
from scheduling.models import AlertRound, Job, JobChange, Overlap, Run, RunState, RunTrigger
from scheduling.monitoring import row_locks
from scheduling.monitoring.readiness import schedules_problem
from scheduling.operations import changing, setting_up
from scheduling.operations.cancelling import What, cancel
from scheduling.operations.pausing import end_pauses, pause_all, resume_all
from scheduling.operations.retrying import retry, retry_all
from tests.scheduling.admin.test_editing_together import Fields, pages_of
from tests.scheduling.factories import JobFactory, RunFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

HELD = {
    "its schedule": lambda: Schedule.objects.filter(name="held").update(repeats=-1),
    "its job": lambda: Job.objects.filter(name="held").update(description="edited"),
    "its job, for deletion": lambda: Job.objects.select_for_update().get(name="held"),
}


@contextmanager
def held(what: str) -> Iterator[None]:
    """As an UPDATE in a psql that somebody left open does."""
    begun, over = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL application_name = 'a forgotten psql'")
            HELD[what]()
            begun.set()
            over.wait(30)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert begun.wait(10)
        yield
    finally:
        over.set()
        thread.join()


@pytest.fixture
def two_due() -> None:
    past = database_now() - timedelta(seconds=20)
    for name in ("held", "other"):
        JobFactory(schedule__name=name, schedule__next_run=past)


@pytest.mark.usefixtures("two_due")
@pytest.mark.parametrize("what", HELD)
def test_a_held_row_stops_one_schedule_and_is_named(
    what: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if connection.vendor == "sqlite":
        return  # has no locks of rows
    monkeypatch.setattr(row_locks, "FORGOTTEN", timedelta(0))
    dispatcher = Dispatcher()

    with held(what):
        dispatcher.tick()
        assert list(Run.objects.values_list("job__name", "state")) == [("other", RunState.QUEUED)]
        told = schedules_problem(now=database_now())

    assert re.match(r".*held is \d+s late: its row is locked \(a forgotten psql of", told)
    assert ", pid " in told
    assert "held: not claimed, locked by a forgotten psql" in caplog.text
    dispatcher.tick()
    assert Run.objects.filter(job__name="held", state=RunState.QUEUED).exists()


def test_a_held_run_is_left_alone_and_the_others_start(monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor == "sqlite":
        return  # has no locks of rows
    later = database_now() + timedelta(hours=1)
    waiting = RunFactory(state=RunState.PENDING, job__schedule__next_run=later)
    other = RunFactory(state=RunState.PENDING, job__schedule__next_run=later)
    monkeypatch.setitem(HELD, "a run", lambda: Run.objects.filter(pk=waiting.pk).update(variant="a"))
    dispatcher = Dispatcher()

    with held("a run"):
        dispatcher.tick()
    states = dict(Run.objects.values_list("pk", "state"))
    assert states == {waiting.pk: RunState.PENDING, other.pk: RunState.QUEUED}

    monkeypatch.setattr(locks, "_left_alone", {})
    dispatcher.tick()
    assert not Run.objects.filter(state=RunState.PENDING).exists()


def test_a_dispatchers_first_connection_and_one_that_replaces_a_lost_one_wait_briefly_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if connection.vendor == "sqlite":
        return  # has no locks of rows
    bounded = []

    def finish(*_: object) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SHOW lock_timeout")
            bounded.append(cursor.fetchone()[0])
        return False

    def lost(**_: object) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    JobFactory(schedule__next_run=database_now())
    monkeypatch.setattr(Dispatcher, "_finish_open", finish)
    monkeypatch.setattr("scheduling.engine.dispatcher.claim_batches", lost)
    connection.close()  # as in a process that has just begun
    Dispatcher().tick()
    Schedule.objects.update(next_run=None)
    connection.close()
    Dispatcher().tick()

    assert bounded == [f"{PATIENCE_MS}ms"] * 2


def test_a_worker_leaves_a_held_run_for_later_and_goes_on_with_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if connection.vendor == "sqlite":
        return  # has no locks of rows
    later = database_now() + timedelta(hours=1)
    run, other = RunFactory(job__schedule__next_run=later), RunFactory(job__schedule__next_run=later)
    monkeypatch.setitem(HELD, "a run", lambda: Run.objects.filter(pk=run.pk).update(variant="a"))

    with held("a run"):
        began = time.monotonic()
        assert execute_run(run.pk) == "already taken"
        assert time.monotonic() - began < 2
        assert execute_run(other.pk) == "succeeded"
    assert f"Run {run.pk} is left for later: somebody else holds its row." in caplog.text
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("0",)  # what a task says has its own limits

    assert Run.objects.get(pk=run.pk).state == RunState.QUEUED
    Dispatcher().tick()  # asks again: nobody took it for long
    assert execute_run(run.pk) == "succeeded"


def test_held_alerts_keep_nothing_else_from_its_time_and_are_told_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if connection.vendor == "sqlite":
        return  # has no locks of rows
    monkeypatch.setattr("scheduling.monitoring.alerts.LOOK_EVERY", timedelta(0))
    monkeypatch.setattr(row_locks, "FORGOTTEN", timedelta(0))
    monkeypatch.setitem(HELD, "the alerts", lambda: AlertRound.objects.update(quiet_until=None))
    dispatcher = Dispatcher()
    dispatcher.tick()

    with held("the alerts"):
        for name in ("one", "other"):
            JobFactory(schedule__name=name, schedule__next_run=database_now())
            dispatcher.tick()
            assert Run.objects.filter(job__name=name, state=RunState.QUEUED).exists()

    assert (
        caplog.text.count("Alerts are looked for by nobody: their rows are locked by a forgotten psql") == 1
    )
    assert "The database does not work" not in caplog.text


def test_a_held_schedule_keeps_no_other_from_being_paused_and_resumed_with_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if connection.vendor == "sqlite":
        return  # has no locks of rows
    monkeypatch.setattr("scheduling.operations.pausing._left_alone", {})
    now = database_now()
    for name in ("a", "held", "z"):
        JobFactory(schedule__name=name, schedule__next_run=now + timedelta(hours=1))

    with (
        held("its job"),
        pytest.raises(RefusedError, match=r"^held is locked by .* Paused beside that: a, z\.$"),
    ):
        pause_all(by="ada", note="", now=now)
    Job.objects.update(paused_at=now, paused_until=now)
    with held("its job"):
        assert end_pauses(now=now) == ["a", "z"]
        with monkeypatch.context() as patched:  # nor is it waited for again
            patched.setattr("scheduling.operations.pausing.resume", None)
            assert end_pauses(now=now) == []
    with held("its job"), pytest.raises(RefusedError, match=r"^held is locked"):
        resume_all(by="ada", now=now)


def test_what_people_ask_of_a_held_schedule_is_refused_in_one_line_and_its_news_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if connection.vendor == "sqlite":
        return  # has no locks of rows
    now = database_now()
    JobFactory(schedule__name="held", schedule__next_run=now + timedelta(hours=1))
    RunFactory(job=Job.objects.get(name="held"), state=RunState.PENDING)
    failed = RunFactory(job=Job.objects.get(name="held"), state=RunState.FAILED)
    channel = RunFactory(job__schedule__name="told", trigger=RunTrigger.ALERT, state=RunState.PENDING)
    asks: list[Callable[[], object]] = [
        lambda: changing.pause("held", by="ada", note="", now=now),
        lambda: changing.change("held", by="ada", now=now, repeats=3),
        lambda: cancel("held", what=What.ALL, by="ada", now=now),
        lambda: setting_up.remove(["held"], now=now, by="ada"),
        lambda: retry(failed.pk, by="ada", now=now),
    ]

    monkeypatch.setitem(HELD, "its run", lambda: Run.objects.filter(job__name="held").update(variant="a"))
    for what, refused in (
        ("its job, for deletion", asks),
        ("its schedule", [asks[1], asks[3]]),
        ("its run", asks[2:]),
    ):
        with held(what):
            for ask in refused:
                with pytest.raises(RefusedError, match=r"^(held.*|A schedule) is locked by another session"):
                    ask()
    assert Job.objects.filter(name="held", schedule__isnull=False).exists()
    assert Job.objects.get(name="held").paused_at is None
    monkeypatch.setitem(HELD, "the channel", lambda: Job.objects.select_for_update().get(pk=channel.job_id))
    with held("the channel"):
        assert deliver_due(now=now) == []
    other = RunFactory(job__schedule__name="other", trigger=RunTrigger.ALERT, state=RunState.PENDING)
    monkeypatch.setitem(HELD, "its news", lambda: Run.objects.filter(pk=channel.pk).update(variant="a"))
    with held("its news"):
        assert deliver_due(now=now) == [other.pk]
    assert deliver_due(now=now) == [channel.pk]


def test_many_runs_of_a_held_schedule_are_not_each_waited_for(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    if connection.vendor == "sqlite":
        return  # has no locks of rows
    job = JobFactory(schedule__name="held", overlap=Overlap.ALLOW)
    other = RunFactory(job__schedule__name="other", state=RunState.FAILED)
    failed = [RunFactory(job=job, state=RunState.FAILED).pk for _ in range(40)]

    with held("its job, for deletion"), django_assert_max_num_queries(40):
        retried = retry_all([*failed, other.pk], by="ada", now=database_now())

    assert [run.run_id for run in retried.runs if not run.why_not] == [other.pk]
    assert all("locked by another session" in why_not for why_not in retried.refused)


@pytest.mark.parametrize(
    ("page", "typed"), [("timing", {"offset_seconds": "4"}), ("policies", {"max_attempts": "9"})]
)
def test_a_form_of_a_held_schedule_says_so_and_keeps_what_was_typed(
    admin_client: Client, page: str, typed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if connection.vendor == "sqlite":
        return  # has no locks of rows
    job = JobFactory(schedule__name="held", schedule__next_run=database_now() + timedelta(hours=1))
    address = pages_of(job)[page]
    posted = Fields(admin_client.get(address).content).posted | typed

    for what in ("its schedule", "its job, for deletion"):
        with held(what):
            told = admin_client.post(address, posted)
        assert told.status_code == 200
        assert "held is locked by another session" in told.content.decode()
        assert Fields(told.content).posted.items() >= typed.items()

    # Held from the moment on that the rehearsal went well.
    monkeypatch.setattr("scheduling.pages.editing.EditedTogether.rehearse", lambda form: None)
    with held("its schedule"):
        told = admin_client.post(address, posted, follow=True)
    assert "held is locked by another session" in told.content.decode()
    assert not JobChange.objects.exists()
    assert admin_client.post(address, posted).status_code == 302
    assert JobChange.objects.get().by == "admin"
