"""Choosing validators to hold, from the newest scores and what is held now."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from validators.figures import grouped
from validators.reading.picture import Picture
from validators.reading.standings import Narrowing, standings
from validators.scoring.selection import Chosen, select


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectedValidator:
    """`place` is among those asked for, 1 the best; None where it is none of them, or has no score."""

    vote_account: str
    name: str | None
    name_mark: str | None
    action: str
    place: int | None
    rank: int | None
    score: float | None
    why: str

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
    left_at: datetime | None

    @property
    def why(self) -> str:
        if self is NEVER_SEEN:
            return _NEVER
        if self.left_at is not None:
            return f"it left the cluster, as seen {self.left_at:%Y-%m-%d %H:%M} UTC"
        return "it has no score" if self.rank is None else "it is not among those asked for"


NEVER_SEEN: Final = _Other("", "", None, None, None)


def selection(
    picture: Picture, narrowing: Narrowing, *, held: Collection[str], size: int, band: float
) -> list[SelectedValidator]:
    """Who stays, then who enters, then who leaves, and why. Two queries."""
    columns = ("vote_account", "name", "name_mark", "rank", "score")
    asked_for = standings(picture, narrowing=narrowing).values_list(*columns)
    known = {account: rest for account, *rest in asked_for if rest[2] is not None}
    found = select(list(known), held=held, size=size, band=band)
    last_kept = grouped(found.last_kept)
    gone = [one.key for one in found.leaves if one.key not in known]
    others = standings(picture, narrowing=None).filter(vote_account__in=gone)
    left_out = {account: _Other(*rest) for account, *rest in others.values_list(*columns, "left_at")}

    def row(one: Chosen[str], action: str, why: str) -> SelectedValidator:
        name, mark, rank, score = known.get(one.key) or left_out.get(one.key, NEVER_SEEN)[:4]
        return SelectedValidator(
            vote_account=one.key,
            name=name or None,
            name_mark=mark or None,
            action=action,
            place=one.place,
            rank=rank,
            score=score,
            why=why,
        )

    def ranked(one: Chosen[str]) -> str:
        return f"place {grouped(one.place or 0)} of {grouped(len(known))}"

    def why_stays(one: Chosen[str]) -> str:
        inside = (one.place or 0) <= found.last_kept
        kept = f"held ones stay up to {last_kept}" if inside else "it was needed to fill the size"
        return f"{ranked(one)}; {kept}"

    def why_left(one: Chosen[str]) -> str:
        if one.place is None:
            return left_out.get(one.key, NEVER_SEEN).why
        if one.place <= found.last_kept:
            return f"more are held than {grouped(size)}, and these are better"
        return f"place {grouped(one.place)} is behind {last_kept}, up to which held ones stay"

    return [
        *(row(one, "stays", why_stays(one)) for one in found.stays),
        *(row(one, "enters", f"{ranked(one)}, and there is room") for one in found.enters),
        *(row(one, "leaves", why_left(one)) for one in found.leaves),
    ]
