"""Two people edit one schedule: the second is told, and what he did not touch is never put back."""

from html.parser import HTMLParser
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from scheduling.clock import database_now
from scheduling.exceptions import ConflictError
from scheduling.ledger.editions import edition_of
from scheduling.models import Job
from scheduling.operations import changing
from tests.scheduling.factories import JobFactory

pytestmark = [pytest.mark.django_db, pytest.mark.database]


class Fields(HTMLParser):
    """What a browser would post of a page as it stands."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.posted: dict[str, str] = {}
        self._open = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        given = dict(attributes)
        name = given.get("name") or ""
        if tag == "input" and name and given.get("type") not in ("submit", "checkbox"):
            self.posted[name] = given.get("value") or ""
        elif tag in ("select", "textarea"):
            self._open = name
            self.posted[name] = ""
        elif tag == "option" and "selected" in given:
            self.posted[self._open] = given.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag in ("select", "textarea"):
            self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open and self.get_starttag_text() and self.lasttag == "textarea":
            self.posted[self._open] += data.lstrip("\n")


@pytest.fixture
def job() -> Job:
    made: Job = JobFactory(schedule__name="note", parameters={"pages": 1})
    return made


def pages_of(job: Job) -> dict[str, str]:
    assert job.schedule is not None
    return {
        "policies": reverse("admin:scheduling_job_change", args=[job.pk]),
        "timing": reverse("admin:django_q_schedule_change", args=[job.schedule.pk]),
    }


def shown(job: Job) -> tuple[str, str, int, object]:
    stored = Job.objects.select_related("schedule").get(pk=job.pk)
    return str(stored.cadence), stored.overlap, stored.max_attempts, stored.parameters


@pytest.mark.parametrize(
    ("page", "touched", "others"),
    [
        ("policies", {"max_attempts": "9"}, {"fields": {"overlap": "queue", "parameters": {"pages": 2}}}),
        ("timing", {"offset_seconds": "4"}, {"cadence": "45"}),
    ],
)
def test_the_second_is_told_and_stores_what_he_touched_and_nothing_else(
    admin_client: Client, job: Job, page: str, touched: dict[str, str], others: dict[str, Any]
) -> None:
    address = pages_of(job)[page]
    stale = Fields(admin_client.get(address).content).posted | touched
    if "cadence" in others:
        Job.objects.filter(pk=job.pk).update(every_seconds=45)
        others = {"fields": {"overlap": "queue", "parameters": {"pages": 2}}}
    changing.change("note", by="bob", now=database_now(), **others)
    by_bob = shown(job)

    told = admin_client.post(address, stale)

    assert told.status_code == 200
    assert "note was changed by somebody else since you looked: changed by bob at" in told.content.decode()
    assert shown(job) == by_bob

    assert admin_client.post(address, Fields(told.content).posted).status_code == 302
    cadence, _, attempts, _ = shown(job)
    assert (cadence, attempts) == (
        (by_bob[0], 9) if page == "policies" else ("every 45 s on the clock + 4 s", by_bob[2])
    )
    assert (shown(job)[1], shown(job)[3]) == ("queue", {"pages": 2})


def test_who_touches_nothing_or_comes_first_is_told_nothing(admin_client: Client, job: Job) -> None:
    address = pages_of(job)["policies"]
    first = Fields(admin_client.get(address).content).posted
    assert admin_client.post(address, first | {"max_attempts": "7"}).status_code == 302
    again = admin_client.post(address, first)
    assert again.status_code == 302, again.context["adminform"].form.errors
    assert shown(job) == ("every 10 s", "skip", 7, {"pages": 1})


def test_whoever_names_the_edition_he_saw_is_refused_when_there_is_a_newer_one(job: Job) -> None:
    seen = edition_of(job)
    changing.pause("note", by="bob", note="moving", now=database_now(), expected=seen)

    for act in (changing.resume, lambda *args, **named: changing.change(*args, repeats=3, **named)):
        with pytest.raises(
            ConflictError, match=r"paused by bob at .* \(moving\)\. Nothing of yours is stored"
        ):
            act("note", by="ada", now=database_now(), expected=seen)
    with pytest.raises(CommandError, match="note was changed by somebody else since you looked"):
        call_command("scheduler", "set", "note", "--every", "20s", "--edition", str(seen))
    changing.resume("note", by="ada", now=database_now(), expected=edition_of(job))


def test_what_the_first_wrote_steers_no_terminal_of_the_second(job: Job) -> None:
    changing.pause("note", by="bob", note="\x1b[2J\x07", now=database_now())

    with pytest.raises(CommandError, match=r"paused by bob at .* \(\\x1b\[2J\\x07\)"):
        call_command("scheduler", "set", "note", "--every", "20s", "--edition", "0")
