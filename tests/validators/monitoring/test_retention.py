"""What goes by age, and what stays whatever its age."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
import time_machine

from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint
from validators.models import Fetch, ScoringRun, TrustScore, Validator, ValidatorEpoch
from validators.monitoring.retention import prune_history
from validators.tasks import fetch_validators, score_validators

pytestmark = [pytest.mark.django_db, pytest.mark.database]

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def scoring_run(
    age: timedelta, *, epoch: int = 990, status: str = "completed", fetch: Fetch | None = None
) -> ScoringRun:
    at = NOON - age
    return ScoringRun.objects.create(
        method="baseline-v1",
        version="1",
        epoch=epoch,
        status=status,
        fetch=fetch,
        started_at=at,
        finished_at=at,
    )


def fetch(age: timedelta) -> Fetch:
    at = NOON - age
    return Fetch.objects.create(
        started_at=at, stored_at=at, endpoint="x", epoch=990, absolute_slot=1, slot_index=1, slots_in_epoch=2,
        validators_total=1, staked_total=1,
    )  # fmt: skip


def prune(*, dry_run: bool = False) -> dict[str, int]:
    return prune_history(keep=HOUR, now=NOON, dry_run=dry_run)


def test_old_runs_go_and_young_ones_stay() -> None:
    old, young, newest = scoring_run(2 * HOUR), scoring_run(HOUR / 2), scoring_run(HOUR / 4)

    assert prune() == {"trust scores": 0, "scoring runs": 1, "scoring inputs": 0, "fetches": 0}

    assert set(ScoringRun.objects.all()) == {young, newest}, old


def test_the_last_completed_run_of_each_epoch_stays() -> None:
    runs = [scoring_run(9 * HOUR, epoch=epoch) for epoch in (988, 988, 989, 989, 990)]
    skipped = scoring_run(8 * HOUR, epoch=989, status="skipped")
    scoring_run(7 * HOUR, epoch=991, status="failed")
    newest = scoring_run(6 * HOUR, status="skipped")

    prune()

    assert set(ScoringRun.objects.all()) == {runs[1], runs[3], runs[4], newest}, skipped


def test_the_newest_run_stays_even_if_it_was_skipped() -> None:
    newest = scoring_run(9 * HOUR, status="skipped")

    assert prune()["scoring runs"] == 0
    assert ScoringRun.objects.get() == newest


def test_the_newest_fetch_and_those_that_kept_runs_read_stay() -> None:
    read, unread, newest = fetch(5 * HOUR), fetch(4 * HOUR), fetch(3 * HOUR)
    of_the_old_run = fetch(HOUR * 6)
    Fetch.objects.filter(pk=of_the_old_run.pk).update(stored_at=NOON - 6 * HOUR)
    newest = fetch(2 * HOUR)
    scoring_run(5 * HOUR, fetch=of_the_old_run)
    scoring_run(5 * HOUR, fetch=read)

    prune()

    assert set(Fetch.objects.all()) == {read, newest}, unread


def test_a_dry_run_counts_what_would_go_and_deletes_nothing(endpoint: CannedEndpoint) -> None:
    with time_machine.travel(NOON - 5 * HOUR, tick=False) as clock:
        for _ in range(3):
            fetch_validators()
            score_validators()
            clock.shift(timedelta(minutes=1))

    announced = prune(dry_run=True)

    assert announced == {"trust scores": 40, "scoring runs": 2, "scoring inputs": 2, "fetches": 2}
    assert (TrustScore.objects.count(), ScoringRun.objects.count(), Fetch.objects.count()) == (60, 3, 3)
    assert prune() == announced
    assert (TrustScore.objects.count(), ScoringRun.objects.count(), Fetch.objects.count()) == (20, 1, 1)


def test_the_picture_itself_is_never_pruned(endpoint: CannedEndpoint) -> None:
    with time_machine.travel(NOON - 100 * HOUR, tick=False):
        fetch_validators()
    before = (Validator.objects.count(), ValidatorEpoch.objects.count())

    prune()

    assert (Validator.objects.count(), ValidatorEpoch.objects.count()) == before == (20, 100)


def test_row_counts_are_flat_after_an_hour_of_test_mode(endpoint: CannedEndpoint) -> None:
    """Fetch every 10 s, score every 30 s, cleanup every minute, an hour kept: two hours of it."""
    endpoint.current = replies.accounts(3)
    counts: list[tuple[int, int, int]] = []
    with time_machine.travel(NOON, tick=False) as clock:
        fetch_validators()
        for second in count(step=10):
            fetch(-timedelta(seconds=second))
            if second % 30 == 0:
                score_validators()
            if second % 60 == 0:
                prune_history(keep=HOUR, now=NOON + timedelta(seconds=second), dry_run=False)
            if second % 3600 == 60 and second > 60:
                counts.append((Fetch.objects.count(), ScoringRun.objects.count(), TrustScore.objects.count()))
            if second > 2 * 3600 + 60:
                break
            clock.shift(10)

    assert len(set(counts)) == 1, counts
    assert counts[0][1:] == (121, 363)
