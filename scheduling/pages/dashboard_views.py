"""The operations page, for staff: everything at one glance, and the buttons."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.utils.cache import get_conditional_response, patch_cache_control
from django.views.decorators.http import require_POST, require_safe

from scheduling.clock import database_now
from scheduling.models import Job
from scheduling.models.jobs import LONGEST_NOTE
from scheduling.models.tokens import READ
from scheduling.operations import changing
from scheduling.pages.dashboard import Dashboard, dashboard
from scheduling.pages.forms import read_cadence
from scheduling.pages.operator_actions import may_operate, perform


@require_safe
def operations_page(request: HttpRequest) -> HttpResponse:
    """The whole page; it needs no JavaScript to be read, nor to act."""
    if not _is_staff(request):
        return redirect_to_login(request.get_full_path(), resolve_url(settings.LOGIN_URL))
    now = database_now()
    seen = _seen(request, now)
    response = render(request, "scheduling/operations.html", _context(request, seen) | {"now": now})
    patch_cache_control(response, private=True, no_store=True)
    return response


@require_safe
def live_part(request: HttpRequest) -> HttpResponse:
    """The part that is asked for again and again; 304 while nothing has changed.

    A session that ended meanwhile gets no page to put in its place: the whole page is asked
    for again, and that leads to the login.
    """
    if not _is_staff(request):
        return HttpResponse(status=401, headers={"HX-Refresh": "true"})
    seen = _seen(request, database_now())
    etag = f'"{seen.fingerprint}"'
    response = get_conditional_response(request, etag=etag)
    if response is None:
        response = render(request, "scheduling/live.html", _context(request, seen))
        response["ETag"] = etag
    patch_cache_control(response, private=True, no_cache=True)
    return response


@require_POST
def run_now(request: HttpRequest, job_id: int) -> HttpResponse:
    job = _job_to_operate(request, job_id)
    return _perform(request, changing.trigger, job.name, done=f"{job.name} runs as soon as a worker is free.")


@require_POST
def pause(request: HttpRequest, job_id: int) -> HttpResponse:
    job = _job_to_operate(request, job_id)
    note = request.POST.get("note", "").strip()[:LONGEST_NOTE]
    return _perform(request, partial(changing.pause, note=note), job.name, done=f"{job.name} is paused.")


@require_POST
def resume(request: HttpRequest, job_id: int) -> HttpResponse:
    job = _job_to_operate(request, job_id)
    return _perform(request, changing.resume, job.name, done=f"{job.name} goes on.")


@require_POST
def change_cadence(request: HttpRequest, job_id: int) -> HttpResponse:
    job = _job_to_operate(request, job_id)
    typed = request.POST.get("cadence", "")

    def change(name: str, **who_and_when: Any) -> None:
        changing.require_clock(job)
        changing.change(name, cadence=read_cadence(typed, job=job), **who_and_when)

    return _perform(request, change, job.name, done=f"{job.name} has a new cadence.")


@require_POST
def retry(request: HttpRequest, run_id: int) -> HttpResponse:
    _require_operator(request)
    return _perform(request, changing.retry, run_id, done="The run begins anew as soon as a worker is free.")


def _perform(
    request: HttpRequest, operation: Callable[..., object], subject: str | int, *, done: str
) -> HttpResponse:
    """Do it in the name of whoever asked, and show the page again with what came of it."""
    by, now = request.user.get_username(), database_now()
    perform(request, partial(operation, subject, by=by, now=now), done=done)
    return redirect("scheduling:operations")


def _job_to_operate(request: HttpRequest, job_id: int) -> Job:
    _require_operator(request)
    return get_object_or_404(Job.objects.select_related("schedule", "after"), pk=job_id)


def _require_operator(request: HttpRequest) -> None:
    if not (_is_staff(request) and may_operate(request)):
        raise PermissionDenied


def _is_staff(request: HttpRequest) -> bool:
    return bool(request.user.is_active and request.user.is_staff)


def _seen(request: HttpRequest, now: datetime) -> Dashboard:
    """What went wrong, and whom we ask, is for who may read it or do something about it."""
    seen = dashboard(now=now)
    if request.user.has_perm(READ) or may_operate(request):
        return seen
    schedules = [replace(card, pause_note="") for card in seen.schedules]
    return replace(seen, schedules=schedules, errors=[], panels=[], tells_why=False)


def _context(request: HttpRequest, seen: Dashboard) -> dict[str, object]:
    return {"seen": seen, "may_operate": may_operate(request), "longest_note": LONGEST_NOTE}
