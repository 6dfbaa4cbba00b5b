"""Schedules in the admin: what may be edited, what is refused, and when it takes effect."""

import json
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_q.models import Schedule
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from scheduling.ledger.attempts import attempts_text
from scheduling.models import Job, RunState
from scheduling.operations import setting_up
from tests.commands import printed
from tests.scheduling.claims import claim_due
from tests.scheduling.factories import JobFactory, RunFactory, ScheduleFactory

pytestmark = pytest.mark.django_db

LIST = reverse("admin:django_q_schedule_changelist")
NAME = "note-repeatable"
SIX_HOURS = timedelta(hours=6)
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def production_mode(settings: Settings) -> None:
    """Every job runs each six hours."""
    settings.SCHEDULED_JOBS = ["tests.scheduling.effects.JOBS"]
    setting_up.set_up("production", now=timezone.now() + SIX_HOURS, by="tester")


def schedule_of(name: str = NAME) -> Schedule:
    return Schedule.objects.select_related("job").get(name=name)


def page_of(schedule: Schedule) -> str:
    return reverse("admin:django_q_schedule_change", args=[schedule.pk])


def posted(client: Client, schedule: Schedule, **changes: str) -> dict[str, str]:
    """What a browser posts from the schedule's page as it stands, with these fields changed."""
    form = client.get(page_of(schedule)).context["adminform"].form
    next_run = form["next_run"].value()
    date, time = (f"{next_run:%Y-%m-%d}", f"{next_run:%H:%M:%S}") if next_run else ("", "")
    shown = {"next_run_0": date, "next_run_1": time}
    fields = {name: form[name].value() for name in form.fields if name != "next_run"}
    unchanged = {name: "" if value is None else str(value) for name, value in fields.items()}
    hidden = {f"initial-{name}": value for name, value in shown.items()}
    return unchanged | shown | hidden | changes


def edit(client: Client, schedule: Schedule, **changes: str) -> Any:
    return client.post(page_of(schedule), posted(client, schedule, **changes))


def test_a_shorter_cadence_counts_from_now_not_from_the_old_next_run(admin_client: Client) -> None:
    schedule = schedule_of()
    assert schedule.next_run - timezone.now() > timedelta(hours=5)

    response = edit(admin_client, schedule, minutes="", every_seconds="10")

    assert response.status_code == 302
    schedule = schedule_of()
    assert str(schedule.job.cadence) == "every 10 s"
    assert abs(schedule.next_run - timezone.now() - 10 * SECOND) < SECOND
    runs = claim_due(now=schedule.next_run)
    assert [run.job.name for run in runs] == [NAME]


@pytest.mark.parametrize(
    ("changes", "cadence"),
    [
        ({"minutes": "5"}, "every 5 min"),
        ({"schedule_type": "H", "minutes": ""}, "every 1 h"),
        ({"schedule_type": "D", "minutes": ""}, "every 1 d"),
        ({"schedule_type": "W", "minutes": ""}, "every 7 d"),
        (
            {"schedule_type": "C", "minutes": "", "cron": "30 4 * * *", "time_zone": "Asia/Tokyo"},
            "cron 30 4 * * * Asia/Tokyo",
        ),
        ({"schedule_type": "C", "cron": "*/10 * * * * *"}, "cron */10 * * * * *"),
    ],
)
def test_each_kind_of_cadence_can_be_chosen(
    admin_client: Client, changes: dict[str, str], cadence: str
) -> None:
    before = timezone.now()
    RunFactory(job=schedule_of().job, occurrence=before, state="succeeded")
    response = edit(admin_client, schedule_of(), **changes)

    assert response.status_code == 302
    schedule = schedule_of()
    assert str(schedule.job.cadence) == cadence
    # An occurrence may lie between the two looks at the clock.
    expected = [schedule.job.cadence.after(instant) for instant in (before, timezone.now())]
    assert min(abs(schedule.next_run - one) for one in expected) < SECOND


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"minutes": ""}, "An interval of 0 s cannot be"),
        ({"minutes": "0"}, "greater than or equal to 1"),
        ({"minutes": "-1"}, "greater than or equal to 1"),
        ({"minutes": "40000"}, "less than or equal to"),
        ({"minutes": "1", "every_seconds": "10"}, "either minutes or seconds"),
        ({"minutes": "", "every_seconds": "0"}, "greater than or equal to 1"),
        ({"schedule_type": "C", "cron": ""}, "needs its expression"),
        ({"schedule_type": "C", "cron": "0 0 30 2 *"}, "is not valid"),
        ({"schedule_type": "C", "cron": "often"}, "is not valid"),
        ({"schedule_type": "C", "cron": "0 4 * * *", "time_zone": "Mars/Olympus"}, "no time zone"),
        ({"schedule_type": "C", "cron": "0 4 * * *", "time_zone": "America"}, "no time zone"),
        ({"schedule_type": "O"}, "not one of the available choices"),
        ({"next_run_0": "tomorrow"}, "Enter a valid date"),
    ],
)
def test_a_cadence_that_cannot_be_is_refused_and_nothing_changes(
    admin_client: Client, changes: dict[str, str], message: str
) -> None:
    schedule = schedule_of()

    response = edit(admin_client, schedule, **changes)

    assert response.status_code == 200
    assert message in response.content.decode()
    assert schedule_of().next_run == schedule.next_run
    assert str(schedule_of().job.cadence) == "every 6 h"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"minutes": "60"}, "stretch limit: 1h stretches nothing of a job that runs every 1 h; it takes 2h"),
        ({"schedule_type": "C", "minutes": "", "cron": "0 4 * * *"}, "stretch limit: 1h stretches no cron"),
    ],
)
def test_a_cadence_that_leaves_no_room_to_stretch_is_refused_beside_its_field(
    admin_client: Client, changes: dict[str, str], said: str
) -> None:
    schedule = schedule_of()
    Job.objects.update(stretch_limit=timedelta(hours=1))

    response = edit(admin_client, schedule, **changes)

    assert said in str(response.context["adminform"].form.errors["schedule_type"])
    assert str(schedule_of().job.cadence) == "every 6 h"


def test_a_stretch_limit_that_is_useless_already_keeps_no_next_run_from_being_chosen(
    admin_client: Client,
) -> None:
    Job.objects.update(stretch_limit=timedelta(hours=1))

    response = edit(admin_client, schedule_of(), next_run_0="2126-11-23", next_run_1="12:00:00")

    assert response.status_code == 302
    assert schedule_of().next_run.year == 2126


def test_a_next_run_that_is_chosen_is_the_next_run(admin_client: Client) -> None:
    chosen = (timezone.now() + timedelta(minutes=3)).replace(microsecond=0)

    edit(admin_client, schedule_of(), next_run_0=f"{chosen:%Y-%m-%d}", next_run_1=f"{chosen:%H:%M:%S}")

    assert schedule_of().next_run == chosen
    assert str(schedule_of().job.cadence) == "every 6 h"


def test_a_next_run_in_the_past_means_now_so_that_nothing_counts_as_missed(admin_client: Client) -> None:
    edit(admin_client, schedule_of(), next_run_0="2020-01-01", next_run_1="00:00:00")

    schedule = schedule_of()
    assert abs(schedule.next_run - timezone.now()) < SECOND
    assert [run.missed_before for run in claim_due(now=timezone.now())] == [0]


def test_no_next_run_means_the_next_occurrence(admin_client: Client) -> None:
    edit(admin_client, schedule_of(), next_run_0="", next_run_1="")

    assert abs(schedule_of().next_run - timezone.now() - SIX_HOURS) < SECOND


@pytest.mark.parametrize("changes", [{}, {"cron": "0 4 * * *"}])
def test_saving_an_old_page_does_not_set_a_schedule_back(
    admin_client: Client, changes: dict[str, str]
) -> None:
    schedule = schedule_of()
    page = posted(admin_client, schedule, **changes)
    later = schedule.next_run + SIX_HOURS
    Schedule.objects.update(next_run=later)

    response = admin_client.post(page_of(schedule), page)

    assert response.status_code == 302
    if not changes:
        assert schedule_of().next_run == later
    assert schedule_of().next_run > timezone.now()


def test_a_broken_schedule_can_be_mended(admin_client: Client) -> None:
    Schedule.objects.filter(name=NAME).update(schedule_type=Schedule.CRON, cron="never", next_run=None)

    response = edit(admin_client, schedule_of(), cron="0 4 * * *")

    assert response.status_code == 302
    assert schedule_of().next_run > timezone.now()


def test_the_callable_cannot_be_edited(admin_client: Client) -> None:
    schedule = schedule_of()

    edit(admin_client, schedule, func="os.abort", name="other", hook="os.abort", args="1", repeats="7")

    after = schedule_of()
    assert (after.func, after.hook, after.args) == (schedule.func, None, None)
    assert Job.objects.get(name=NAME).task == schedule.func


def test_schedules_are_neither_added_nor_deleted_here(admin_client: Client) -> None:
    delete = reverse("admin:django_q_schedule_delete", args=[schedule_of().pk])

    assert admin_client.post(reverse("admin:django_q_schedule_add"), {}).status_code == 403
    assert admin_client.post(delete, {"post": "yes"}).status_code == 403
    assert Schedule.objects.count() == 3


def test_a_schedule_that_is_not_ours_is_shown_and_cannot_be_edited(admin_client: Client) -> None:
    foreign = ScheduleFactory(name="somebody-elses")

    page = admin_client.get(page_of(foreign))

    assert page.status_code == 200
    assert "_save" not in page.content.decode()
    assert admin_client.post(page_of(foreign), {"schedule_type": "H"}).status_code == 403
    assert "not ours" in admin_client.get(LIST).content.decode()


def test_the_list_shows_each_schedules_newest_run(admin_client: Client) -> None:
    job = Job.objects.get(name=NAME)
    RunFactory(job=job, occurrence=datetime(2026, 1, 1, tzinfo=timezone.now().tzinfo), state=RunState.FAILED)
    newest = RunFactory(job=job, state=RunState.SUCCEEDED)

    content = admin_client.get(LIST).content.decode()

    link = reverse("admin:scheduling_run_change", args=[newest.pk])
    assert f'<a href="{link}">{newest.occurrence:%Y-%m-%d %H:%M:%S}Z succeeded</a>' in content
    assert "failed" not in content


def test_the_form_of_one_that_never_ran_says_so_with_a_dash(admin_client: Client) -> None:
    content = admin_client.get(page_of(Job.objects.get(name=NAME).schedule)).content.decode()

    shown = content.partition("Last run:")[2]
    assert re.sub("<[^>]+>", " ", shown).split()[0] == "-"


def test_the_list_asks_as_many_questions_for_many_schedules_as_for_few(
    admin_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    # Session, user, how many, and the rows.
    with django_assert_num_queries(4):
        admin_client.get(LIST)
    for _ in range(20):
        RunFactory(job=JobFactory(), state=RunState.SUCCEEDED)

    with django_assert_num_queries(4):
        content = admin_client.get(LIST).content.decode()

    assert content.count("succeeded</a>") == 20


def test_the_list_of_jobs_tells_attempts_as_the_command_does(
    admin_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    leader = JobFactory(every_seconds=3_600, max_attempts=20)
    JobFactory(every_seconds=None, schedule__minutes=None, schedule__next_run=None, after=leader)
    schedules = json.loads(printed("scheduler", "list", "--json"))["schedules"]
    listed = {row["name"]: row["attempts"] for row in schedules}

    # Session, user, how many, and the rows.
    with django_assert_num_queries(4):
        rows = admin_client.get(reverse("admin:scheduling_job_changelist")).context["cl"].result_list

    assert {job.name: attempts_text(job) for job in rows} == listed
    content = admin_client.get(reverse("admin:scheduling_job_changelist")).content.decode()
    told = re.findall(r'<td class="field-attempts">(.*?)</td>', content)
    assert sorted(told) == sorted(listed.values())
    assert listed[leader.name] != "20"
