"""Schedules and runs: read by everybody, acted upon with a token."""

from typing import Annotated, Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from ninja import Body, Path, Query, Router, Schema
from pydantic import Field

from scheduling.api.bearers import BearerToken, journal_name, token_with
from scheduling.api.documents import (
    NameList,
    RunDocument,
    RunList,
    RunReply,
    ScheduleDocument,
    ScheduleList,
    ScheduleReply,
    run_document,
    schedule_document,
)
from scheduling.api.errors import ApiError, Problem
from scheduling.api.replies import (
    Format,
    conditional_on_content,
    envelope,
    json_reply,
    list_reply,
    private_reply,
    wanted_format,
)
from scheduling.api.retry_documents import RetryReply, RetryRequest
from scheduling.api.run_filters import LARGEST_KEY, Instant, RunFilters, cursor_of, schedule_problem
from scheduling.clock import database_now
from scheduling.ledger.search import RunFilter, found_runs, run_of
from scheduling.ledger.selectors import schedule_rows
from scheduling.models import Run, RunTrigger
from scheduling.models.jobs import LONGEST_NOTE
from scheduling.models.tokens import Scope, token_of
from scheduling.operations import changing
from scheduling.operations.pausing import pause_all, resume_all
from scheduling.operations.retrying import GONE, failed_runs, retry_all

# The name of no schedule: what a token that is held to some may not act on.
EVERY_SCHEDULE: Final = "every schedule"

# Neither control characters, which PostgreSQL cannot hold all of, nor slashes.
ScheduleName = Annotated[
    str, Path(max_length=100, pattern=r"^[^\x00-\x1f]+$", description="The name of the schedule")
]
RunKey = Annotated[int, Path(ge=1, le=LARGEST_KEY, description="The `id` of the run")]

# Of the schedule that was looked at: 409 when somebody has edited it since.
Edition = Annotated[
    int | None,
    Query(ge=0, le=LARGEST_KEY, description="Of the schedule as you know it: 409 if it was edited since"),
]
AskedFormat = Annotated[Format | None, Query(description="Goes before the Accept header")]

router = Router(tags=["schedules and runs"])

_ALL_REFUSALS: Final = {401: Problem, 403: Problem, 409: Problem}
_REFUSALS: Final = {**_ALL_REFUSALS, 404: Problem}


class PauseNote(Schema):
    """Why, and until when."""

    note: str = Field("", max_length=LONGEST_NOTE, pattern=r"^[^\x00]*$", description="Why it is paused")
    until: Instant | None = Field(None, description="When it goes on by itself; null: when somebody says")


@router.get("/schedules", response=ScheduleList)
def list_schedules(request: HttpRequest, format: AskedFormat = None) -> HttpResponse:
    """Every schedule with its cadence, next and last run.

    All of them in one reply, by name, with their policies and whether they are paused and why. Notes, names
    of people and errors are for staff and for tokens that read.
    """
    insider = _is_insider(request)
    rows = [schedule_document(row, to_staff=insider) for row in schedule_rows()]
    form = wanted_format(request, format)
    columns = list(ScheduleDocument.model_fields)
    reply = list_reply(request, rows, columns=columns, form=form, about=envelope(), next_cursor=None)
    return _for_reader(request, reply, insider=insider)


@router.get("/schedules/{name}", response={200: ScheduleReply, 404: Problem})
def get_schedule(request: HttpRequest, name: ScheduleName) -> HttpResponse:
    """One schedule with its cadence, next and last run.

    Its `edition` is what changing it may be held to: `?edition=` of pause and resume is refused with 409
    where somebody edited it since.
    """
    insider = _is_insider(request)
    reply = json_reply({**envelope(), "schedule": _schedule(name, to_staff=insider)})
    return _for_reader(request, reply, insider=insider)


@router.get("/runs", response={200: RunList, 400: Problem, 403: Problem})
def list_runs(request: HttpRequest, filters: Query[RunFilters]) -> HttpResponse:
    """What became of the occurrences, newest first.

    Each occurrence of each schedule has one run, which is open (pending, queued, running) or ended
    (succeeded, failed, skipped); one that was skipped says why. Deliveries of alerts, errors that are not
    ours, hosts, and the filters by those, are for staff and for tokens that read.
    """
    wanted, insider = filters.wanted, _is_insider(request)
    if wanted.reads_errors and not insider:
        # Even that nothing was found would tell what errors and hosts are.
        raise ApiError(
            403, code="for_staff", detail="`text` and `host` are for staff and for tokens that read."
        )
    _require_known(wanted, with_deliveries=insider)
    found = found_runs(wanted, place=filters.place, limit=filters.limit, with_deliveries=insider)
    reply = list_reply(
        request,
        (run_document(run, to_staff=insider) for run in found.runs),
        columns=list(RunDocument.model_fields),
        form=wanted_format(request, filters.format),
        about=envelope(),
        next_cursor=cursor_of(found.next_place),
    )
    return _for_reader(request, reply, insider=insider)


# Before the address of one run, which would be found for this one.
@router.post("/runs/retry", auth=BearerToken(), response={200: RetryReply, **_ALL_REFUSALS})
def retry_runs(request: HttpRequest, body: Body[RetryRequest]) -> HttpResponse:
    """Let up to 200 failed runs begin anew, of a schedule whose runs may not overlap one. Scope: trigger.

    Named by `ids`, or by the filters of the list. The answer says of each whether it begins anew and, if
    not, why: it is gone, it has not failed, the token is not for its schedule, another waits already.
    """
    token = token_with(request, Scope.TRIGGER)
    reads = token.may(Scope.READ)
    if body.wanted.reads_errors and not reads:
        raise ApiError(403, code="missing_scope", detail="`text` and `host` need the scope 'read' as well.")

    _require_known(body.wanted, with_deliveries=reads)

    def forbidden(run: Run) -> str:
        if run.trigger == RunTrigger.ALERT and not reads:
            return GONE.format(run.pk)
        name = run.job.name
        return "" if token.may_act_on(name) else f"This token is not for {name!r}."

    ids = body.ids or failed_runs(body.wanted, with_deliveries=reads)
    retried = retry_all(ids, by=journal_name(token), now=database_now(), forbidden=forbidden)
    documents = [run.document() for run in retried.runs]
    return private_reply({**envelope(), "retried": retried.begun, "runs": documents})


@router.get("/runs/{key}", response={200: RunReply, 404: Problem})
def get_run(request: HttpRequest, key: RunKey) -> HttpResponse:
    """One run: what became of one occurrence, attempt by attempt.

    A run that retention has deleted is a 404. Deliveries of alerts are runs too, for staff and for tokens
    that read.
    """
    run, insider = run_of(key), _is_insider(request)
    if run is None or (run.trigger == RunTrigger.ALERT and not insider):
        raise ApiError(404, code="unknown_run", detail=GONE.format(key))
    reply = json_reply({**envelope(), "run": run_document(run, to_staff=insider)})
    return _for_reader(request, reply, insider=insider)


@router.post("/schedules/{name}/trigger", auth=BearerToken(), response={202: RunReply, **_REFUSALS})
def trigger_schedule(request: HttpRequest, name: ScheduleName) -> HttpResponse:
    """Run it now, beside the schedule. Scope: trigger.

    The answer is the run as it begins, and not how it ends: ask for it by its `id`. It waits for a run under
    way unless the two may overlap; while one that was asked for waits, the answer is that one, and no second
    is made. The next occurrence stays when it was.
    """
    by = _authorised(request, Scope.TRIGGER, name)
    run = changing.trigger(name, by=by, now=database_now())
    return private_reply({**envelope(), "run": run_document(run)}, status=202)


@router.post("/schedules/{name}/pause", auth=BearerToken(), response={200: ScheduleReply, **_REFUSALS})
def pause_schedule(
    request: HttpRequest, name: ScheduleName, body: Body[PauseNote], edition: Edition = None
) -> HttpResponse:
    """Claim no more occurrences until it is resumed, or an instant. Scope: pause.

    A run that is under way goes on. With `until` it goes on by itself then; occurrences in between are not
    made up for. One that is paused already is a 409.
    """
    by = _authorised(request, Scope.PAUSE, name)
    changing.pause(name, by=by, note=body.note, until=body.until, now=database_now(), expected=edition)
    return private_reply({**envelope(), "schedule": _schedule(name, to_staff=True)})


@router.post("/schedules/{name}/resume", auth=BearerToken(), response={200: ScheduleReply, **_REFUSALS})
def resume_schedule(request: HttpRequest, name: ScheduleName, edition: Edition = None) -> HttpResponse:
    """Go on with the first occurrence from now. Scope: resume.

    What was due during the pause is not made up for. One that is not paused is a 409.
    """
    by = _authorised(request, Scope.RESUME, name)
    changing.resume(name, by=by, now=database_now(), expected=edition)
    return private_reply({**envelope(), "schedule": _schedule(name, to_staff=True)})


@router.post("/pause-all", auth=BearerToken(), response={200: NameList, **_ALL_REFUSALS})
def pause_every_schedule(request: HttpRequest, body: Body[PauseNote]) -> HttpResponse:
    """Pause every schedule that is not paused yet. Scope: pause, for a token that is not held to some.

    `names` are those that this paused; one that was paused before keeps its note and its end.
    """
    by = _authorised(request, Scope.PAUSE, EVERY_SCHEDULE)
    names = pause_all(by=by, note=body.note, until=body.until, now=database_now())
    return private_reply({**envelope(), "names": names})


@router.post("/resume-all", auth=BearerToken(), response={200: NameList, **_ALL_REFUSALS})
def resume_every_schedule(request: HttpRequest) -> HttpResponse:
    """Let every paused schedule go on. Scope: resume, for a token that is not held to some.

    Each goes on with its first occurrence from now; `names` are those that did.
    """
    by = _authorised(request, Scope.RESUME, EVERY_SCHEDULE)
    return private_reply({**envelope(), "names": resume_all(by=by, now=database_now())})


def _require_known(wanted: RunFilter, *, with_deliveries: bool) -> None:
    """A misspelt schedule would be answered with no runs, and never told."""
    problem = schedule_problem(wanted.schedule, with_deliveries=with_deliveries)
    if problem:
        raise ApiError(422, code="invalid", detail=problem)


def _is_insider(request: HttpRequest) -> bool:
    """Whether who asks may read what strangers may not: staff by their session, or a token that reads."""
    user: Any = getattr(request, "user", None)
    if user is not None and user.is_staff and user.has_perm(Scope.READ.permission):
        return True
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    token = token_of(text, now=database_now()) if kind.lower() == "bearer" else None
    return token is not None and token.may(Scope.READ)


def _for_reader(request: HttpRequest, reply: HttpResponse, *, insider: bool) -> HttpResponse:
    """No cache gives a stranger what was meant for staff."""
    response = conditional_on_content(request, reply)
    patch_vary_headers(response, ["Authorization", "Cookie"])
    if insider:
        response.headers["Cache-Control"] = "private, no-cache"
    return response


def _authorised(request: HttpRequest, scope: Scope, schedule: str) -> str:
    """The name that the journal keeps; raises `ApiError` when the token lacks the scope, or is for others."""
    token = token_with(request, scope)
    if not token.may_act_on(schedule):
        raise ApiError(403, code="not_its_schedule", detail=f"This token is not for {schedule!r}.")
    return journal_name(token)


def _schedule(name: str, *, to_staff: bool) -> dict[str, Any]:
    row = next((row for row in schedule_rows() if row.job.name == name), None)
    if row is None:
        raise ApiError(404, code="unknown_schedule", detail=f"There is no schedule named {name!r}.")
    return schedule_document(row, to_staff=to_staff)
