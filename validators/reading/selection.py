"""Choosing validators to hold, from the newest scores and what is held now."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, NamedTuple

from validators.figures import grouped
from validators.models import DelinquencyIncident
from validators.models.validators import of_history_alone
from validators.reading.caps import AskedCap, GroupNames, applied
from validators.reading.picture import Picture
from validators.reading.standings import Narrowing, standings
from validators.scoring.selection import Chosen, Full, Selection, select


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectedValidator:
    """`place` is among those asked for, 1 the best; None where it is none of them, or has no score.

    `capped_by` and `capped_group` name the group that a cap keeps it out for.
    """

    vote_account: str
    name: str | None
    name_mark: str | None
    action: str
    place: int | None
    rank: int | None
    score: float | None
    why: str
    capped_by: str | None = None
    capped_group: str | None = None

    @property
    def is_known(self) -> bool:
        return self.why != _NEVER


# Of what is held, and was never in the cluster.
_NEVER: Final = "no fetch ever saw it"


class _Other(NamedTuple):
    """Held, and none of those that there was a choice of."""

    name: str
    name_mark: str
    rank: int | None
    score: float | None
    delinquent: bool
    left_at: datetime | None
    first_seen_at: datetime | None

    @property
    def why(self) -> str:
        if self is NEVER_SEEN:
            return _NEVER
        if of_history_alone(first_seen_at=self.first_seen_at, left_at=self.left_at):
            return "it left the cluster: no fetch here saw it"
        if self.left_at is not None:
            return f"it left the cluster, as seen {self.left_at:%Y-%m-%d %H:%M} UTC"
        return "it has no score" if self.rank is None else "it is not among those asked for"


NEVER_SEEN: Final = _Other("", "", None, None, False, None, None)


@dataclass(frozen=True, slots=True)
class SelectionFound:
    """Who stays, enters, leaves, and is passed over for a cap, in that order; and how caps were applied."""

    rows: list[SelectedValidator]
    caps: Sequence[GroupNames]


def selection(
    picture: Picture,
    narrowing: Narrowing,
    *,
    held: Collection[str],
    size: int,
    band: float,
    caps: Sequence[AskedCap],
) -> SelectionFound:
    """Of each why. Who is delinquent never enters; held, it does not leave for what a single look saw.

    Three queries, another where one is held that a single look saw so, and one or two for each cap.
    """
    spared = _delinquent_in_one_look(held)
    asked_for = _asked_for(picture, narrowing, spared)
    scored = [(account, rest) for account, *rest in asked_for if rest[2] is not None]
    # Equals come by vote account, as in a run: the order of a database's own keys is of no other one.
    known = dict(sorted(scored, key=lambda one: (one[1][2], one[0])))
    silent = {account for account, rest in known.items() if rest[-1]}
    capped = applied(caps, known, size=size)
    rules = [one.cap for one in capped]
    found = select(list(known), held=held, size=size, band=band, caps=rules, barred=silent, spared=spared)
    left_out = _others(picture, [one.key for one in found.leaves if one.key not in known])
    silent |= {account for account, one in left_out.items() if one.delinquent and one.left_at is None}

    def row(one: Chosen[str], action: str, why: str) -> SelectedValidator:
        about = known.get(one.key) or left_out.get(one.key, NEVER_SEEN)
        return _selected(one, action, why, about=about, full=found.full.get(one.key))

    why = _Why(found, capped, left_out, silent, spared, size=size, ranked=len(known))
    return SelectionFound(
        [
            *(row(one, "stays", why.stays(one)) for one in found.stays),
            *(row(one, "enters", f"{why.ranked(one)}, and there is room") for one in found.enters),
            *(row(one, "leaves", why.leaves(one)) for one in found.leaves),
            *(row(one, "passed_over", why.passed_over(one)) for one in found.passed_over),
        ],
        capped,
    )


_COLUMNS: Final = ("vote_account", "name", "name_mark", "rank", "score", "delinquent")


def _delinquent_in_one_look(held: Collection[str]) -> set[str]:
    """Of those held, who votes too late in the newest look and did not in the one before."""
    begun = DelinquencyIncident.objects.filter(ended_at=None, fetches=1, validator__vote_account__in=held)
    return set(begun.values_list("validator__vote_account", flat=True))


def _asked_for(picture: Picture, narrowing: Narrowing, spared: Collection[str]) -> list[Any]:
    """Those that meet the narrowing; of the spared also who only fails for what delinquency moves."""
    found = list(standings(picture, narrowing=narrowing).values_list(*_COLUMNS))
    if spared:
        otherwise = standings(picture, narrowing=replace(narrowing, delinquent=None, least_score=None))
        found += otherwise.filter(vote_account__in=spared).values_list(*_COLUMNS)
    return found


def _others(picture: Picture, accounts: Collection[str]) -> dict[str, _Other]:
    rows = standings(picture, narrowing=None).filter(vote_account__in=accounts)
    columns = rows.values_list(*_COLUMNS, "left_at", "first_seen_at")
    return {account: _Other(*rest) for account, *rest in columns}


def _selected(
    one: Chosen[str], action: str, why: str, *, about: Sequence[Any], full: Full | None
) -> SelectedValidator:
    name, mark, rank, score, *_ = about
    return SelectedValidator(
        vote_account=one.key,
        name=name or None,
        name_mark=mark or None,
        action=action,
        place=one.place,
        rank=rank,
        score=score,
        why=why,
        capped_by=full.by if full else None,
        capped_group=full.group if full else None,
    )


class _Why:
    """In words, by what was found among those asked for."""

    def __init__(
        self,
        found: Selection[str],
        caps: Sequence[GroupNames],
        left_out: Mapping[str, _Other],
        silent: Collection[str],
        spared: Collection[str],
        *,
        size: int,
        ranked: int,
    ) -> None:
        self._found, self._left_out, self._silent = found, left_out, silent
        self._caps = {one.cap.by: one for one in caps}
        self._spared, self._size, self._ranked = spared, size, ranked

    def ranked(self, one: Chosen[str]) -> str:
        return f"place {grouped(one.place or 0)} of {grouped(self._ranked)}"

    def stays(self, one: Chosen[str]) -> str:
        inside = (one.place or 0) <= self._found.last_kept
        kept = f"held ones stay up to {grouped(self._found.last_kept)}" if inside else _NEEDED
        kept = _SPARED if one.key in self._spared else f"{kept}{self._delinquent(one)}"
        return f"{self.ranked(one)}; {kept}"

    def leaves(self, one: Chosen[str]) -> str:
        return f"{self._left(one)}{self._delinquent(one)}"

    def passed_over(self, one: Chosen[str]) -> str:
        if one.key in self._found.full:
            return self.full(one, self._found.full[one.key])
        return f"{self.ranked(one)}{self._delinquent(one)}, and who is delinquent does not enter"

    def _delinquent(self, one: Chosen[str]) -> str:
        return "; it is delinquent now" if one.key in self._silent else ""

    def _left(self, one: Chosen[str]) -> str:
        if one.place is None:
            return self._left_out.get(one.key, NEVER_SEEN).why
        if one.key in self._found.full:
            return self.full(one, self._found.full[one.key])
        if one.place <= self._found.last_kept or one.key in self._spared:
            return f"more are held than {grouped(self._size)}, and these are better"
        last_kept = grouped(self._found.last_kept)
        return f"place {grouped(one.place)} is behind {last_kept}, up to which held ones stay"

    def full(self, one: Chosen[str], full: Full) -> str:
        group = self._caps[full.by].said(full.group)
        taken = f"{grouped(full.most)} of {group} {'has' if full.most == 1 else 'have'} a place already"
        return f"{self.ranked(one)}; {taken}, as many as the cap lets in"


_NEEDED: Final = "it was needed to fill the size"
_SPARED: Final = "it is delinquent now, but in a single look so far, and no held one leaves for that"
