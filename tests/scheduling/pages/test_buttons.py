"""The operations page: what its buttons do, and whom they refuse."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from scheduling.models import Job, JobChange, Run, RunState
from tests.scheduling.factories import NOON, JobFactory, RunFactory
from tests.scheduling.pages.operations_page import LIVE, PAGE, RUNS, page, page_of, staff

pytestmark = pytest.mark.django_db


def actions(job: Job, run: Run) -> dict[str, dict[str, str]]:
    """Every address that acts, with what its form posts."""
    return {
        reverse("scheduling:run_now", args=[job.pk]): {},
        reverse("scheduling:pause", args=[job.pk]): {"note": "endpoint is moving"},
        reverse("scheduling:resume", args=[job.pk]): {},
        reverse("scheduling:change_cadence", args=[job.pk]): {"cadence": "45s"},
        reverse("scheduling:cancel_waiting", args=[job.pk]): {"what": "operator"},
        reverse("scheduling:retry", args=[run.pk]): {},
        reverse("scheduling:pause_every"): {"note": "endpoint is moving"},
        reverse("scheduling:resume_every"): {},
    }


def test_each_button_does_what_it_says_in_the_name_of_who_pressed_it(operator: Client, job: Job) -> None:
    failed = RunFactory(job=job, state=RunState.FAILED, error="ValueError: no", finished_at=NOON)

    for address, fields in actions(job, failed).items():
        response = operator.post(address, fields)
        assert (response.status_code, response["Location"]) == (302, PAGE), address

    content = page(operator)
    for message in (
        *(
            "runs as soon as",
            "is paused.",
            "goes on.",
            "a new cadence",
            "1 waiting run of",
            "begins anew as soon as a worker is free",
        ),
        *("Paused: fetch-repeatable.", "Resumed: fetch-repeatable."),
    ):
        assert message in content
    changes = JobChange.objects.order_by("pk").values_list("by", "action")
    done = ("trigger", "pause", "resume", "set", "cancel", "retry", "pause", "resume")
    assert list(changes) == [("ada", action) for action in done]
    assert str(Job.objects.get(pk=job.pk).cadence) == "every 45 s"


@pytest.mark.parametrize(
    ("typed", "cadence"),
    [("6h", "every 6 h"), ("90", "every 90 s"), ("0 */6 * * *", "cron 0 */6 * * *")],
)
def test_a_cadence_is_typed_as_an_interval_or_a_cron(
    operator: Client, job: Job, typed: str, cadence: str
) -> None:
    operator.post(reverse("scheduling:change_cadence", args=[job.pk]), {"cadence": typed})

    assert str(Job.objects.select_related("schedule").get(pk=job.pk).cadence) == cadence


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("often", "is not a duration"),
        ("0s", "one second is the shortest"),
        ("0 0 30 2 *", "is not valid"),
        ("", "not a duration"),
    ],
)
def test_what_cannot_be_is_said_and_changes_nothing(
    operator: Client, job: Job, typed: str, message: str
) -> None:
    response = operator.post(
        reverse("scheduling:change_cadence", args=[job.pk]), {"cadence": typed}, follow=True
    )

    assert escape(message) in response.content.decode()
    assert not JobChange.objects.exists()


def test_a_chained_job_keeps_following(operator: Client, job: Job) -> None:
    follower = JobFactory(schedule__next_run=None, after=job)

    assert reverse("scheduling:change_cadence", args=[job.pk]) in page(operator, page_of(job))
    assert reverse("scheduling:change_cadence", args=[follower.pk]) not in page(operator, page_of(follower))
    operator.post(reverse("scheduling:change_cadence", args=[follower.pk]), {"cadence": "45s"})

    assert Job.objects.get(pk=follower.pk).after == job
    assert "after each success of fetch-repeatable" in page(operator)


def test_who_may_not_operate_sees_no_buttons_and_is_refused(job: Job) -> None:
    viewer = staff("view_run")
    failed = RunFactory(job=job, state=RunState.FAILED, error="ValueError: no", finished_at=NOON)

    assert "ValueError: no" in page(viewer)
    assert "Run now" not in page(viewer)
    assert "Retry" not in page(viewer)
    for address, fields in actions(job, failed).items():
        assert viewer.post(address, fields).status_code == 403, address
    assert not JobChange.objects.exists()


def test_strangers_are_sent_to_the_login_and_can_do_nothing(client: Client, job: Job) -> None:
    failed = RunFactory(job=job, state=RunState.FAILED)
    customer = Client()
    customer.force_login(User.objects.create_user("eve"))

    for stranger in (client, customer):
        for address in (PAGE, RUNS, page_of(job)):
            assert stranger.get(address)["Location"] == f"{reverse('admin:login')}?next={address}"
        for address in (LIVE, reverse("scheduling:schedule_live", args=[job.name])):
            live = stranger.get(address)
            assert (live.status_code, live["HX-Refresh"], live.content) == (401, "true", b"")
        for address, fields in actions(job, failed).items():
            assert stranger.post(address, fields).status_code == 403
    assert not JobChange.objects.exists()


def test_acting_needs_a_post_with_its_token(job: Job) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_superuser("ada"))
    address = reverse("scheduling:run_now", args=[job.pk])

    assert client.get(address).status_code == 405
    assert client.post(address).status_code == 403
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page(client))
    assert token is not None
    assert client.post(address, {"csrfmiddlewaretoken": token[1]}).status_code == 302
