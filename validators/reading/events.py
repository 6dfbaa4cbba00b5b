"""What changed, in the order in which it was stored: for API, stream, subscriptions, pages and feeds."""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any, Final

from django.db.models import F, Min, QuerySet

from scheduling.wording import counted
from validators.models import EventTally, ValidatorEvent
from validators.scoring.facts import BAD_PERFORMANCE
from validators.solana.economics import fraction
from validators.solana.versions import Client
from validators.templatetags.units import bps_percent, fraction_percent, grouped

Kind = ValidatorEvent.Kind
Facts = Mapping[str, Any]

_NUMBERS: Final = re.compile(r"\d{1,6}\.\d{1,6}\.\d{1,6}(-(alpha|beta|rc)\.?\d{0,6})?", re.ASCII)
_OF_COMMISSION: Final = frozenset({Kind.COMMISSION, Kind.COMMISSION_CONFIRMED, Kind.MEV_COMMISSION})


def events_after(
    number: int, *, kinds: Collection[str] = (), validators: Collection[int] = (), limit: int
) -> list[ValidatorEvent]:
    """The oldest events after that number, each with its validator; kinds and keys narrow, none is all."""
    found = _events(kinds=kinds, validators=validators)
    return list(found.filter(number__gt=number).order_by("number")[:limit])


def newest_events(
    *, kinds: Collection[str] = (), validators: Collection[int] = (), before: int | None = None, limit: int
) -> list[ValidatorEvent]:
    """Newest first, each with its validator; from below a number on where one is given."""
    found = _events(kinds=kinds, validators=validators)
    if before is not None:
        found = found.filter(number__lt=before)
    return list(found.order_by("-number")[:limit])


def newest_number() -> int:
    """Of the newest event, whether it is kept or not; 0 before the first."""
    return EventTally.now().newest


def events_version() -> str:
    """Another whenever events were written or deleted."""
    tally = EventTally.now()
    return f"{tally.newest}.{tally.forgotten}"


class NotKeptError(Exception):
    """Between this beginning and the oldest event that is kept, some were deleted. Names where to begin."""


class UnknownNumberError(Exception):
    """No event had that number yet: it is of another database, or of this one before it was restored."""


def number_before(since: int | datetime | None) -> int:
    """After which number to begin, for who knows all up to a number, or up to a time, or nothing.

    A time is that of the first event at it or later: all of them come behind that number, and maybe one that
    another clock dated earlier. Raises NotKeptError and UnknownNumberError.
    """
    tally = EventTally.now()
    if since is None:
        return tally.forgotten
    too_old = tally.forgotten_at is not None and (
        since <= tally.forgotten_at if isinstance(since, datetime) else since < tally.forgotten
    )
    if too_old:
        raise NotKeptError(
            f"Events up to {tally.forgotten_at:%Y-%m-%dT%H:%M:%SZ} are no longer kept. "
            f"since={tally.forgotten} begins with the oldest that is; what was before, the lists of "
            "validators and epochs tell."
        )
    if isinstance(since, datetime):
        return _number_before(since, tally.newest)
    if since > tally.newest:
        raise UnknownNumberError(
            f"The newest event is {tally.newest}, so {since} is no cursor of this database; "
            "begin with a time."
        )
    return since


def _number_before(at: datetime, newest: int) -> int:
    # As an expression it is looked for among the times, not along all numbers.
    later = ValidatorEvent.objects.filter(at__gte=at, number__lte=newest)
    first: int | None = later.aggregate(first=Min(F("number") + 0))["first"]
    return newest if first is None else first - 1


def document(event: ValidatorEvent) -> dict[str, Any]:
    """One event as the API, its stream and subscriptions tell it; rates are fractions."""
    # PostgreSQL keeps them in an order of its own.
    validator, facts = event.validator, dict(sorted(event.facts.items()))
    if event.kind in _OF_COMMISSION:
        facts |= {side: fraction(facts.get(side)) for side in ("from", "to")}
    return {
        "id": event.number,
        "cursor": str(event.number),
        "at": event.at,
        "epoch": event.epoch,
        "kind": event.kind,
        "vote_account": validator.vote_account,
        "identity": validator.identity,
        "name": validator.name or None,
        "facts": facts,
        "sentence": sentence(event),
    }


def sentence(event: ValidatorEvent) -> str:
    """What happened, without whom it happened to: no word of it is the validator's own.

    Of what a process of another version wrote, in its own way, the kind is named: one event that is not
    understood must keep nobody from all others.
    """
    try:
        return _SENTENCES[event.kind](event.facts)
    except (KeyError, TypeError):
        return f"{event.kind.replace('_', ' ').capitalize()}."


def _events(*, kinds: Collection[str], validators: Collection[int]) -> "QuerySet[ValidatorEvent]":
    found = ValidatorEvent.objects.select_related("validator")
    if kinds:
        found = found.filter(kind__in=kinds)
    if validators:
        found = found.filter(validator__in=validators)
    return found


def _joined(facts: Facts) -> str:
    return "It is back in the cluster." if facts["returned"] else "It joined the cluster."


def _commission(facts: Facts) -> str:
    looks = "what two looks had agreed on before" if facts["confirmed"] else "seen by one look so far"
    return f"Its commission went from {bps_percent(facts['from'])} to {bps_percent(facts['to'])}: {looks}."


def _commission_confirmed(facts: Facts) -> str:
    before = "" if facts["from"] is None else f", which was {bps_percent(facts['from'])} before"
    return f"A second look saw its commission of {bps_percent(facts['to'])} too{before}."


def _mev_commission(facts: Facts) -> str:
    before, after = bps_percent(facts["from"]), bps_percent(facts["to"])
    # An account is made by what the node is set to, in the epoch or before it.
    return (
        f"Its MEV commission, of the tips, went from {before} to {after} with epoch {facts['epoch']}, "
        "in that epoch or before it."
    )


def _delinquency_ended(facts: Facts) -> str:
    what = "It left the cluster while" if facts["left"] else "It votes again after"
    times = facts["fetches"]
    return f"{what} {counted(times, 'look')} saw it delinquent."


def _admission_lost(facts: Facts) -> str:
    why = facts["reason"] or "the reason is not known"
    return f"As its account stands, it is not let into epoch {facts['epoch']}: {why}."


def _version(facts: Facts) -> str:
    before, after = _software(facts, "from"), _software(facts, "to")
    if before == after:
        return f"Its node runs another build of {after}."
    return f"Its node went from {before} to {after}."


def _software(facts: Facts, side: str) -> str:
    """Such as agave 2.1.0; what a node writes beside the numbers, and instead of them, is its own."""
    client, numbers = facts[f"{side}_client"], _NUMBERS.match(facts[side])
    known = "" if client == Client.UNKNOWN else client
    return f"{known} {numbers[0] if numbers else 'without a version'}".strip()


def _rank(facts: Facts) -> str:
    way = "up" if facts["to"] < facts["from"] else "down"
    before, after, last = (grouped(facts[name]) for name in ("from", "to", "of"))
    return f"Its rank by {facts['method']} went {way} from {before} to {after} of {last}."


def _bad_epoch(facts: Facts) -> str:
    found = facts["vote_performance"]
    # Rounded, what is a little below would be no bad one.
    is_near = round(found, 4) >= BAD_PERFORMANCE
    performance = (
        f"a little less than {fraction_percent(BAD_PERFORMANCE)}" if is_near else fraction_percent(found)
    )
    return f"Epoch {facts['epoch']} was a bad one: it voted at {performance} of the cluster's mean."


def _verdict(facts: Facts) -> str:
    failing = f" because of {', '.join(facts['failing'])}" if facts["failing"] else ""
    clears = "" if facts["clears_in"] is None else f"; out of its windows in epoch {facts['clears_in']}"
    now, before = _SAID[facts["to"]][0], _SAID[facts["from"]][1]
    # Events of before carry no title.
    rules = facts.get("title") or facts["rules"]
    return f"It {now} by the rules of {rules}{failing}{clears}; before, it {before}."


# By now, and before.
_SAID: Final = {
    "passes": ("passes", "passed"),
    "eligible": ("is eligible", "was eligible"),
    "fails": ("fails", "failed"),
    "unknown": ("is not known to pass", "was not known to pass"),
}
_SENTENCES: Final[Mapping[str, Callable[[Facts], str]]] = {
    Kind.JOINED: _joined,
    Kind.LEFT: lambda _: "It left the cluster.",
    Kind.COMMISSION: _commission,
    Kind.COMMISSION_CONFIRMED: _commission_confirmed,
    Kind.MEV_COMMISSION: _mev_commission,
    Kind.DELINQUENCY_BEGAN: lambda _: "Its last vote is 128 slots behind or more: it is delinquent.",
    Kind.DELINQUENCY_ENDED: _delinquency_ended,
    Kind.IDENTITY: lambda facts: f"Its identity was {facts['from']} and is {facts['to']}.",
    Kind.ADMISSION_LOST: _admission_lost,
    Kind.ADMISSION_REGAINED: lambda facts: (
        # Also of one without stake, which votes in no epoch.
        f"Its account no longer keeps it out of epoch {facts['epoch']}."
    ),
    Kind.VERSION: _version,
    Kind.SUPERMINORITY_ENTERED: lambda _: "It is one of the fewest that hold more than a third of the stake.",
    Kind.SUPERMINORITY_LEFT: lambda _: (
        "It is no longer one of the fewest that hold more than a third of the stake."
    ),
    Kind.RANK: _rank,
    Kind.BAD_EPOCH: _bad_epoch,
    Kind.VERDICT: _verdict,
}
