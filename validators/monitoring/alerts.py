"""What is wrong with what we know of the cluster, or with validators that somebody watches."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Max
from django.utils.text import Truncator

from scheduling.monitoring.alerts import MOST_TROUBLES, Trouble
from scheduling.wording import counted
from validators.figures import percent
from validators.models import CommissionChange, Fetch, Subscription, Validator, ValidatorEvent, VoteState
from validators.models.watching import watched_accounts
from validators.monitoring import endpoints, readiness, sources
from validators.monitoring.admission import kept_out, time_left
from validators.templatetags.units import bps_percent

DAY: Final = timedelta(days=1)
# Of the vote accounts, or of the stake, within a day. Fetches refuse to lose half at once.
SHRUNK: Final = 0.10
# What people who delegate look out for: three points at once, above 10 %, above half.
JUMP_BPS: Final = 300
WATCHED_LIMITS_BPS: Final = (1_000, 5_000)
# Validators that one alert names; all are counted.
MOST_NAMED: Final = 5
LONGEST_OWN_WORDS: Final = 40
_PAST: Final = {"passes": "passed", "fails": "failed"}
UNWANTED_PAUSES: Final = (Subscription.Pause.FAILED, Subscription.Pause.GONE, Subscription.Pause.SECRET)


def stale_data(*, now: datetime) -> list[Trouble]:
    """The newest fetch is too old. Before the first one there is no data that could be stale."""
    newest = Fetch.objects.newest()
    problem = "" if newest is None else readiness.neglected(newest, now=now)
    return [Trouble(subject="data", message=problem)] if problem else []


def standing_chain(*, now: datetime) -> list[Trouble]:
    """No endpoint knows of a later slot than the newest fetch."""
    problem = endpoints.standing_chain()
    return [Trouble(subject="chain", message=problem)] if problem else []


def doubted_endpoints(*, now: datetime) -> list[Trouble]:
    """The endpoints whose last answers could not be true; of one that gives none, what fails for it tells."""
    found = endpoints.doubted_endpoints()
    return [Trouble(subject=name, message=message) for name, message in found.items()]


def silent_sources(*, now: datetime) -> list[Trouble]:
    """The sources that were not heard for two of their intervals, and that nobody paused."""
    return [
        Trouble(subject=one.source, message=sources.sentence(one, now=now))
        for one in sources.silent_sources(now=now)
    ]


def shrinking_cluster(*, now: datetime) -> list[Trouble]:
    """Many vote accounts, or much of the stake, are gone since yesterday."""
    newest = Fetch.objects.newest()
    if newest is None:
        return []
    most = Fetch.objects.filter(stored_at__range=(now - DAY, now)).aggregate(
        accounts=Max("validators_total"), stake=Max("staked_total")
    )
    lost = (
        ("vote accounts", "are", _lost(newest.validators_total, most["accounts"])),
        ("stake", "is", _lost(newest.staked_total, most["stake"])),
    )
    return [
        Trouble(subject=what, message=f"{percent(share, 0)} of the {what} of the last day {verb} gone.")
        for what, verb, share in lost
        if share > SHRUNK
    ]


def commission_jumps(*, now: datetime) -> list[Trouble]:
    """The watched validators that raised their commission by much, or above a limit, within a day."""
    watched = watched_accounts()
    if not watched:
        return []
    changes = CommissionChange.objects.filter(
        validator__vote_account__in=watched, seen_at__range=(now - DAY, now)
    )
    return [
        Trouble(
            subject=change.validator.vote_account,
            message=f"{change.validator.vote_account} raised its commission from "
            f"{bps_percent(change.from_bps)} to {bps_percent(change.to_bps)} in epoch {_made_in(change)}"
            f"{'; ' if change.doubt else ''}{change.doubt}."
            f"{_own_words(change.validator)}",
        )
        for change in changes.with_followers().select_related("validator").order_by("seen_at")
        if _is_jump(change.from_bps, change.to_bps)
    ]


def _made_in(change: CommissionChange) -> str:
    """What the first look of an epoch sees may have been made after the last one of the epoch before."""
    return f"{change.epoch - 1} or {change.epoch}" if change.in_first_look else str(change.epoch)


def mev_commission_jumps(*, now: datetime) -> list[Trouble]:
    """The watched validators that raised what they keep of tips by much, or above a limit, within a day."""
    return [
        Trouble(
            subject=event.validator.vote_account,
            message=f"{event.validator.vote_account} raised its MEV commission from "
            f"{bps_percent(event.facts['from'])} to {bps_percent(event.facts['to'])} with epoch "
            f"{event.facts['epoch']}, in that epoch or before it.{_own_words(event.validator)}",
        )
        for event in _events_of_watched(ValidatorEvent.Kind.MEV_COMMISSION, now=now)
        if _is_jump(event.facts["from"], event.facts["to"])
    ]


def not_admitted(*, now: datetime) -> list[Trouble]:
    """The watched validators that will not be let into the epoch after the next, as they stand.

    Of one that was not read since the boundary it is the next epoch that it will not be let into.
    """
    watched = watched_accounts()
    out = kept_out(watched) if watched else []
    read = sorted({state.epoch for state in out}, reverse=True)
    said = [_not_admitted_said([one for one in out if one.epoch == epoch], epoch, now) for epoch in read]
    return [Trouble(subject="admission", message=" ".join(said))] if said else []


def _not_admitted_said(out: Sequence[VoteState], read: int, now: datetime) -> str:
    named = ", ".join(f"{state.validator.vote_account} ({state.reason})" for state in out[:MOST_NAMED])
    more = f" and {len(out) - MOST_NAMED} more" if len(out) > MOST_NAMED else ""
    left = time_left(read, now=now)
    return (
        f"{counted(len(out), 'watched validator')} will not vote in epoch "
        f"{read + 2}{f'; {left} left to mend it' if left else ''}: {named}{more}."
    )


def changed_verdicts(*, now: datetime) -> list[Trouble]:
    """The watched validators of which a rule set said something else within a day."""
    # The last of each day and rule set; those before it are in the list of events.
    newest = {
        (event.validator.vote_account, event.facts["rules"]): event
        for event in _events_of_watched(ValidatorEvent.Kind.VERDICT, now=now)
    }
    return [
        Trouble(
            subject=f"{account} {rules}",
            message=f"{account} by {event.facts.get('title') or rules}: "
            f"{_PAST.get(event.facts['from'], event.facts['from'])} before, {event.facts['to']} now"
            f"{_failing(event.facts['failing'])}.{_own_words(event.validator)}",
        )
        for (account, rules), event in newest.items()
    ]


def _events_of_watched(kind: ValidatorEvent.Kind, *, now: datetime) -> Iterable[ValidatorEvent]:
    """Within a day, oldest first, each with its validator."""
    watched = watched_accounts()
    if not watched:
        return []
    events = ValidatorEvent.objects.filter(
        kind=kind, validator__vote_account__in=watched, at__range=(now - DAY, now)
    )
    return events.select_related("validator").order_by("number")


def _failing(rules: list[str]) -> str:
    more = f" and {len(rules) - MOST_NAMED} more" if len(rules) > MOST_NAMED else ""
    return f", because of {', '.join(rules[:MOST_NAMED])}{more}" if rules else ""


def paused_subscriptions(*, now: datetime) -> list[Trouble]:
    """Those that stopped without anybody wanting it, until they are resumed or deleted."""
    stopped = Subscription.objects.filter(paused__in=UNWANTED_PAUSES).order_by("pk")
    return [
        Trouble(
            subject=f"subscription {one.pk}",
            message=f"Subscription {one.pk} is paused: {one.get_paused_display()}. Events wait for it "
            "until it is resumed.",
        )
        for one in stopped[:MOST_TROUBLES]
    ]


def _own_words(validator: Validator) -> str:
    """What it calls itself, after the fact and short: it may call itself anything."""
    name = Truncator(validator.name).chars(LONGEST_OWN_WORDS)
    return f" It calls itself “{name}”." if name else ""


def _lost(now: int, before: int | None) -> float:
    return max(0.0, 1 - now / before) if before else 0.0


def _is_jump(before: int, after: int) -> bool:
    crosses = any(before <= limit < after for limit in WATCHED_LIMITS_BPS)
    return after - before >= JUMP_BPS or crosses
