"""Recorded history for judging methods, from the tables or from a file."""

from collections.abc import Iterator
from pathlib import Path

from django.db.models import Q

from validators.exceptions import HistoryFileError, ValidatorsError
from validators.models import Fetch, ValidatorEpoch
from validators.scoring.past import EpochRow
from validators.scoring.timeline import RecordedEpoch, RecordedRow, timeline
from validators.services.blocks import counted_in_part
from validators.services.history.files import RejectedLine, opened
from validators.services.memory import collector_paused
from validators.services.scores.facts import unless

_CHUNK = 10_000


class NoHistoryError(ValidatorsError):
    """There is nothing to judge by."""


@collector_paused()
def recorded_history(path: Path | None) -> dict[int, RecordedEpoch]:
    """By epoch: of the file, without a database, or of the ended epochs in the tables when it is None.

    Raises NoHistoryError, and of a file HistoryFileError: a line that is rejected would change every measure
    unseen.
    """
    history = timeline(_stored_rows() if path is None else _file_rows(path))
    if not history:
        if path is not None:
            raise HistoryFileError(f"{path} holds no epochs")
        raise NoHistoryError("The database holds no epochs")
    return history


def _file_rows(path: Path) -> Iterator[RecordedRow]:
    with opened(path) as lines:
        for number, line in lines:
            if isinstance(line, RejectedLine):
                raise HistoryFileError(f"{path}, line {number}: {line.reason}")
            row = EpochRow(
                line.vote_account,
                line.epoch,
                None,
                line.activated_stake,
                line.fetches,
                line.delinquent_fetches,
                line.commission_last_bps,
                line.commission_max_bps,
                line.skip_rate,
                line.leader_slots,
                line.delinquent_at_end,
                line.end_performance,
            )
            yield RecordedRow(row, line.version, line.credits, line.credits_unit, line.blocks_produced)


def _stored_rows() -> Iterator[RecordedRow]:
    """The running epoch is left out: it is no outcome yet. Nor is what our looks saw of a part of one."""
    rows = ValidatorEpoch.objects.order_by("epoch", "pk")
    newest = Fetch.objects.newest()
    in_part = None
    if newest is not None:
        rows = rows.filter(epoch__lt=newest.epoch)
        in_part = counted_in_part(running=newest.epoch)
    rows = rows.annotate(
        earned=unless(Q(credits_final=False), "credits"),
        skipped=unless(in_part, "skip_rate"),
        led=unless(in_part, "leader_slots"),
    )
    columns = (
        *("validator__vote_account", "epoch", "vote_performance", "activated_stake", "fetches"),
        *("delinquent_fetches", "commission_last_bps", "commission_max_bps", "skipped", "led"),
        *("delinquent_at_end", "end_performance"),
        *("version", "earned", "credits_unit"),
    )
    for values in rows.values_list(*columns).iterator(chunk_size=_CHUNK):
        yield RecordedRow(EpochRow._make(values[:-3]), *values[-3:])
