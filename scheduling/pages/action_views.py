"""What the buttons of the pages for staff do: each does one thing, says what came of it, and leads back."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from scheduling.clock import database_now
from scheduling.ledger.presentation import next_text, retry_text
from scheduling.ledger.search import run_of
from scheduling.models import Job
from scheduling.operations import changing, retrying
from scheduling.operations.cancelling import What, cancel
from scheduling.operations.naming import job_named
from scheduling.operations.pausing import pause_all, resume_all
from scheduling.operations.retiming import require_clock
from scheduling.pages.access import operators_only
from scheduling.pages.forms import read_cadence
from scheduling.pages.operator_actions import ask_for_run, note_and_end, pause_as_asked, perform, retried_text
from scheduling.wording import counted

# What a form posts that stands on the page of its schedule.
FROM_SCHEDULE = "schedule"


@require_POST
@operators_only
def run_now(request: HttpRequest, job_id: int) -> HttpResponse:
    job = _job(job_id)
    ask_for_run(request, job.name)
    return _back(request, job)


@require_POST
@operators_only
def pause(request: HttpRequest, job_id: int) -> HttpResponse:
    job = _job(job_id)
    return _perform(request, job, partial(pause_as_asked, request), done=f"{job.name} is paused.")


@require_POST
@operators_only
def resume(request: HttpRequest, job_id: int) -> HttpResponse:
    job = _job(job_id)
    return _perform(request, job, changing.resume, done=f"{job.name} goes on.")


@require_POST
@operators_only
def cancel_waiting(request: HttpRequest, job_id: int) -> HttpResponse:
    job = _job(job_id)
    chosen = request.POST.get("what", "")
    what = What(chosen) if chosen in list(What) else What.ASKED

    def say(cancelled: int) -> str:
        return f"{counted(cancelled, 'waiting run')} of {job.name} cancelled."

    return _perform(request, job, partial(cancel, what=what), done=say)


@require_POST
@operators_only
def change_cadence(request: HttpRequest, job_id: int) -> HttpResponse:
    job = _job(job_id)
    typed = request.POST.get("cadence", "")

    def change(name: str, **who_and_when: Any) -> None:
        require_clock(job)
        changing.change(name, cadence=read_cadence(typed, job=job), **who_and_when)

    def say(_: None) -> str:
        return f"{job.name} has a new cadence. {next_text(job_named(job.name))}"

    return _perform(request, job, change, done=say)


@require_POST
@operators_only
def retry(request: HttpRequest, run_id: int) -> HttpResponse:
    begin_anew = partial(retrying.retry, run_id, by=request.user.get_username(), now=database_now())
    perform(request, begin_anew, done=retry_text)
    run = run_of(run_id)
    return _back(request, run.job if run else None)


@require_POST
@operators_only
def retry_many(request: HttpRequest) -> HttpResponse:
    """Those that were ticked, or with `all` every failed one that the page showed."""
    chosen = request.POST.getlist("shown" if "all" in request.POST else "run")
    # Longer numbers are of no run.
    keys = [int(key) for key in chosen if key.isdecimal() and len(key) < 19]

    def retry_them() -> retrying.Retried:
        return retrying.retry_all(keys, by=request.user.get_username(), now=database_now())

    perform(request, retry_them, done=retried_text)
    return redirect(reverse("scheduling:runs", query=request.GET))


@require_POST
@operators_only
def pause_every(request: HttpRequest) -> HttpResponse:
    def pause_them() -> list[str]:
        by, now = request.user.get_username(), database_now()
        return pause_all(by=by, now=now, **note_and_end(request))

    perform(request, pause_them, done=lambda names: f"Paused: {', '.join(names) or 'none'}.")
    return redirect("scheduling:operations")


@require_POST
@operators_only
def resume_every(request: HttpRequest) -> HttpResponse:
    def resume_them() -> list[str]:
        return resume_all(by=request.user.get_username(), now=database_now())

    perform(request, resume_them, done=lambda names: f"Resumed: {', '.join(names) or 'none'}.")
    return redirect("scheduling:operations")


def _perform(
    request: HttpRequest,
    job: Job,
    operation: Callable[..., Any],
    *,
    done: str | Callable[[Any], str],
) -> HttpResponse:
    """Do it in the name of whoever asked, and show the page again with what came of it."""
    by, now = request.user.get_username(), database_now()
    perform(request, partial(operation, job.name, by=by, now=now), done=done)
    return _back(request, job)


def _back(request: HttpRequest, job: Job | None) -> HttpResponse:
    if job is not None and request.POST.get("from") == FROM_SCHEDULE:
        return redirect("scheduling:schedule", name=job.name)
    return redirect("scheduling:operations")


def _job(job_id: int) -> Job:
    job = Job.objects.select_related("schedule", "after").filter(pk=job_id).first()
    if job is None:
        raise Http404("That schedule is gone.")
    return job
