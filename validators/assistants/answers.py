"""An answer of the API for assistants: what it is about first, and strangers' words marked as theirs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.http import HttpResponse
from django.utils import timezone

from validators.models import Fetch, ValidatorEvent
from validators.monitoring.endpoints import known_names
from validators.monitoring.readiness import nothing_fetched
from validators.reading.cluster import sources
from validators.solana.endpoint_names import publicly

UNTRUSTED: Final = "untrusted_text"
# What validators and their nodes write themselves, in whatever shape tells of one.
_OF_STRANGERS: Final = ("name", "website", "details", "keybase", "version")
# A shape with one of these tells of a validator: parts of scores have names as well, which are ours.
_TELL_OF_A_VALIDATOR: Final = frozenset({"vote_account", "credits_unit"})
# Of the API, for older callers: `flags` tells the same, with codes and epochs.
_LEFT_OUT: Final = frozenset({"commission_flags", "commission_marks"})
_ABOUT: Final = ("epoch", "as_of", "method", "version", "scored_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`document` is all of it; `said` one line of our own words and numbers."""

    document: Mapping[str, Any]
    said: str


def answer_of(reply: HttpResponse, counted: str) -> Answer:
    """Of a good reply of an operation; `counted` says how much is in it, for people."""
    document: dict[str, Any] = json.loads(reply.content)
    about = _about({name: document.pop(name) for name in _ABOUT if name in document})
    return Answer(document={"about": about, **_marked(document)}, said=f"{counted} {_seen(about)}")


def _about(told: dict[str, Any]) -> dict[str, Any]:
    now, as_of = timezone.now(), told.get("as_of")
    at = datetime.fromisoformat(as_of) if as_of else None
    fetch = Fetch.objects.filter(stored_at=at).order_by("-pk").first() if at else None
    return {
        "epoch": told.get("epoch"),
        "as_of": as_of,
        "age_seconds": _seconds(at, now),
        "source": publicly(fetch.endpoint, known_names()) if fetch else None,
        "source_ages_seconds": {one.source: _seconds(one.last_success_at, now) for one in sources()},
        "method": told.get("method"),
        "version": told.get("version"),
        "scored_at": told.get("scored_at"),
    }


def _seconds(at: datetime | None, now: datetime) -> int | None:
    return None if at is None else max(0, round((now - at).total_seconds()))


def _seen(about: Mapping[str, Any]) -> str:
    if about["as_of"] is None:
        return nothing_fetched()
    source = about["source"] or "an endpoint that is no longer known"
    scores = f"scores by {about['method']} {about['version']}" if about["method"] else "no scores"
    return f"Epoch {about['epoch']}, seen {about['age_seconds']} s ago by {source}; {scores}."


def _marked(told: Any) -> Any:
    if isinstance(told, list):
        return [_marked(one) for one in told]
    if not isinstance(told, dict):
        return told
    kept = {name: _marked(value) for name, value in told.items() if name not in _LEFT_OUT}
    if _TELL_OF_A_VALIDATOR.isdisjoint(kept):
        return kept
    theirs = {name: kept.pop(name) for name in _OF_STRANGERS if name in kept}
    if kept.get("kind") == ValidatorEvent.Kind.VERSION:
        theirs["facts"] = kept.pop("facts")
    return kept | {UNTRUSTED: theirs} if theirs else kept
