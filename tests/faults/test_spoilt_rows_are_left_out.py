"""A row that cannot be read costs its own line of what people and programs look at, and is named there."""

import json
from collections.abc import Callable, Mapping
from typing import Final

import pytest
from django.test import Client

from scheduling.models import RunState
from tests.commands import printed
from tests.faults.test_spoilt_rows import SPOILS, spoil, spoilt_job
from tests.scheduling.factories import JobFactory, RunFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

# What each says of the others, and where each names the one. Lists of runs leave that to the list of
# schedules, to `health` and to what stands above each page for staff.
FACES: Final[Mapping[str, tuple[str, str]]] = {
    "/metrics": (
        'next_run_timestamp_seconds{schedule="good"}',
        'staking_schedule_passed_over{schedule="spoilt"}',
    ),
    "/operations/": ("good", "spoilt is passed over"),
    "/operations/live/": ("good", "spoilt is passed over"),
    "/operations/runs/": ("good", ""),
    "/operations/schedules/good/": ("good", ""),
    "/api/v1/schedules": ('"name":"good"', '"passed_over":["spoilt"]'),
    "/api/v1/schedules/good": ('"name":"good"', ""),
    "/api/v1/runs": ('"good"', ""),
    "/admin/": ("Operations", "spoilt is passed over"),
    "/admin/django_q/schedule/": ("good", "Spoilt is passed over"),
    "/admin/scheduling/job/": ("good", "Spoilt is passed over"),
    "/admin/scheduling/run/": ("good", "Spoilt is passed over"),
    "scheduler list": ("good", "spoilt is passed over"),
    "scheduler list --json": ('"name": "good"', '"problem": "spoilt is passed over'),
    "monitor": ("good", "spoilt is passed over"),
    "monitor --json": ("good", "spoilt is passed over"),
    "health": ("", "spoilt is passed over"),
    "cleanup": ("runs", ""),
}


@pytest.fixture
def look(admin_client: Client) -> Callable[[str], str]:
    def seen(face: str) -> str:
        if not face.startswith("/"):
            return printed(*face.split())
        response = admin_client.get(face)
        assert response.status_code == 200, response.content
        return response.content.decode()

    return seen


@pytest.mark.parametrize("where", SPOILS, ids=" ".join)
def test_each_face_tells_of_the_others_and_names_the_one(
    where: tuple[str, str, str], look: Callable[[str], str]
) -> None:
    RunFactory(job=JobFactory(schedule__name="good"), state=RunState.SUCCEEDED)
    job = spoilt_job(RunState.PENDING)
    spoil(job, *where)

    found = {face: look(face) for face in FACES}

    silent = {
        face: words
        for face, expected in FACES.items()
        if not all(words in found[face] for words in expected)
        for words in [expected]
    }
    assert not silent


def test_what_runs_after_one_that_cannot_be_read_is_left_out_with_it(look: Callable[[str], str]) -> None:
    leader = spoilt_job(RunState.PENDING)
    JobFactory(schedule__name="follower", after=leader, every_seconds=None, schedule__next_run=None)
    spoil(leader, *SPOILS[0])

    document = json.loads(look("scheduler list --json"))

    assert document["schedules"] == []
    assert [one["name"] for one in document["passed_over"]] == ["spoilt"]
    assert "spoilt is passed over" in look("/operations/")


def test_asked_for_by_name_it_is_not_said_that_there_is_none(admin_client: Client) -> None:
    spoil(spoilt_job(RunState.PENDING), *SPOILS[0])

    response = admin_client.get("/api/v1/schedules/spoilt")

    assert response.status_code == 404
    assert response.json()["detail"].startswith("spoilt is passed over")
