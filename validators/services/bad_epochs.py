"""Telling of bad epochs, each once, when its number will not change."""

from typing import Final

from validators.models import Fetch, Origin, ValidatorEpoch, ValidatorEvent
from validators.scoring.facts import BAD_PERFORMANCE
from validators.services import bulk
from validators.services.events import Kind, News

# Blocks of an ended epoch are counted a while after it; what comes later still is history.
EPOCHS_TOLD: Final = 2


def bad_epoch_news(newest: Fetch) -> list[News]:
    """The bad ones among the last ended epochs that nobody was told of. Call when their numbers changed.

    Only of who was seen by fetches of ours in it: what accounts and files remember is no news, looks of
    others in a file neither.
    """
    first = newest.epoch - EPOCHS_TOLD
    rows = ValidatorEpoch.objects.filter(
        epoch__range=(first, newest.epoch - 1),
        credits_final=True,
        source=Origin.LIVE,
        fetches__gt=0,
        vote_performance__lt=BAD_PERFORMANCE,
    ).order_by("epoch", "validator_id")
    events = ValidatorEvent.objects.filter(kind=Kind.BAD_EPOCH, epoch__gt=first)
    told = {(key, facts["epoch"]) for key, facts in events.values_list("validator_id", "facts")}
    found = bulk.read_rows(rows.values_list("validator_id", "epoch", "vote_performance"))
    return [
        News(Kind.BAD_EPOCH, key, {"epoch": epoch, "vote_performance": performance})
        for key, epoch, performance in found
        if (key, epoch) not in told
    ]
