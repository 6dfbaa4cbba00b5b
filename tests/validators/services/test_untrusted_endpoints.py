"""A bad endpoint before a good one, over several fetches: what is stored is what is true on the chain."""

import pytest

from tests.validators.nodes.kinds import IMPLAUSIBLE, REFUSING, VOTE_METHODS, Kind, blames
from tests.validators.nodes.trial import START_EPOCH, Trial
from tests.validators.nodes.truth import picture_of, stored_picture
from tests.validators.services.sources import state
from tests.validators.services.stored import picture
from validators.models import Fetch

pytestmark = pytest.mark.django_db

EVERY_KIND = IMPLAUSIBLE | REFUSING
# Those that begin after the same good looks share them.
BEGINNINGS = pytest.mark.parametrize(
    ("part", "hours"), sorted({(kind.part, kind.hours) for kind in EVERY_KIND.values()})
)


def _good_looks(trial: Trial, part: float, hours: float) -> None:
    """Two of them, the last where the kinds want to begin."""
    trial.fetch()
    if part > 0.5:
        trial.go_to(START_EPOCH, part)
    else:
        trial.wait(hours=hours)
    trial.fetch()
    assert len(trial.witness.looks) == 2


def _kinds(part: float, hours: float) -> dict[str, Kind]:
    return {name: kind for name, kind in EVERY_KIND.items() if (kind.part, kind.hours) == (part, hours)}


@pytest.mark.database
@BEGINNINGS
def test_the_next_good_endpoint_is_used_in_the_same_run_which_says_who_was_passed_over_and_why(
    trial: Trial, part: float, hours: float, subtests: pytest.Subtests
) -> None:
    _good_looks(trial, part, hours)
    for name, kind in _kinds(part, hours).items():
        with subtests.test(name), trial.undone():
            kind.spoils(trial)

            outcomes = trial.look_every(hours, times=3)

            assert [outcome.endpoint for outcome in outcomes] == [trial.second.url] * 3
            assert blames(outcomes[0], trial.first, methods=VOTE_METHODS, cause=kind.cause), outcomes[0]
            assert stored_picture() == picture_of(trial.chain, trial.chain.moment())
            assert (trial.witness.complaints, trial.witness.wrong_events()) == ([], [])


@pytest.mark.database
@BEGINNINGS
def test_a_bad_endpoint_alone_stores_nothing_is_named_and_is_believed_again_once_it_recovers(
    trial: Trial, part: float, hours: float, subtests: pytest.Subtests
) -> None:
    _good_looks(trial, part, hours)
    before = picture()
    for name, kind in _kinds(part, hours).items():
        with subtests.test(name), trial.undone():
            trial.ask_only(trial.first)
            kind.spoils(trial)

            outcomes = trial.look_every(hours, times=2)

            assert (picture(), Fetch.objects.count()) == (before, 2)
            assert [outcome.result for outcome in outcomes] == [None] * 2
            passed_over = [
                blames(one, trial.first, methods=VOTE_METHODS, cause=kind.cause) for one in outcomes
            ]
            assert passed_over == [True] * 2, outcomes
            assert state("votes").last_error == outcomes[-1].error

            trial.bad.chain = trial.chain
            trial.bad.recover()
            later = trial.look_every(hours, times=2)

            assert [outcome.error for outcome in later] == ["", ""]
            assert stored_picture() == picture_of(trial.chain, trial.chain.moment())
            assert (trial.witness.complaints, trial.witness.wrong_events()) == ([], [])
