"""Events as they happen, as server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html.

A view says what has happened so far. What happens then, a web server of ours adds from a thread of its own,
beside all requests (`staking_project.front.streams`). Of any other server the answer simply ends there, and
the browser comes back in a moment: nobody's thread waits.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from pydantic_core import to_json

from scheduling.api.errors import ApiError, problem
from validators.api.event_parameters import Wanted
from validators.models import ValidatorEvent
from validators.reading.events import document, events_after, newest_number

# In the environment of a request: whether another stream has room, asked with the request.
HAS_ROOM: Final = "events.has_room"
# Milliseconds until a browser whose stream ended comes back.
RETRY: Final = 3_000
# Seconds that it is asked to wait where there is no room.
SECONDS_UNTIL_ROOM: Final = 30
# Of what happened meanwhile; whoever missed more gets it in parts.
MOST_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody is, and what he wants to hear of; of no kind and no validator is of all."""

    number: int
    kinds: frozenset[str]
    validators: frozenset[int]

    def wants(self, event: ValidatorEvent) -> bool:
        return (
            event.number > self.number
            and (not self.kinds or event.kind in self.kinds)
            and (not self.validators or event.validator_id in self.validators)
        )


class EventStream(StreamingHttpResponse):
    """What happened so far; `place` is where it goes on, None where the caller has to come back for more."""

    def __init__(self, said: bytes, place: Place | None) -> None:
        super().__init__([said], content_type="text/event-stream; charset=utf-8")
        self.place = place
        self.headers["Cache-Control"] = "no-store, no-transform"
        # What is added to it later is not compressed, so neither is this.
        self.headers["Content-Encoding"] = "identity"
        # nginx would hold it back.
        self.headers["X-Accel-Buffering"] = "no"


def stream_reply(request: HttpRequest, query: Wanted) -> HttpResponseBase:
    has_room: Callable[[HttpRequest], bool] | None = request.META.get(HAS_ROOM)
    if has_room is not None and not has_room(request):
        return _no_room()
    newest = newest_number()
    begin, (keys, unknown) = query.begins(otherwise=newest), query.whom()
    if unknown:
        # Who listens to nobody would hear nothing, for ever, and take it for quiet.
        detail = f"No fetch ever saw the vote account {', '.join(unknown)}."
        raise ApiError(404, code="unknown_validator", detail=detail)
    found = events_after(begin, kinds=query.kind, validators=keys, limit=MOST_AT_ONCE)
    is_all = len(found) < MOST_AT_ONCE
    # Some may have happened since the newest was asked for: those are told here, and not once more.
    number = max(newest, begin, *(event.number for event in found)) if is_all else found[-1].number
    said = b"retry: %d\n%b%b" % (RETRY, b"".join(map(frame, found)), mark(number))
    place = Place(number, frozenset(kind.value for kind in query.kind), frozenset(keys))
    return EventStream(said, place if is_all and has_room is not None else None)


def frame(event: ValidatorEvent) -> bytes:
    return b"id: %d\ndata: %b\n\n" % (event.number, to_json(document(event)))


def mark(number: int) -> bytes:
    """A comment, by which both sides see that the other is there, and the cursor: nothing happened before."""
    return b":\nid: %d\n\n" % number


def _no_room() -> HttpResponse:
    detail = f"Too many streams are open; come back in {SECONDS_UNTIL_ROOM} s, or ask /api/v1/events."
    return problem(503, code="too_many_streams", detail=detail, Retry_After=str(SECONDS_UNTIL_ROOM))
