"""From which look at the cluster, and by which method, an answer is."""
# ruff: noqa: S608 - the names in the statement are the models'

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import connection

from validators.models import Fetch, PictureMark, Refit, ScoringRun, SourceState, ValidatorEpoch
from validators.scoring.registry import METHODS

# An epoch whose blocks nobody told is passed over; further back, votes say little of today.
EPOCHS_UNTIL_JUDGED: Final = 3
# One statement, because it is asked at every request: each part is the end of an index, or of a few rows.
# The marks would do, but that processes of an older version, and people with SQL, leave none.
_VERSION: Final = "SELECT " + ", ".join(
    f"(SELECT {end} FROM {model._meta.db_table})"
    for model, end in (
        (Fetch, "MAX(id)"),
        (ScoringRun, "MAX(id)"),
        (ScoringRun, "MIN(id)"),
        (ValidatorEpoch, "MAX(id)"),
        (SourceState, "MAX(last_attempt_at)"),
        (PictureMark, "SUM(mark)"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The newest fetch, and the newest completed scoring run of one method; None before the first of each."""

    fetch: Fetch | None
    scoring_run: ScoringRun | None

    @property
    def as_of(self) -> datetime | None:
        return self.fetch.stored_at if self.fetch else None

    @property
    def epoch(self) -> int | None:
        return self.fetch.epoch if self.fetch else None


def current_picture(method: str | None = None) -> Picture:
    """By the headline method unless another one is named."""
    completed = ScoringRun.objects.completed().filter(method=method or headline_method())
    return Picture(fetch=Fetch.objects.newest(), scoring_run=completed.newest())


def picture_of_run(key: int | None) -> Picture | None:
    """With the scores of one completed run, or of none; None when that run is not there."""
    run = None if key is None else ScoringRun.objects.completed().filter(pk=key).first()
    if run is None and key is not None:
        return None
    return Picture(fetch=Fetch.objects.newest(), scoring_run=run)


def refit_of(run: ScoringRun | None) -> Refit | None:
    """The refit whose coefficients made a run; None where the shipped ones did."""
    if run is None:
        return None
    return Refit.objects.accepted().filter(method=run.method, version=run.version).first()


def headline_method() -> str:
    """The method whose scores are shown unless another one is asked for."""
    name: str = settings.SCORE_METHODS[0]
    return name


def picture_version() -> str:
    """Another whenever what answers are made of may be.

    That is after a fetch, a score, a source, a refit, an import, a clean-up, each of which marks it in its
    transaction (`validators.models.marks`), and with other methods or versions of them.
    """
    methods = [f"{name}.{METHODS[name].version}" for name in settings.SCORE_METHODS]
    with connection.cursor() as cursor:
        cursor.execute(_VERSION)
        return "-".join([*(str(part or 0).replace(" ", "T") for part in cursor.fetchone()), *methods])


def last_judged_epoch(picture: Picture) -> int | None:
    """The newest ended epoch whose votes are judged: that may take until its blocks are counted."""
    if picture.epoch is None:
        return None
    ended = [picture.epoch - age for age in range(1, EPOCHS_UNTIL_JUDGED + 1)]
    judged = ValidatorEpoch.objects.filter(epoch__in=ended, vote_performance__isnull=False)
    return judged.order_by("-epoch").values_list("epoch", flat=True).first()


def envelope(picture: Picture | None = None) -> dict[str, Any]:
    """The fields that every reply of the API carries, see `scheduling.api.replies.Envelope`."""
    picture = picture or current_picture()
    run = picture.scoring_run
    return {
        "as_of": picture.as_of,
        "epoch": picture.epoch,
        "method": run.method if run else None,
        "version": run.version if run else None,
    }
