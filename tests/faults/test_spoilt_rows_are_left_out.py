"""A row that cannot be read keeps nobody from all others, and is named where something broke on it."""

import json
from io import StringIO
from typing import Final

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from scheduling.clock import database_now
from scheduling.models import Job, RunState
from scheduling.operations import setting_up
from tests.faults.test_spoilt_rows import SPOILS, spoil, spoilt_job
from tests.scheduling.factories import JobFactory, RunFactory
from tests.validators.looking import EVERY_PAGE, whole_cluster

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

PAGES: Final = (
    *("/metrics", "/operations/", "/operations/live/", "/operations/runs/", "/operations/schedules/good/"),
    *("/api/v1/schedules", "/api/v1/schedules/good", "/api/v1/runs", "/api/v1/runs?format=csv"),
    *("/admin/django_q/schedule/", "/admin/scheduling/job/", "/admin/scheduling/run/"),
)
COMMANDS: Final = ("scheduler list", "scheduler list --json", "monitor", "monitor --json")
# A value that no reader gets around.
WORST: Final = (
    "scheduling_job",
    "time_limit",
    "'long'" if connection.vendor == "sqlite" else "'100000000 years'",
)
NAMED: Final = "spoilt is passed over: time_limit in row "


def said(*words: str) -> tuple[str, str]:
    """What a command writes to its output, and beside it."""
    out, err = StringIO(), StringIO()
    call_command(*words, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def spoilt() -> Job:
    RunFactory(job=JobFactory(schedule__name="good"), state=RunState.SUCCEEDED)
    return spoilt_job(RunState.PENDING)


@pytest.mark.parametrize("where", SPOILS, ids=" ".join)
def test_each_face_tells_of_the_others(
    where: tuple[str, str, str], spoilt: Job, admin_client: Client
) -> None:
    spoil(spoilt, *where)

    shown = {address: admin_client.get(address) for address in PAGES}
    printed = {words: said(*words.split())[0] for words in COMMANDS}

    assert {address: page.status_code for address, page in shown.items()} == dict.fromkeys(PAGES, 200)
    assert [address for address, page in shown.items() if "good" not in page.content.decode()] == []
    assert [words for words, text in printed.items() if "good" not in text] == []


def test_what_broke_on_it_names_it(spoilt: Job, admin_client: Client) -> None:
    spoil(spoilt, *WORST)

    lists = ("/operations/", "/api/v1/schedules", "/api/v1/runs", "/admin/scheduling/job/")
    assert [admin_client.get(one).headers.get("Passed-Over") for one in lists] == ["spoilt"] * 4
    for page in ("/operations/", "/admin/scheduling/job/"):
        assert NAMED.removeprefix("spoilt") in admin_client.get(page).content.decode()
    for words in COMMANDS:
        assert NAMED in said(*words.split())[1]


def test_of_the_job_itself_row_and_column_are_the_answer(spoilt: Job, admin_client: Client) -> None:
    spoil(spoilt, *WORST)

    by_name = admin_client.get("/api/v1/schedules/spoilt")
    page = admin_client.get("/operations/schedules/spoilt/")
    with pytest.raises(CommandError, match=NAMED):
        said("scheduler", "history", "spoilt")

    assert (by_name.status_code, by_name.json()["code"], page.status_code) == (503, "unavailable", 503)
    assert by_name.json()["detail"].startswith(NAMED)
    assert NAMED in page.content.decode()


def test_what_runs_after_one_that_cannot_be_read_is_left_out_with_it(spoilt: Job) -> None:
    for number, leader in enumerate(("spoilt", "follower-0")):
        after = Job.objects.get(name=leader)
        fields = {"every_seconds": None, "schedule__next_run": None}
        JobFactory(schedule__name=f"follower-{number}", after=after, **fields)
    spoil(spoilt, *WORST)

    text, beside = said("scheduler", "list", "--json")

    assert [one["name"] for one in json.loads(text)["schedules"]] == ["good"]
    assert "follower-0 is passed over with spoilt, after which it runs." in beside
    assert "follower-1 is passed over with follower-0, after which it runs." in beside


def test_public_pages_do_without_the_schedule_of_the_fetches(client: Client) -> None:
    """Their head says how old the data may be by the interval of that schedule."""
    setting_up.set_up("test", by="ada", now=database_now())
    whole_cluster()
    spoil(Job.objects.get(name="fetch-repeatable"), *WORST)

    shown = [client.get(address) for address in EVERY_PAGE]

    assert [page.status_code for page in shown] == [200] * len(EVERY_PAGE)


def test_what_breaks_on_something_else_breaks_as_ever(
    spoilt: Job, admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduling.api.routes.schedule_rows", lambda: 1 / 0)

    assert admin_client.get("/api/v1/schedules").status_code == 500
