"""Scores are stored in slices between which others write, and told all at once or never."""

from collections.abc import Callable
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from scheduling.engine.execution import commit_with_run
from scheduling.exceptions import RunLostError
from tests.validators.endpoints import CannedEndpoint
from tests.validators.replies import key
from validators.exceptions import ValidatorsError
from validators.models import ScoringRun, TrustScore, Validator
from validators.monitoring import retention
from validators.monitoring.retention import STORED_BY_THEN, prune_history
from validators.reading.histories import runs_before, scores_before, validator_history
from validators.reading.picture import current_picture
from validators.services import bulk
from validators.services.scores import storing
from validators.services.scores.again import RunNotComputableError, score_again
from validators.tasks import fetch_validators, score_validators

pytestmark = [pytest.mark.database]


def told() -> list[Any]:
    """Everything that says of scores that there are some."""
    validator = Validator.objects.get(vote_account=key("vote 1"))
    return [
        current_picture().scoring_run,
        runs_before(None, method=None, limit=10),
        scores_before(validator, None, method=None, limit=10),
        validator_history(validator).scores,
    ]


@pytest.mark.django_db(transaction=True)
def test_others_write_between_the_slices_and_see_nothing_of_them(
    endpoint: CannedEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch_validators()
    monkeypatch.setattr(bulk, "ROWS_AT_ONCE", 8)
    seen: list[tuple[list[Any], int]] = []

    def look() -> None:
        with transaction.atomic():
            Validator.objects.filter(vote_account=key("vote 1")).update(details="Somebody wrote this.")
        seen.append((told(), TrustScore.objects.count()))
        connection.close()

    def committed(write: Callable[[], Any]) -> Any:
        with transaction.atomic():
            result = write()
        other = Thread(target=look)
        other.start()
        other.join()
        return result

    monkeypatch.setattr(storing, "commit_ahead", committed)
    score_validators()

    slices = [0, 8, 16, 20] if connection.vendor == "sqlite" else [0, 20]
    assert seen == [([None, [], [], []], count) for count in slices]
    assert all(told())


@pytest.mark.django_db
def test_a_run_that_died_while_it_stored_is_never_told_and_taken_away_an_hour_later(
    endpoint: CannedEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*args: Any) -> None:
        raise SystemExit

    fetch_validators()
    score_validators()
    before = told()
    with monkeypatch.context() as patched:
        patched.setattr(storing, "commit_with_run", dies)
        with pytest.raises(SystemExit):
            score_validators()
    left = ScoringRun.objects.get(status=ScoringRun.Status.STORING)

    assert (told(), left.scores.count()) == (before, 20)
    with pytest.raises(RunNotComputableError, match=f"there is no scoring run {left.pk}"):
        score_again(left.pk)
    now = timezone.now()
    for later, scores in ((timedelta(0), 40), (STORED_BY_THEN + timedelta(minutes=1), 20)):
        prune_history(keep=timedelta(days=7), now=now + later, dry_run=False)
        assert (TrustScore.objects.count(), told()) == (scores, before)


@pytest.mark.django_db
@pytest.mark.parametrize("error", [DatabaseError("the disk is full"), ValidatorsError("lost")])
def test_what_cannot_be_told_is_taken_away_at_once(
    endpoint: CannedEndpoint, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fails(*args: Any) -> None:
        raise error

    fetch_validators()
    monkeypatch.setattr(storing, "commit_with_run", fails)

    with pytest.raises(type(error)):
        score_validators()

    assert (ScoringRun.objects.count(), TrustScore.objects.count()) == (0, 0)


@pytest.mark.django_db
@pytest.mark.parametrize("is_gone", [True, False])
def test_scores_that_are_taken_away_while_they_are_stored_are_not_told(
    endpoint: CannedEndpoint, monkeypatch: pytest.MonkeyPatch, is_gone: bool
) -> None:
    def then(write: Callable[[], Any]) -> Any:
        if is_gone:
            ScoringRun.objects.all().delete()
        with monkeypatch.context() as patched:
            # A clean-up that has only begun, on a machine that slept for hours.
            patched.setattr(retention, "delete_in_batches", lambda rows: 0)
            later = timezone.now() + STORED_BY_THEN + timedelta(minutes=1)
            prune_history(keep=timedelta(days=7), now=later, dry_run=False)
        return write()

    fetch_validators()
    monkeypatch.setattr(storing, "commit_with_run", then)

    with pytest.raises(ValidatorsError, match="taken away while they were stored"):
        score_validators()
    assert current_picture().scoring_run is None


@pytest.mark.django_db(transaction=True)
def test_scores_whose_commit_was_not_answered_stay(
    endpoint: CannedEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unanswered(write: Callable[[], Any]) -> Any:
        commit_with_run(write)
        # As `within_reach` tries it again, and the end of the run, which comes next, is refused.
        commit_with_run(write)
        raise RunLostError("It was given to somebody else.")

    fetch_validators()
    monkeypatch.setattr(storing, "commit_with_run", unanswered)

    with pytest.raises(RunLostError):
        score_validators()

    assert all(told())
    assert ScoringRun.objects.completed().filter(scores=None).count() == 0
