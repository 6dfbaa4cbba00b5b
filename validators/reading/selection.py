"""Choosing validators to hold, from the newest scores and what is held now."""

from collections.abc import Collection
from dataclasses import dataclass

from validators.models import Validator
from validators.reading.picture import Picture
from validators.reading.standings import Narrowing, standings
from validators.scoring.selection import Chosen, select


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectedValidator:
    """`place` is among those asked for, 1 the best; None where it is none of them, or has no score."""

    vote_account: str
    name: str
    action: str
    place: int | None
    rank: int | None
    score: float | None
    why: str


def selection(
    picture: Picture, narrowing: Narrowing, *, held: Collection[str], size: int, band: float
) -> list[SelectedValidator]:
    """Who stays, then who enters, then who leaves, and why. Two queries."""
    columns = ("vote_account", "name", "rank", "score")
    asked_for = standings(picture, narrowing=narrowing).values_list(*columns)
    known = {account: (name, rank, score) for account, name, rank, score in asked_for if rank is not None}
    found = select(list(known), held=held, size=size, band=band)
    gone = [one.key for one in found.leaves if one.key not in known]
    names = dict(Validator.objects.filter(vote_account__in=gone).values_list("vote_account", "name"))

    def row(one: Chosen[str], action: str, why: str) -> SelectedValidator:
        name, rank, score = known.get(one.key, (names.get(one.key, ""), None, None))
        return SelectedValidator(
            vote_account=one.key, name=name, action=action, place=one.place, rank=rank, score=score, why=why
        )

    def why_left(one: Chosen[str]) -> str:
        if one.place is None:
            known_at_all = one.key in names
            return "has no score, or is not among those asked for" if known_at_all else "no fetch ever saw it"
        behind = f"place {one.place} is behind {found.last_kept}"
        return behind if one.place > found.last_kept else f"more are held than {size}, and these are better"

    return [
        *(row(one, "stays", f"place {one.place} of {len(known)}") for one in found.stays),
        *(row(one, "enters", f"place {one.place} of {len(known)}, and one was free") for one in found.enters),
        *(row(one, "leaves", why_left(one)) for one in found.leaves),
    ]
