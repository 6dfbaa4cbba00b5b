"""What changed: since a cursor or a time in one request, and as a stream of the same."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import Header, Query, Router
from pydantic_core import to_json

from scheduling.api.errors import Problem
from scheduling.api.replies import Format, json_reply, list_reply
from validators.api.answers import answer
from validators.api.event_documents import EXAMPLE, EventDocument, EventList
from validators.api.event_parameters import EventQuery, Since, Wanted
from validators.api.event_stream import stream_reply
from validators.models import ValidatorEvent
from validators.reading.events import document, events_after, events_version, newest_number
from validators.reading.picture import envelope

router = Router(tags=["events"])

LastEventId = Annotated[
    Since | None, Header(alias="Last-Event-ID", max_length=40, description="Goes before `since`")
]

_COLUMNS: Final = list(EventDocument.model_fields)
_PROBLEMS: Final = {410: Problem, 422: Problem}
_STREAM: Final = {
    "text/event-stream": {
        "schema": {"type": "string"},
        "example": f"retry: 3000\nid: 812\ndata: {to_json(EXAMPLE).decode()}\n\n",
    }
}
_KINDS: Final = "\n".join(f"- `{kind.value}`: {kind.label}" for kind in ValidatorEvent.Kind)


@router.get(
    "/events",
    response={200: EventList, **_PROBLEMS},
    description="What changed since a cursor or a time, oldest first. “What changed since yesterday” is "
    "`?since=2026-11-25`; whoever goes on from there gives the answer's `cursor` back as `since`, and misses "
    "nothing and sees nothing twice. Without `since` it begins with the oldest event that is kept. A cursor "
    "stays good whatever is asked for beside it; where events behind it were deleted by age "
    f"(`EVENTS_KEPT_DAYS`), the answer is a 410 that says where to begin.\n\n{_KINDS}",
)
def list_events(request: HttpRequest, query: Query[EventQuery]) -> HttpResponse:
    return answer(
        request, query.format, lambda form: _event_list(request, query, form), beside=events_version()
    )


def _event_list(request: HttpRequest, query: EventQuery, form: Format) -> HttpResponse:
    # Asked before the events, so that none is passed over that comes meanwhile.
    newest, begin = newest_number(), query.begins()
    keys, unknown = query.whom()
    found: Sequence[ValidatorEvent] = ()
    if keys or not query.vote_account:  # without a key it would be everybody
        found = events_after(begin, kinds=query.kind, validators=keys, limit=query.limit + 1)
    shown, more = found[: query.limit], len(found) > query.limit
    cursor = shown[-1].number if more else max(newest, begin, *(one.number for one in shown))
    about: dict[str, Any] = {**envelope(), "cursor": str(cursor), "more": more, "unknown": unknown}
    if form == "json":
        return json_reply({**about, "items": list(map(document, shown))})
    return list_reply(
        request,
        map(document, shown),
        columns=_COLUMNS,
        form=form,
        about=about,
        next_cursor=str(cursor) if more else None,
        behind="since",
    )


@router.get(
    "/events/stream",
    response={404: Problem, 503: Problem, **_PROBLEMS},
    openapi_extra={
        "responses": {200: {"description": "Goes on until either side ends it", "content": _STREAM}}
    },
    description="What changes, as it happens: server-sent events (`text/event-stream`). The `data` of each "
    "is an event as the list has it, its `id` the cursor. It begins now, or behind `since`; a browser's "
    "EventSource that lost its connection resumes by `Last-Event-ID` and misses nothing. Comments in between "
    "keep it alive. Where too many are open, 503 says when to come back.",
)
def stream_events(
    request: HttpRequest,
    query: Query[Wanted],
    last_event_id: LastEventId = None,
) -> HttpResponseBase:
    if last_event_id:
        query = query.model_copy(update={"since": last_event_id})
    return stream_reply(request, query)
