"""Lamports are paid by the stake of the epoch before: of who had none there delinquency says nothing."""

from typing import Any

import pytest

from tests.validators.rows import NOON, SOL, fetch, validator
from validators.models import ClusterEpoch, ScoringRun, TrustScore, Validator, ValidatorEpoch
from validators.reading.explanations import explained
from validators.scoring.facts import Part, ValidatorFacts
from validators.services.scores.again import score_again
from validators.services.scores.facts import cluster_facts
from validators.tasks import score_validators

pytestmark = [pytest.mark.django_db, pytest.mark.database]

EPOCH = 990
FIELD = 10
BOTH = ["trust-v3", "trust-v2"]
SAID = "it could not vote yet, for it had no stake in the epoch before"


def row(of: Validator, epoch: int, *, stake: int | None, looks: int = 0, unit: str = "lamports") -> None:
    """`looks` of four saw it delinquent, and then the last one too."""
    of.epochs.create(
        epoch=epoch, credits_unit=unit, credits=0 if looks else SOL, activated_stake=stake, fetches=4,
        delinquent_fetches=looks, delinquent_at_end=looks > 0, commission_last_bps=500,
        commission_max_bps=500, vote_performance=None if looks or epoch == EPOCH else 1.0, fetched_at=NOON,
    )  # fmt: skip


@pytest.fixture
def chain() -> None:
    """A cluster that votes in every epoch from 985 to the running one, and pays lamports from 986 on."""
    fetch(epoch=EPOCH)
    for epoch in range(985, EPOCH + 1):
        unit = "lamports" if epoch > 985 else "vote_credits"
        ClusterEpoch.objects.create(epoch=epoch, credits_unit=unit, validators=FIELD)
    for number in range(1, FIELD + 1):
        one = validator(number, activated_stake=100_000 * SOL)
        for epoch in range(985, EPOCH + 1):
            row(one, epoch, stake=100_000 * SOL, unit="lamports" if epoch > 985 else "vote_credits")


def newcomer(since: int, *, before: int | None) -> Validator:
    """Delinquent in its first epoch with stake; `before` is what it had an epoch earlier, None no account."""
    one = validator(99, activated_stake=100_000 * SOL, delinquent=since == EPOCH)
    if before is not None:
        row(one, since - 1, stake=before, looks=4)
    for epoch in range(since, EPOCH + 1):
        row(one, epoch, stake=100_000 * SOL, looks=4 if epoch == since else 0)
    return one


def facts_of(one: Validator) -> ValidatorFacts:
    cluster = cluster_facts(with_past=True)
    assert cluster is not None
    return next(found for found in cluster.validators if found.pk == one.pk)


def parts(one: Validator, method: str) -> tuple[TrustScore, dict[str, Part]]:
    run = ScoringRun.objects.get(method=method)
    score = TrustScore.objects.get(run=run, validator=one)
    found = explained(run, score.components)
    assert sum(part.points for part in found) == pytest.approx(score.score, abs=1e-3)
    return score, {part.name: part for part in found}


@pytest.mark.usefixtures("chain")
@pytest.mark.parametrize("before", [None, 0])
def test_in_its_first_epoch_with_stake_nobody_is_blamed_for_being_delinquent(
    settings: Any, before: int | None
) -> None:
    settings.SCORE_METHODS = BOTH
    one = newcomer(EPOCH, before=before)

    assert facts_of(one).could_not_vote
    score_validators()

    score, told = parts(one, "trust-v3")
    assert told["delinquent_now"].value is None
    assert told["delinquent_now"].said.endswith(SAID)
    assert told["delinquency"].said.endswith(SAID)
    assert score.components["risk_low"] < score.components["risk"] < score.components["risk_high"]
    _, told = parts(one, "trust-v2")
    assert (told["delinquent_now"].points, told["delinquent_now"].said.endswith(SAID)) == (0.0, True)
    assert all(score_again(run.pk).equal for run in ScoringRun.objects.all())


@pytest.mark.usefixtures("chain")
def test_it_scores_as_one_of_which_nothing_is_known(settings: Any) -> None:
    settings.SCORE_METHODS = BOTH
    one, unseen = newcomer(EPOCH, before=None), validator(98, activated_stake=100_000 * SOL)
    row(unseen, EPOCH, stake=100_000 * SOL)
    unseen.epochs.update(fetches=0, delinquent_at_end=None)

    score_validators()

    for method in BOTH:
        mine, other = (parts(who, method)[0] for who in (one, unseen))
        assert (mine.score, mine.components["risk"]) == (other.score, other.components["risk"])


@pytest.mark.usefixtures("chain")
def test_when_that_epoch_is_over_it_is_none_that_was_judged(settings: Any) -> None:
    settings.SCORE_METHODS = BOTH
    one = newcomer(988, before=0)

    past = facts_of(one).past
    score_validators()

    assert past.epochs == (990, 989, 988, 987)
    assert past.performance == (None, 1.0, None, None)
    assert past.delinquent_share == (0.0, 0.0, None, None)
    assert past.delinquent_at_end == (False, False, None, None)
    for method in BOTH:
        components = parts(one, method)[0].components
        assert (components["vote_performance"], components["known_of_window"]) == (1.0, 1)
        assert "could_not_vote" not in components


@pytest.mark.usefixtures("chain")
@pytest.mark.parametrize("before", [SOL, "unknown"])
def test_who_had_stake_then_or_may_have_had_some_is_judged(before: Any) -> None:
    one = newcomer(EPOCH - 1, before=SOL)
    if before == "unknown":
        one.epochs.filter(epoch=EPOCH - 2).update(activated_stake=None)

    past = facts_of(one).past

    assert (past.performance[1], past.delinquent_share[1], past.delinquent_at_end[1]) == (0.0, 1.0, True)


@pytest.mark.usefixtures("chain")
def test_who_was_there_earlier_may_be_missing_in_a_reply() -> None:
    one = newcomer(EPOCH, before=None)
    row(one, 987, stake=SOL)

    assert not facts_of(one).could_not_vote


@pytest.mark.usefixtures("chain")
def test_in_an_epoch_that_nobody_saw_who_is_absent_may_have_had_stake() -> None:
    one = newcomer(EPOCH, before=None)
    ValidatorEpoch.objects.filter(epoch=EPOCH - 1).update(activated_stake=None)

    assert not facts_of(one).could_not_vote


@pytest.mark.usefixtures("chain")
@pytest.mark.parametrize("unit", ["vote_credits", "lamports"])
def test_before_the_migration_and_in_its_epoch_votes_counted_without(unit: str) -> None:
    ClusterEpoch.objects.filter(epoch=EPOCH).update(credits_unit=unit)
    ClusterEpoch.objects.filter(epoch__lt=EPOCH).update(credits_unit="vote_credits")

    assert not facts_of(newcomer(EPOCH, before=0)).could_not_vote
