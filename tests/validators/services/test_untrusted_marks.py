"""Marks that stay: no odd reply leaves one, and every real change of a commission does."""

import pytest

from tests.validators.nodes.damages import everything_kept_by
from tests.validators.nodes.trial import START_EPOCH, Trial
from tests.validators.nodes.truth import picture_of, steps_between, stored_picture
from tests.validators.nodes.witness import stored_changes
from validators.models import Validator
from validators.simulator.clock import SLOTS_PER_EPOCH, Moment

pytestmark = [pytest.mark.django_db, pytest.mark.database]

SHARE = 0.4


def _flags() -> dict[str, list[str]]:
    return dict(Validator.objects.values_list("vote_account", "commission_flags"))


WHEN = pytest.mark.parametrize("part", [0.6, 1.01], ids=["within an epoch", "at a boundary"])
WHO = pytest.mark.parametrize("alone", [True, False], ids=["alone", "before a good endpoint"])
GAP = pytest.mark.parametrize("gap", [0.1, 6.0], ids=["six minutes", "six hours"])


def _odd_once(trial: Trial, part: float, alone: bool, gap: float) -> set[str]:
    """One odd reply between good ones; returns who really changed its commission meanwhile."""
    if alone:
        trial.ask_only(trial.first)
    since = trial.chain.moment()
    trial.go_to(START_EPOCH, part)
    trial.bad.damages.append(everything_kept_by(SHARE))
    trial.fetch()
    trial.bad.recover()
    outcomes = trial.look_every(gap, times=2)
    assert [outcome.error for outcome in outcomes] == ["", ""]
    return {step.vote_account for step in steps_between(trial.chain, since, trial.chain.moment())}


@GAP
@WHO
@WHEN
def test_one_odd_reply_marks_nobody(trial: Trial, part: float, alone: bool, gap: float) -> None:
    trial.fetch()
    trial.look_every(1, times=1)
    flags = _flags()

    real = _odd_once(trial, part, alone, gap)

    after = _flags()
    assert {key: after[key] for key in flags.keys() - real} == {
        key: flags[key] for key in flags.keys() - real
    }
    assert stored_picture() == picture_of(trial.chain, trial.chain.moment())


@GAP
@WHO
@WHEN
def test_one_odd_reply_is_in_nobodys_history(trial: Trial, part: float, alone: bool, gap: float) -> None:
    trial.fetch()

    real = _odd_once(trial, part, alone, gap)

    assert [one for one in stored_changes() if one.vote_account not in real] == []


def test_an_odd_reply_of_one_node_among_others_marks_nobody(trial: Trial) -> None:
    """The address asks a bad node now and then, never twice in a row."""
    trial.fetch()
    trial.look_every(1, times=1)
    flags = _flags()
    trial.ask_only(trial.first)
    for _ in range(4):
        trial.bad.damages.append(everything_kept_by(SHARE))
        trial.look_every(0.5, times=1)
        trial.bad.recover()
        trial.look_every(0.5, times=2)

    assert _flags() == flags


def test_a_single_real_raise_is_stored_at_its_first_look_and_marked_by_the_second(trial: Trial) -> None:
    steps = steps_between(trial.chain, Moment(START_EPOCH, 300_000), Moment(START_EPOCH + 20, 0))
    step = next(one for one in steps if one.from_bps <= 1_000 < one.to_bps)
    trial.go_to(step.moment.epoch, step.moment.slot_index / SLOTS_PER_EPOCH - 0.02)
    trial.fetch()
    trial.wait(hours=2)

    trial.fetch()

    assert (step.vote_account, step.moment.epoch, step.from_bps, step.to_bps) in stored_changes()
    trial.look_every(1, times=1)
    marked = Validator.objects.get(vote_account=step.vote_account).commission_flags
    assert "crossed 10 % upward" in marked


def test_real_changes_are_few_and_all_of_them_are_stored_as_they_were_made(trial: Trial) -> None:
    trial.wait(hours=5)
    trial.fetch()
    since = trial.chain.moment()

    outcomes = trial.look_every(12, times=48)

    assert [outcome.error for outcome in outcomes] == [""] * 48
    assert trial.witness.wrong_events() == []
    # Each lasts for longer than the time between two looks.
    made = [
        (step.vote_account, step.from_bps, step.to_bps)
        for step in steps_between(trial.chain, since, trial.chain.moment())
    ]
    stored = [(one.vote_account, one.from_bps, one.to_bps) for one in stored_changes()]
    assert sorted(stored) == sorted(made) != []
