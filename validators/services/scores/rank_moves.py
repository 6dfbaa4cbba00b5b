"""Telling whose rank by the headline method moved far, and not of every place up and down."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from validators.models import ToldRanks
from validators.services.events import Kind, News, record_events

# So many places at least, and so much of the list, whichever is more.
LEAST_PLACES: Final = 20
LEAST_SHARE: Final = 0.10
_THE_RANKS: Final = 1


def tell_rank_moves(method: str, version: str, ranks: Mapping[int, int], *, epoch: int, at: datetime) -> None:
    """`ranks` are those of a run, by validator's key. Call inside the transaction that stores it, late in it.

    A move is reckoned from the rank that was told last, or first seen: so one that goes on in small steps
    is told too, and what swings by less never is. Another method, or another version, begins anew.
    """
    told = ToldRanks.objects.select_for_update().filter(pk=_THE_RANKS).first()
    if told is None or (told.method, told.version) != (method, version):
        _remember(method, version, ranks)
        return
    before = {int(key): rank for key, rank in told.ranks.items()}
    least = max(LEAST_PLACES, LEAST_SHARE * len(ranks))
    moved = [key for key, rank in ranks.items() if key in before and abs(rank - before[key]) >= least]
    about = {"of": len(ranks), "method": method, "version": version}
    news = [News(Kind.RANK, key, {"from": before[key], "to": ranks[key], **about}) for key in moved]
    # Who is no longer scored is forgotten, and begins anew when he is back.
    known = {key: before.get(key, rank) for key, rank in ranks.items()} | {key: ranks[key] for key in moved}
    if known != before:
        _remember(method, version, known)
    record_events(news, epoch=epoch, at=at)


def _remember(method: str, version: str, ranks: Mapping[int, int]) -> None:
    ToldRanks.objects.bulk_create(
        [ToldRanks(pk=_THE_RANKS, method=method, version=version, ranks=dict(ranks))],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["method", "version", "ranks"],
    )
