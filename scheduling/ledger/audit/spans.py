"""The times in which a job had one cadence, and which occurrences each of them asked for: pure."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import available_timezones

from scheduling.ledger.audit.past import NO_CADENCE, SOMEWHERE, Past, Pause, Said, read_instant
from scheduling.timing.cadence import EPOCH
from scheduling.timing.plain_cron import plain_matches

BEGINNING, ENDLESS = datetime(1971, 1, 1, tzinfo=UTC), datetime(9990, 1, 1, tzinfo=UTC)
_EVERY = re.compile(r"every (\d+) (d|h|min|s)(?: on the clock \+ (\d+) s)?")
_SECONDS = {"d": 86_400, "h": 3_600, "min": 60, "s": 1}
# Fewer rows than this on one grid may be those that are wrong.
MAJORITY = 3
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What else is known of a job: where its schedule stands, and the occurrences that have a row.

    With each of these, an instant by which it was claimed. At a `broken` one the cadence could not be, and
    nothing was asked for until it was mended. `oldest` is the oldest row there is, and counts
    `oldest_missed` before it.
    """

    next_run: datetime | None
    pauses: Sequence[Pause]
    recorded: Mapping[datetime, datetime]
    broken: Sequence[datetime] = ()
    oldest: datetime | None = None
    oldest_missed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A time in which a job had one cadence on one grid.

    `first` is its first occurrence, as far as the journal says; `stood` the next run at its end.
    """

    begin: datetime
    end: datetime
    cadence: str | None
    first: datetime | None
    stood: datetime | None
    is_moved: bool


def spans_of(past: Past, standing: Standing, *, start: datetime) -> list[Span]:
    """Oldest first and without a gap; `start` is the oldest instant from which all rows are known."""
    moves = _moves(past)
    instants = sorted({*moves, *(said.at for said in past.said("cadence"))})
    spans: list[Span] = []
    for begin, end in zip([BEGINNING, *instants], [*instants, ENDLESS], strict=True):
        begins, ends = moves.get(begin), moves.get(end)
        stood = standing.next_run if end == ENDLESS else read_instant(ends.before) if ends else None
        span = Span(
            begin=begin,
            end=end,
            cadence=past.at("cadence", begin),
            first=read_instant(begins.after) if begins else None,
            stood=stood,
            is_moved=begins is not None and begins.after == SOMEWHERE,
        )
        if begins is None and spans and (kept := _kept(spans[-1], span, standing, start=start)):
            spans[-1], span = replace(spans[-1], stood=kept), replace(span, first=kept)
        spans.append(span)
    return spans


def _kept(before: Span, span: Span, standing: Standing, *, start: datetime) -> datetime | None:
    """Where the schedule stood when its cadence was changed and its next run, which had passed, was not.

    None when it had not passed, when nobody knows, and when the next row says otherwise.
    """
    if before.is_moved:
        return None
    begin, end = before.begin, span.begin
    behind = [one for one, claimed_by in standing.recorded.items() if begin <= claimed_by < end]
    behind += [pause.end for pause in standing.pauses if pause.end and begin <= pause.end <= end]
    since = max(behind) + _INSTANT if behind else before.first or begin
    if since < start and not behind:
        return None
    kept = next(iter(occurrences_in(before, standing, start=since, end=end) or ()), None)
    coming = [one for one, claimed_by in standing.recorded.items() if span.begin <= claimed_by < span.end]
    if kept is None or not coming:
        return kept
    oldest = min(coming)
    asked = occurrences_in(replace(span, first=kept), standing, start=oldest, end=oldest)
    return kept if oldest in (asked or ()) else None


def _moves(past: Past) -> dict[datetime, Said]:
    """When the next run was set to something else than the cadence's next, from what and to what."""
    moves: dict[datetime, Said] = {}
    for said in past.said("next_run"):
        # Of several at one instant the first says what stood before, the last what came of it.
        moves[said.at] = replace(said, before=moves[said.at].before) if said.at in moves else said
    return moves


def occurrences_in(
    span: Span, standing: Standing, *, start: datetime, end: datetime
) -> Iterable[datetime] | None:
    """Its occurrences between two instants; None when nobody knows them."""
    if span.cadence is None:
        return None
    if span.cadence == NO_CADENCE or span.cadence.startswith("after "):
        return ()
    end = min([end, span.end - _INSTANT, *(one for one in standing.broken if one >= span.begin)])
    if span.cadence.startswith("cron "):
        words = span.cadence.split()[1:]
        zone = words.pop() if words[-1] in available_timezones() else "UTC"
        begin = span.first or _first_known(span, standing, ())
        return plain_matches(" ".join(words), zone, start=max(start, begin), end=end)
    matched = _EVERY.fullmatch(span.cadence)
    if matched is None:
        return None
    interval = timedelta(seconds=int(matched[1]) * _SECONDS[matched[2]])
    recorded = [one for one in standing.recorded if span.begin <= one < span.end]
    grid = span.first or _grid(interval, offset=matched[3], recorded=recorded, span=span)
    if grid is None:
        return None
    begin = span.first or _first_known(span, standing, recorded)
    if span.begin == BEGINNING:
        begin -= standing.oldest_missed * interval
    return _stepping(grid, interval, start=max(start, begin), end=end)


def _grid(
    interval: timedelta, *, offset: str | None, recorded: Sequence[datetime], span: Span
) -> datetime | None:
    """Any instant of the grid: where most of its rows lie, or where the schedule stood."""
    if offset is not None:
        return EPOCH + timedelta(seconds=int(offset))
    phases = Counter((one - EPOCH) % interval for one in recorded)
    for phase, rows in phases.most_common(1):
        if rows >= MAJORITY and 2 * rows > len(recorded):
            return EPOCH + phase
    return span.stood or (recorded[-1] if recorded else None)


def _first_known(span: Span, standing: Standing, recorded: Sequence[datetime]) -> datetime:
    """From where on something was asked for, where no journal says it."""
    if span.is_moved:
        return recorded[0] if recorded else span.stood or span.end
    if span.begin != BEGINNING:
        return span.begin
    return min(filter(None, (standing.oldest, standing.next_run)), default=span.end)


def _stepping(grid: datetime, interval: timedelta, *, start: datetime, end: datetime) -> Iterator[datetime]:
    occurrence = start + (grid - start) % interval
    while occurrence <= end:
        yield occurrence
        occurrence += interval
