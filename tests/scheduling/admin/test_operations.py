"""The operator's actions in the admin: what they do, who may, and what is refused."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_q.models import Schedule

from scheduling.models import Alert, Job, JobChange, Run, RunState
from scheduling.operations import changing
from scheduling.timing.cadence import Every
from tests.scheduling.factories import NOON, JobFactory, RunFactory, ScheduleFactory

pytestmark = pytest.mark.django_db

JOBS = reverse("admin:scheduling_job_changelist")
SCHEDULES = reverse("admin:django_q_schedule_changelist")
RUNS = reverse("admin:scheduling_run_changelist")
VIEWS = (
    *("scheduling.view_job", "scheduling.view_run", "scheduling.view_jobchange", "scheduling.view_alert"),
    "django_q.view_schedule",
)


@pytest.fixture
def job() -> Job:
    made: Job = JobFactory(schedule__name="fetch-repeatable")
    return made


def staff(*permissions: str) -> Client:
    """Somebody who may see everything, and do what these permissions let do."""
    user = User.objects.create_user("ada", is_staff=True)
    for permission in (*VIEWS, *permissions):
        app, codename = permission.split(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def viewer() -> Client:
    return staff()


@pytest.fixture
def operator() -> Client:
    return staff("scheduling.change_job")


def act(client: Client, page: str, action: str, *rows: Any, **fields: str) -> str:
    posted = {"action": action, "_selected_action": [row.pk for row in rows], **fields}
    return client.post(page, posted, follow=True).content.decode()


def journal() -> list[tuple[str, str, str]]:
    return [(change.by, change.action, change.detail) for change in JobChange.objects.order_by("pk")]


def page_of(job: Job) -> str:
    return reverse("admin:scheduling_job_change", args=[job.pk])


def posted(client: Client, job: Job, **changes: str) -> dict[str, str]:
    """What a browser posts from the job's page as it stands, with these fields changed."""
    form = client.get(page_of(job)).context["adminform"].form
    fields: dict[str, str] = {}
    for name in form.fields:
        value = form[name].value()
        if name == "ends_at":
            fields |= {"ends_at_0": "", "ends_at_1": ""}
        else:
            fields[name] = "" if value is None else str(value)
    return fields | changes


@pytest.mark.parametrize("page", [JOBS, SCHEDULES])
def test_jobs_are_paused_with_a_note_resumed_and_run_now_from_the_list(
    operator: Client, job: Job, page: str
) -> None:
    row: Any = job if page == JOBS else job.schedule

    assert "since " in act(operator, page, "pause", row, note="endpoint <moves>")
    assert "endpoint &lt;moves&gt;" in operator.get(page).content.decode()
    assert "is paused already" in act(operator, page, "pause", row)
    assert ">fetch-repeatable goes on.<" in act(operator, page, "resume", row), "as it is written"
    assert "as soon as a worker is free" in act(operator, page, "run_now", row)

    assert [change[:2] for change in journal()] == [("ada", "pause"), ("ada", "resume"), ("ada", "trigger")]
    assert journal()[0][2] == "endpoint <moves>"
    assert Run.objects.get().trigger == "operator"


def test_a_pause_from_the_list_may_have_an_end(operator: Client, job: Job) -> None:
    assert 'placeholder="2026-11-23T12:00Z"' in operator.get(JOBS).content.decode()
    refused = act(operator, JOBS, "pause", job, until="soon")
    act(operator, JOBS, "pause", job, until="2099-01-01T12:00Z", note="upgrade")

    assert "is not a time" in refused
    assert "until 2099-01-01 12:00:00: upgrade" in operator.get(SCHEDULES).content.decode()


def test_who_set_what_is_shown_and_each_name_leads_to_its_page(operator: Client, job: Job) -> None:
    changing.change(job.name, by="<bob>", now=timezone.now(), cadence=Every(45))
    RunFactory(job=job)
    Alert.objects.create(
        rule="late", subject=job.name, opened_at=NOON, seen_at=NOON, told_at=NOON, message="late"
    )
    assert job.schedule is not None
    page = reverse("scheduling:schedule", args=[job.name])

    for address in (
        JOBS,
        SCHEDULES,
        page_of(job),
        reverse("admin:django_q_schedule_change", args=[job.schedule.pk]),
    ):
        content = operator.get(address).content.decode()
        assert "cadence set by &lt;bob&gt; at 2" in content, address
        assert f'href="{page}"' in content, address
    for model in ("run", "jobchange", "alert"):
        content = operator.get(reverse(f"admin:scheduling_{model}_changelist")).content.decode()
        assert f'href="{page}"' in content, model


def test_a_failed_run_is_retried_and_one_that_did_not_fail_is_left_alone(operator: Client, job: Job) -> None:
    failed = RunFactory(job=job, state=RunState.FAILED, attempt=3, error="ValueError: no\n\nTraceback")
    good = RunFactory(job=job, state=RunState.SUCCEEDED, attempt=1)

    told = act(operator, RUNS, "retry", failed, good)

    assert "Retried 1 of 2 runs. Not retried: " in told
    assert "has not failed (it is succeeded)" in told

    assert list(Run.objects.order_by("pk").values_list("state", "attempt")) == [
        ("pending", 0),
        ("succeeded", 1),
    ]
    assert [(by, action) for by, action, _ in journal()] == [("ada", "retry")]


def test_who_may_only_look_sees_everything_and_can_do_nothing(viewer: Client, job: Job) -> None:
    failed = RunFactory(job=job, state=RunState.FAILED, error="ValueError: no")
    changing.pause(job.name, by="bob", note="", now=timezone.now())
    assert job.schedule is not None
    pages = (
        JOBS,
        SCHEDULES,
        RUNS,
        reverse("admin:scheduling_jobchange_changelist"),
        page_of(job),
        reverse("admin:django_q_schedule_change", args=[job.schedule.pk]),
        reverse("admin:scheduling_run_change", args=[failed.pk]),
    )

    for page in pages:
        response = viewer.get(page)
        assert response.status_code == 200, page
        assert 'name="_save"' not in response.content.decode()
        assert "Run now" not in response.content.decode()
    for page, action, row in (
        (JOBS, "run_now", job),
        (SCHEDULES, "resume", job.schedule),
        (RUNS, "retry", failed),
    ):
        act(viewer, page, action, row)
    for page in pages[4:]:
        assert viewer.post(page, {"max_attempts": "9", "minutes": "1"}).status_code == 403

    assert [action for _, action, _ in journal()] == ["pause"]
    assert list(Run.objects.values_list("state", flat=True)) == ["failed"]


def test_changing_django_q2s_table_is_no_permission_to_operate(job: Job) -> None:
    client = staff("django_q.change_schedule", "scheduling.change_run")
    assert job.schedule is not None

    page = reverse("admin:django_q_schedule_change", args=[job.schedule.pk])
    assert client.post(page, {"schedule_type": "I", "minutes": "1"}).status_code == 403


def test_somebody_elses_schedule_is_not_acted_upon(operator: Client) -> None:
    act(operator, SCHEDULES, "run_now", ScheduleFactory(name="somebody-elses"))

    assert not Run.objects.exists()


def test_policies_are_changed_as_people_write_them_and_the_change_is_kept(operator: Client, job: Job) -> None:
    changes = {"overlap": "queue", "time_limit": "2min", "parameters": '{"pages": 2}', "repeats": "5"}

    response = operator.post(page_of(job), posted(operator, job, **changes))

    assert response.status_code == 302
    job.refresh_from_db()
    assert job.schedule is not None
    assert (job.overlap, job.time_limit, job.parameters) == ("queue", timedelta(minutes=2), {"pages": 2})
    assert job.schedule.repeats == 5
    assert journal() == [
        (
            "ada",
            "set",
            "count: no end -> 5, overlap: skip -> queue, parameters: {} -> {'pages': 2}, "
            f"time_limit: 0:01:00 -> 0:02:00, counted_from: None -> {job.schedule.next_run}",
        )
    ]


def test_a_line_of_the_journal_is_told_in_the_words_of_its_list_alone(viewer: Client, job: Job) -> None:
    detail = "overlap: skip -> queue, next run None -> 2026-11-20 12:00:00+00:00"
    change = JobChange.objects.create(job=job, at=NOON, by="ada", action="set", detail=detail)

    text = viewer.get(reverse("admin:scheduling_jobchange_change", args=[change.pk])).content.decode()

    assert "next run none -&gt; 2026-11-20 12:00:00Z" in text
    assert "None -&gt;" not in text


def test_saving_a_page_as_it_was_changes_nothing(operator: Client, job: Job) -> None:
    before = Job.objects.values().get(pk=job.pk)

    assert operator.post(page_of(job), posted(operator, job)).status_code == 302

    assert Job.objects.values().get(pk=job.pk) == before
    assert journal() == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"time_limit": "soon"}, "is not a duration"),
        ({"time_limit": "0s"}, "leaves no time at all"),
        ({"keep_failed": "40000d"}, "more than a hundred years"),
        ({"time_limit": ""}, "This field is required"),
        ({"parameters": "[1]"}, "not a JSON object"),
        ({"parameters": '{"sights": 2}'}, "succeed takes: pages, deadline."),
        ({"parameters": json.dumps({"pages": "x" * 4_100})}, "bytes are too many"),
        ({"parameters": "{"}, "Enter a valid JSON"),
        ({"condition": "full_moon"}, "not one of the available choices"),
        ({"max_attempts": "-1"}, "greater than or equal to 0"),
        ({"repeats": "-2"}, "greater than or equal to -1"),
        ({"repeats": "0"}, "0 occurrences are none; a pause stops a job."),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_changes(
    operator: Client, job: Job, changes: dict[str, str], message: str
) -> None:
    before = Job.objects.values().get(pk=job.pk)

    response = operator.post(page_of(job), posted(operator, job, **changes))

    assert response.status_code == 200
    assert message in response.content.decode()
    assert Job.objects.values().get(pk=job.pk) == before
    assert journal() == []


def test_a_count_that_is_reached_stands_when_something_else_is_changed(operator: Client, job: Job) -> None:
    Schedule.objects.filter(job=job).update(repeats=0)

    assert operator.post(page_of(job), posted(operator, job, max_attempts="4")).status_code == 302

    job = Job.objects.select_related("schedule").get(pk=job.pk)
    assert (job.max_attempts, job.schedule and job.schedule.repeats) == (4, 0)


def test_two_jobs_cannot_be_made_to_wait_for_each_other(operator: Client, job: Job) -> None:
    follower = JobFactory(schedule__name="score-repeatable", after=job)

    response = operator.post(page_of(job), posted(operator, job, after=str(follower.pk)))

    assert "runs after fetch-repeatable" in response.content.decode()


def test_name_and_task_cannot_be_edited_and_jobs_are_neither_added_nor_deleted(
    operator: Client, job: Job
) -> None:
    operator.post(page_of(job), posted(operator, job, name="other", task="os.abort", max_attempts="4"))

    job.refresh_from_db()
    assert (job.name, job.task, job.max_attempts) == ("fetch-repeatable", "tests.scheduling.tasks.succeed", 4)
    assert operator.post(reverse("admin:scheduling_job_add"), {}).status_code == 403
    delete = reverse("admin:scheduling_job_delete", args=[job.pk])
    assert operator.post(delete, {"post": "yes"}).status_code == 403


def test_the_cadence_of_a_chained_job_is_refused_with_the_way_out(operator: Client, job: Job) -> None:
    follower = JobFactory(schedule__name="score-repeatable", schedule__next_run=None, after=job)
    assert follower.schedule is not None
    page = reverse("admin:django_q_schedule_change", args=[follower.schedule.pk])
    fields = {"schedule_type": "I", "minutes": "5", "every_seconds": "", "cron": "", "time_zone": "UTC"}
    hidden = {"next_run_0": "", "next_run_1": "", "initial-next_run_0": "", "initial-next_run_1": ""}

    response = operator.post(page, fields | hidden)

    content = response.content.decode()
    assert "score-repeatable runs after each success of fetch-repeatable, not by the clock" in content
    assert "scheduler set score-repeatable --after none" in content
    assert Schedule.objects.get(pk=follower.schedule.pk).next_run is None
    assert "after each success of fetch-repeatable" in operator.get(SCHEDULES).content.decode()


def test_a_chained_job_that_is_let_go_runs_by_the_clock_again(operator: Client, job: Job) -> None:
    follower: Job = JobFactory(schedule__name="score-repeatable", schedule__next_run=None, after=job)

    operator.post(page_of(follower), posted(operator, follower, after=""))

    follower = Job.objects.select_related("schedule").get(pk=follower.pk)
    assert follower.after is None
    assert follower.schedule is not None
    assert follower.schedule.next_run is not None


def test_the_lists_ask_as_many_questions_for_many_jobs_as_for_few(
    operator: Client, django_assert_max_num_queries: Any
) -> None:
    for _ in range(12):
        JobFactory(after=JobFactory())

    # Session, user, permissions of the user and of the groups, how many, and the rows.
    for page in (JOBS, SCHEDULES):
        with django_assert_max_num_queries(7):
            operator.get(page)
