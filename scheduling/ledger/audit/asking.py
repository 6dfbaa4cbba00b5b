"""Which occurrences were asked for between two instants: pure, on what the journal and the ledger tell."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import available_timezones

from scheduling.ledger.audit.past import NO_CADENCE, SOMEWHERE, Past, Pause, Said, read_instant
from scheduling.timing.plain_cron import plain_matches

# Due, and not claimed yet when somebody paused or changed the schedule.
UNCLAIMED = timedelta(seconds=2)
# More of one job at once than anybody reads; a shorter time can be asked for.
MOST_ASKED = 200_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BEGIN, _END = datetime(1971, 1, 1, tzinfo=UTC), datetime(9990, 1, 1, tzinfo=UTC)
_EVERY = re.compile(r"every (\d+) (d|h|min|s)(?: on the clock \+ (\d+) s)?")
_SECONDS = {"d": 86_400, "h": 3_600, "min": 60, "s": 1}
# Fewer rows than this on one grid may be those that are wrong.
MAJORITY = 3


class TooManyError(Exception):
    """More occurrences than are reckoned at once."""


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
class Grid:
    """The occurrences of one cadence, which it had from `begin` on; and the `coming` ones, oldest first,
    of which a later run counts those that it missed.
    """

    begin: datetime
    occurrences: Set[datetime]
    coming: Sequence[datetime]


@dataclass(slots=True)
class Asked:
    """The occurrences that the clock asked for, oldest first; those that nobody had to run, and why; the
    spans of which nobody knows what was asked for; and what was asked for beside the clock, and by whom.
    A start in the past lets two of the `grids` lie in one another: the last one that asked for an instant
    says what is to become of it.
    """

    occurrences: list[datetime] = field(default_factory=list)
    beside: dict[datetime, str] = field(default_factory=dict)
    excused: dict[datetime, str] = field(default_factory=dict)
    grids: list[Grid] = field(default_factory=list)
    unknown: list[tuple[datetime, datetime]] = field(default_factory=list)

    def is_unknown(self, instant: datetime) -> bool:
        return any(begin <= instant < end for begin, end in self.unknown)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """A time in which a job had one cadence on one grid.

    `first` is its first occurrence, as far as the journal says; `stood` the next run at its end.
    """

    begin: datetime
    end: datetime
    cadence: str | None
    first: datetime | None
    stood: datetime | None
    is_moved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asking:
    """An occurrence that a span asked for, and why nobody had to run it, if so.

    Another span may ask for the same instant, and neither one's excuse nor its count is the other's.
    """

    occurrence: datetime
    span: _Span
    excused: str

    @property
    def since(self) -> datetime:
        """When it could be claimed from, as a next run may be set that has passed."""
        return max(self.occurrence, self.span.begin)


def asked_between(past: Past, standing: Standing, *, start: datetime, end: datetime) -> Asked:
    """What was asked for from `start` to `end`, both included; raises `TooManyError`."""
    asked = Asked()
    spans = _spans(past, standing)
    begins = (read_instant(said.after) for said in past.said("counted_from"))
    counts = (said.at for said in past.said("count") if said.after.isdigit())
    counted_from = min([start, *counts, *filter(None, begins)])
    asking: list[_Asking] = []
    for span in spans:
        occurrences = _in_span(span, standing, start=counted_from, end=end)
        if occurrences is None:
            asked.unknown.append((span.begin, span.end))
            continue
        for occurrence in occurrences:
            asking.append(_asking(occurrence, span, standing.pauses))
            if len(asking) > MOST_ASKED:
                raise TooManyError
    left = list(_limited(asking, past, standing))
    asked.grids = _grids(asking, left)
    # The last span that asked for an instant comes last.
    for one in sorted(left, key=lambda one: one.span.begin):
        asked.excused[one.occurrence] = one.excused
    asked.excused = {occurrence: why for occurrence, why in asked.excused.items() if why}
    asked.occurrences = sorted({one.occurrence for one in left if start <= one.occurrence <= end})
    return asked


def _grids(asking: Iterable[_Asking], left: Iterable[_Asking]) -> list[Grid]:
    occurrences: defaultdict[datetime, set[datetime]] = defaultdict(set)
    for one in asking:
        occurrences[one.span.begin].add(one.occurrence)
    coming: defaultdict[datetime, list[datetime]] = defaultdict(list)
    for one in left:
        if not one.excused:
            coming[one.span.begin].append(one.occurrence)
    return [
        Grid(begin=begin, occurrences=of_span, coming=sorted(coming[begin]))
        for begin, of_span in occurrences.items()
    ]


def _asking(occurrence: datetime, span: _Span, pauses: Sequence[Pause]) -> _Asking:
    excused = _paused_at(occurrence, span, pauses)
    # An older version did not say what stood there.
    if not excused and span.end != _END and occurrence >= (span.stood or span.end - UNCLAIMED):
        excused = f"the schedule was changed at {_shown(span.end)}, before its claim"
    return _Asking(occurrence=occurrence, span=span, excused=excused)


def _spans(past: Past, standing: Standing) -> list[_Span]:
    moves = _moves(past)
    instants = sorted({*moves, *(said.at for said in past.said("cadence"))})
    spans = []
    for begin, end in zip([_BEGIN, *instants], [*instants, _END], strict=True):
        begins, ends = moves.get(begin), moves.get(end)
        stood = standing.next_run if end == _END else read_instant(ends.before) if ends else None
        spans.append(
            _Span(
                begin=begin,
                end=end,
                cadence=past.at("cadence", begin),
                first=read_instant(begins.after) if begins else None,
                stood=stood,
                is_moved=begins is not None and begins.after == SOMEWHERE,
            )
        )
    return spans


def _moves(past: Past) -> dict[datetime, Said]:
    """When the next run was set to something else than the cadence's next, from what and to what."""
    moves: dict[datetime, Said] = {}
    for said in past.said("next_run"):
        # Of several at one instant the first says what stood before, the last what came of it.
        moves[said.at] = replace(said, before=moves[said.at].before) if said.at in moves else said
    return moves


def _in_span(span: _Span, standing: Standing, *, start: datetime, end: datetime) -> Iterable[datetime] | None:
    """Its occurrences between two instants; None when nobody knows them."""
    if span.cadence is None:
        return None
    if span.cadence == NO_CADENCE or span.cadence.startswith("after "):
        return ()
    end = min(
        [end, span.end - timedelta(microseconds=1), *(one for one in standing.broken if one >= span.begin)]
    )
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
    if span.begin == _BEGIN:
        begin -= standing.oldest_missed * interval
    return _stepping(grid, interval, start=max(start, begin), end=end)


def _grid(
    interval: timedelta, *, offset: str | None, recorded: Sequence[datetime], span: _Span
) -> datetime | None:
    """Any instant of the grid: where most of its rows lie, or where the schedule stood."""
    if offset is not None:
        return _EPOCH + timedelta(seconds=int(offset))
    phases = Counter((one - _EPOCH) % interval for one in recorded)
    for phase, rows in phases.most_common(1):
        if rows >= MAJORITY and 2 * rows > len(recorded):
            return _EPOCH + phase
    return span.stood or (recorded[-1] if recorded else None)


def _first_known(span: _Span, standing: Standing, recorded: Sequence[datetime]) -> datetime:
    """From where on something was asked for, where no journal says it."""
    if span.is_moved:
        return recorded[0] if recorded else span.stood or span.end
    if span.begin != _BEGIN:
        return span.begin
    return min(filter(None, (standing.oldest, standing.next_run)), default=span.end)


def _stepping(grid: datetime, interval: timedelta, *, start: datetime, end: datetime) -> Iterator[datetime]:
    occurrence = start + (grid - start) % interval
    while occurrence <= end:
        yield occurrence
        occurrence += interval


def _paused_at(occurrence: datetime, span: _Span, pauses: Sequence[Pause]) -> str:
    for pause in pauses:
        # What was asked for after its end, or no longer at its beginning, a pause does not stop.
        if span.end <= pause.begun or (pause.end is not None and span.begin >= pause.end):
            continue
        since = max(occurrence, span.begin)
        if pause.start - UNCLAIMED < since and (pause.end is None or occurrence <= pause.end):
            return pause.why
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Count:
    """So many are left, None for no end, of what could be claimed later than `behind`, once it was set."""

    at: datetime
    behind: datetime
    left: int | None


def _limited(asking: Iterable[_Asking], past: Past, standing: Standing) -> Iterator[_Asking]:
    """Those that an end, or a count, leaves."""
    counts = _counts(past, standing)
    left: int | None = None
    for one in sorted(asking, key=lambda one: (one.since, one.span.end, one.occurrence)):
        begun = [count for count in counts if count.behind < one.since and count.at < one.span.end]
        if begun:
            left = begun[-1].left
            counts = counts[counts.index(begun[-1]) + 1 :]
        ends_at = read_instant(past.at("ends_at", one.occurrence))
        if (ends_at is not None and one.occurrence > ends_at) or left == 0:
            continue
        if left is not None and not one.excused:
            left -= 1
        yield one


def _counts(past: Past, standing: Standing) -> list[_Count]:
    begins = {said.at: read_instant(said.after) for said in past.said("counted_from")}
    return [
        _Count(
            at=said.at,
            behind=_counts_behind(said, begins.get(said.at), standing),
            left=int(said.after) if said.after.isdigit() else None,
        )
        for said in past.said("count")
    ]


def _counts_behind(said: Said, begin: datetime | None, standing: Standing) -> datetime:
    """The last instant that a count, set then, does not count: what stood unclaimed is counted."""
    if said.before == "0":  # nothing stood any more
        return said.at - timedelta(microseconds=1)
    if begin is not None:
        return begin - timedelta(microseconds=1)
    claimed = (one for one, claimed_by in standing.recorded.items() if claimed_by < said.at)
    return max(claimed, default=_BEGIN)


def _shown(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S}Z"
