"""The operations page and the page of a schedule, for staff."""

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from scheduling.clock import database_now
from scheduling.pages.access import is_staff, may_read, only_read, staff_only
from scheduling.pages.dashboard import Dashboard, dashboard
from scheduling.pages.live import live_part, session_ended, whole_page
from scheduling.pages.schedule_detail import ScheduleDetail, schedule_detail


@only_read
@staff_only
def operations_page(request: HttpRequest) -> HttpResponse:
    """Everything at one glance."""
    now = database_now()
    more = {"now": now, "live": reverse("scheduling:live")}
    return whole_page(request, "scheduling/operations.html", _dashboard(request), more=more)


@only_read
def operations_live(request: HttpRequest) -> HttpResponse:
    if not is_staff(request):
        return session_ended()
    return live_part(request, "scheduling/live.html", _dashboard(request))


@only_read
@staff_only
def schedule_page(request: HttpRequest, name: str) -> HttpResponse:
    """One schedule: what it does, when, what became of it and why; and whatever can be done to it."""
    more = {"now": database_now(), "live": reverse("scheduling:schedule_live", args=[name])}
    return whole_page(request, "scheduling/schedule.html", _detail(request, name), more=more)


@only_read
def schedule_live(request: HttpRequest, name: str) -> HttpResponse:
    if not is_staff(request):
        return session_ended()
    return live_part(request, "scheduling/schedule_live.html", _detail(request, name))


def _dashboard(request: HttpRequest) -> Dashboard:
    return dashboard(now=database_now(), in_full=may_read(request))


def _detail(request: HttpRequest, name: str) -> ScheduleDetail:
    # No name holds what PostgreSQL would not even look for.
    known = "\x00" not in name
    found = schedule_detail(name, now=database_now(), in_full=may_read(request)) if known else None
    if found is None:
        raise Http404(f"There is no schedule named {name!r}.")
    return found
