"""Who looks on while fetches are stored: which true moment each of them stored, and what follows from these.

From the moments alone it works out the events that must be stored: each commission and each
outage exactly as the looks showed them. It shares no arithmetic with the project.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.utils import timezone

from tests.validators.nodes.address import Sighting
from tests.validators.nodes.chain import Chain
from tests.validators.nodes.truth import Seen, picture_of, stored_picture
from validators.models import CommissionChange, DelinquencyIncident, Fetch
from validators.simulator.clock import Moment

# Votes and epoch info of one look are this near, or thousands of slots apart: a minute does no harm.
NEAR_SLOTS = 1_000
# A look in which more than this share of all commissions changed may be believed only when repeated.
MOST_CHANGED_SHARE = 0.05


class Look(NamedTuple):
    """A moment of the chain that a fetch stored."""

    at: datetime
    moment: Moment
    picture: dict[str, Seen]


class Change(NamedTuple):
    vote_account: str
    epoch: int
    from_bps: int
    to_bps: int


class Incident(NamedTuple):
    vote_account: str
    started_at: datetime
    ended_at: datetime | None


@dataclass(slots=True)
class Witness:
    """Sees the tables after each fetch of votes. Complaints are pictures that no node showed in truth."""

    chain: Chain
    looks: list[Look] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    _newest: int | None = None

    def look(self, sightings: Iterable[Sighting]) -> None:
        """After a fetch that was answered so; nothing new stored is no look."""
        fetch = Fetch.objects.newest()
        if fetch is None or fetch.pk == self._newest:
            return
        self._newest = fetch.pk
        stored = stored_picture()
        shown = {
            one.moment
            for one in sightings
            if one.method == "getVoteAccounts" and one.node.chain is self.chain
        }
        for moment in sorted(shown, key=lambda one: one.absolute_slot, reverse=True):
            true = picture_of(self.chain, moment)
            if _without_commission(stored) == _without_commission(true):
                self._remember(fetch, moment, true, stored)
                return
        true = picture_of(self.chain, max(shown, key=lambda one: one.absolute_slot)) if shown else {}
        other = {key for key in stored.keys() | true.keys() if stored.get(key) != true.get(key)}
        first = min(other, default="")
        self.complaints.append(
            f"{fetch} of {fetch.started_at}: stored is what was true at no moment shown; {len(other)} are "
            f"otherwise at the latest, first {first[:8]}: {stored.get(first)} instead of {true.get(first)}"
        )

    def _remember(self, fetch: Fetch, moment: Moment, true: dict[str, Seen], stored: dict[str, Seen]) -> None:
        if abs(fetch.absolute_slot - moment.absolute_slot) > NEAR_SLOTS:
            self.complaints.append(
                f"{fetch}: votes of slot {moment.absolute_slot} stored as of slot {fetch.absolute_slot}"
            )
        if self.looks and moment.absolute_slot <= self.looks[-1].moment.absolute_slot:
            before = self.looks[-1].moment
            self.complaints.append(f"{fetch}: went from {before} back to {moment}")
        if stored != true and not self._is_crowded(true):
            self.complaints.append(f"{fetch}: a commission that is not the chain's")
        self.looks.append(Look(timezone.now(), moment, true))

    def _is_crowded(self, true: dict[str, Seen]) -> bool:
        """Whether so many commissions changed at once that the look may have to be repeated."""
        if not self.looks:
            return False
        changed = len(list(_changes(self.looks[-1].picture, true, 0)))
        return changed > MOST_CHANGED_SHARE * len(true)

    def changes(self) -> list[Change]:
        """What must be stored of commissions, in order."""
        last: dict[str, Seen] = {}
        found: list[Change] = []
        for look in self.looks:
            found += _changes(last, look.picture, look.moment.epoch)
            last |= look.picture
        return sorted(found)

    def incidents(self) -> set[Incident]:
        """What must be stored of outages."""
        since: dict[str, datetime] = {}
        found = set()
        for look in self.looks:
            late = {key for key, seen in look.picture.items() if seen.delinquent}
            found |= {Incident(key, since.pop(key), look.at) for key in since.keys() - late}
            for key in late:
                since.setdefault(key, look.at)
        return found | {Incident(key, at, None) for key, at in since.items()}

    def wrong_events(self) -> list[str]:
        """How the stored events differ from these; empty when they do not."""
        wrong = [f"{name} not stored: {one}" for name, one in _missing(self.changes(), stored_changes())]
        wrong += [
            f"{name} stored for nothing: {one}" for name, one in _missing(stored_changes(), self.changes())
        ]
        mine, stored = self.incidents(), stored_incidents()
        wrong += [f"outage not stored: {one}" for one in sorted(mine - stored, key=str)]
        return wrong + [f"outage stored for nothing: {one}" for one in sorted(stored - mine, key=str)]


def _changes(before: dict[str, Seen], after: dict[str, Seen], epoch: int) -> Iterator[Change]:
    for key, seen in after.items():
        known = before[key].commission_bps if key in before else seen.commission_bps
        if known != seen.commission_bps and known is not None and seen.commission_bps is not None:
            yield Change(key, epoch, known, seen.commission_bps)


def _missing(wanted: list[Change], there: list[Change]) -> Iterator[tuple[str, Change]]:
    left = list(there)
    for one in wanted:
        if one in left:
            left.remove(one)
        else:
            yield "commission change", one


def _without_commission(picture: dict[str, Seen]) -> dict[str, Seen]:
    return {key: seen._replace(commission_bps=None) for key, seen in picture.items()}


def stored_changes() -> list[Change]:
    rows = CommissionChange.objects.values_list("validator__vote_account", "epoch", "from_bps", "to_bps")
    return sorted(Change(*row) for row in rows)


def stored_incidents() -> set[Incident]:
    rows = DelinquencyIncident.objects.values_list("validator__vote_account", "started_at", "ended_at")
    return {Incident(*row) for row in rows}
