"""Which occurrences were asked for between two instants: pure, on what the journal and the ledger tell."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from scheduling.ledger.audit.past import Past, Pause, Said, read_instant
from scheduling.ledger.audit.spans import BEGINNING, ENDLESS, Span, Standing, occurrences_in, spans_of
from scheduling.timing.instants import show_instant

# Due, and not claimed yet when somebody paused or changed the schedule.
UNCLAIMED = timedelta(seconds=2)
# More of one job at once than anybody reads; a shorter time can be asked for.
MOST_ASKED = 200_000


class TooManyError(Exception):
    """More occurrences than are reckoned at once."""


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
class _Asking:
    """An occurrence that a span asked for, and why nobody had to run it, if so.

    Another span may ask for the same instant, and neither one's excuse nor its count is the other's.
    """

    occurrence: datetime
    span: Span
    excused: str

    @property
    def since(self) -> datetime:
        """When it could be claimed from, as a next run may be set that has passed."""
        return max(self.occurrence, self.span.begin)


def asked_between(past: Past, standing: Standing, *, start: datetime, end: datetime) -> Asked:
    """What was asked for from `start` to `end`, both included; raises `TooManyError`."""
    asked = Asked()
    spans = spans_of(past, standing, start=start)
    begins = (read_instant(said.after) for said in past.said("counted_from"))
    counts = (said.at for said in past.said("count") if said.after.isdigit())
    counted_from = min([start, *counts, *filter(None, begins)])
    asking: list[_Asking] = []
    for span in spans:
        occurrences = occurrences_in(span, standing, start=counted_from, end=end)
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


def _asking(occurrence: datetime, span: Span, pauses: Sequence[Pause]) -> _Asking:
    excused = _paused_at(occurrence, span, pauses)
    # An older version did not say what stood there.
    if not excused and span.end != ENDLESS and occurrence >= (span.stood or span.end - UNCLAIMED):
        excused = f"the schedule was changed at {show_instant(span.end)}, before its claim"
    return _Asking(occurrence=occurrence, span=span, excused=excused)


def _paused_at(occurrence: datetime, span: Span, pauses: Sequence[Pause]) -> str:
    for pause in pauses:
        # What was asked for after its end, or no longer at its beginning, a pause does not stop.
        if span.end <= pause.begun or (pause.lifted is not None and span.begin > pause.lifted):
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
    return max(claimed, default=BEGINNING)
