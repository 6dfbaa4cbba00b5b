"""Runs and django-q2's own task history in the admin: read-only, and never counted whole."""

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django_q.models import Task
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from scheduling.admin import history
from scheduling.models import Run, RunState
from tests.scheduling.factories import NOON, RunFactory

pytestmark = pytest.mark.django_db

# Session, user, how many, the rows; the filters' jobs or groups.
QUERIES = 5


def make_rows(count: int) -> None:
    for number in range(count):
        RunFactory(state=RunState.FAILED, error="ValueError: <b>wheel</b>\n\nTraceback")
        for success in (True, False):
            Task.objects.create(
                id=f"{Task.objects.count():032}",
                name=str(number),
                func="f",
                group="fetch-repeatable",
                started=NOON,
                stopped=NOON,
                success=success,
                result="a result",
            )


@pytest.mark.parametrize("model", ["scheduling_run", "django_q_success", "django_q_failure"])
def test_a_history_page_asks_as_many_questions_for_many_rows_as_for_few(
    admin_client: Client, django_assert_num_queries: DjangoAssertNumQueries, model: str
) -> None:
    url = reverse(f"admin:{model}_changelist")
    make_rows(1)
    with django_assert_num_queries(QUERIES):
        admin_client.get(url)
    make_rows(30)

    with django_assert_num_queries(QUERIES):
        response = admin_client.get(url)

    assert len(response.context["cl"].result_list) == 31


@pytest.mark.parametrize(("model", "last"), [("success", "time_taken"), ("failure", "short_result")])
def test_of_a_task_the_list_says_when_and_what_came_of_it(
    admin_client: Client, model: str, last: str
) -> None:
    response = admin_client.get(reverse(f"admin:django_q_{model}_changelist"))

    assert tuple(response.context["cl"].list_display) == ("name", "started", "stopped", last)


@pytest.mark.parametrize("model", ["scheduling_run", "django_q_success", "django_q_failure"])
def test_history_can_be_read_and_nothing_else(admin_client: Client, model: str) -> None:
    make_rows(1)
    rows: Any = Run.objects.first() if model == "scheduling_run" else None
    rows = rows or Task.objects.get(success=model == "django_q_success")
    change = reverse(f"admin:{model}_change", args=[rows.pk])

    assert admin_client.get(change).status_code == 200
    assert admin_client.post(change, {}).status_code == 403
    assert admin_client.post(reverse(f"admin:{model}_add"), {}).status_code == 403
    delete = reverse(f"admin:{model}_delete", args=[rows.pk])
    assert admin_client.post(delete, {"post": "yes"}).status_code == 403
    resubmit = {"action": "resubmit_task", "_selected_action": rows.pk}
    page = admin_client.post(reverse(f"admin:{model}_changelist"), resubmit, follow=True)
    assert "resubmit" not in page.content.decode()
    assert (Run.objects.count(), Task.objects.count()) == (1, 2)


def test_a_long_history_is_counted_and_paged_up_to_a_bound(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MOST_COUNTED", 60)
    make_rows(70)

    url = reverse("admin:scheduling_run_changelist")

    changelist = admin_client.get(url).context["cl"]

    assert (changelist.result_count, changelist.paginator.num_pages) == (60, 2)
    assert b"At least so many: counting stops there" in admin_client.get(url).content
    monkeypatch.setattr(history, "MOST_COUNTED", 71)
    assert b"At least so many" not in admin_client.get(url).content


def test_runs_are_narrowed_by_their_state(admin_client: Client) -> None:
    failed = RunFactory(state=RunState.FAILED)
    RunFactory(job=failed.job, state=RunState.SUCCEEDED)
    address = "/admin/scheduling/run/"

    shown = [
        [run.state for run in admin_client.get(f"{address}{query}").context["cl"].result_list]
        for query in ("?state__exact=failed", "?state__exact=succeeded", "?state__exact=skipped")
    ]

    assert shown == [["failed"], ["succeeded"], []]


def test_the_error_of_a_run_is_shown_escaped_in_one_line(admin_client: Client) -> None:
    make_rows(1)

    content = admin_client.get(reverse("admin:scheduling_run_changelist")).content.decode()

    assert "ValueError: &lt;b&gt;wheel&lt;/b&gt;</td>" in content


def test_the_page_of_a_run_tells_each_attempt_that_failed(admin_client: Client) -> None:
    told = {"attempt": 2, "ended_at": "2026-11-23T12:00:11Z", "error": "ValueError: <b>no</b>"}
    run = RunFactory(failed_attempts=[told])

    content = admin_client.get(reverse("admin:scheduling_run_change", args=[run.pk])).content.decode()

    assert "Attempt 2 failed at 2026-11-23 12:00:11Z: ValueError: &lt;b&gt;no&lt;/b&gt;." in content


def test_our_pages_replace_those_of_django_q2() -> None:
    modules = {
        type(page).__module__
        for model, page in admin.site._registry.items()
        if "_q" in model._meta.label_lower
    }

    assert modules == {"scheduling.admin.runs", "scheduling.admin.schedules"}


def test_nobody_without_an_account_sees_anything(client: Client, settings: Settings) -> None:
    for model in ("scheduling_run", "django_q_schedule", "django_q_success"):
        response = client.get(reverse(f"admin:{model}_changelist"))
        assert response["Location"].startswith(reverse(settings.LOGIN_URL))


def test_nobody_is_found_by_what_the_filter_of_states_does_not_offer(admin_client: Client) -> None:
    make_rows(1)
    url = reverse("admin:scheduling_run_changelist")

    found = {asked: admin_client.get(f"{url}?{asked}") for asked in ("state__exact=", "state__isnull=True")}

    assert [len(one.context["cl"].result_list) for one in found.values()] == [0, 0]
