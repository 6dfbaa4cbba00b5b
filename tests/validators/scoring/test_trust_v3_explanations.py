"""trust-v3 in words: parts and sentences that are true, add up, and do not contradict each other."""

import re

import pytest
from hypothesis import given

from tests.validators.scoring.pictures import past, validator
from tests.validators.scoring.test_properties import FEWER, anybody
from tests.validators.scoring.test_trust_v3 import judged
from validators.scoring.facts import ValidatorFacts
from validators.scoring.trust_v3.explanation import explained, sentence


@FEWER
@given(anybody())
def test_no_part_takes_more_than_there_is_and_the_sentence_adds_up(one: ValidatorFacts) -> None:
    assessment = judged(one)
    said = sentence(assessment.score, assessment.components)

    assert all(part.points >= -100 - 1e-9 for part in explained(assessment.components))
    hundredths = [round(float(number) * 100) for number in re.findall(r"\d+\.\d\d", said)]
    assert sum(hundredths) == 10_000
    left = 0 if "none can be counted on" in said else hundredths[0]
    assert left == round(assessment.score * 100)


def test_what_is_unknown_is_taken_before_what_a_validator_did() -> None:
    """So that nobody is charged for what we did not see, as how the epoch ended."""
    history = past(0.5, 0.6, *[1.0] * 30)._replace(end_performance=(None,) * 32)
    failed = judged(validator(1, history, delinquent=True)).components

    parts = {part.name: part for part in explained(failed)}

    assert parts["end_shortfall"].value is None
    assert parts["end_shortfall"].points == pytest.approx(0, abs=0.1)
    assert parts["last_shortfall"].points < -10


def test_no_two_sentences_contradict() -> None:
    """Nobody is told to be fine now and delinquent at once, nor to have lost by what is no loss."""
    said = [part.said for part in explained(judged(validator(1, delinquent=True)).components)]
    healthy = explained(judged(validator(1)).components)

    assert "was delinquent when this score was made" in said
    assert not any("not delinquent" in one for one in said)
    for part in healthy:
        if "as the cluster did" in part.said or "as the others" in part.said:
            assert abs(part.points) < 1e-9
    short = explained(judged(validator(1, past(0.9997, *[1.0] * 30))).components)
    assert "voted 0.03 % below the cluster in the last epoch that counts" in [part.said for part in short]
    assert "its own risk of a bad next epoch is" in short[3].said


@pytest.mark.parametrize(
    ("known", "said"), [([], "no epoch of it is judged"), ([1.0] * 9, "none of its last 10 epochs is judged")]
)
def test_epochs_of_long_ago_are_not_denied(known: list[float], said: str) -> None:
    """After Alpenglow began, a first fetch judges only epochs that ended before it, by the accounts."""
    parts = explained(judged(validator(1, past(*[None] * 40, *known))).components)

    assert [part.said.startswith(said) for part in parts if part.name == "vote_performance"] == [True]


def test_a_sentence_stands_for_itself_wherever_it_is_sorted_to() -> None:
    """No part is named by the one before it, and no mean denies what a single epoch lacked."""
    parts = {part.name: part.said for part in explained(judged(validator(1, past(1.0, 0.9, 1.0))).components)}

    assert "% below the cluster in the epoch before the last that counts" in parts["previous_shortfall"]
    assert "over the long run: each epoch counts at most 3 %, recent" in parts["earlier_shortfall"]
    # That one is of whole shortfalls, and may well be above 3 %.
    assert (
        "lacked 3.38 % of the votes before the last epoch: recent epochs weigh more"
        in parts["recent_shortfall"]
    )


@pytest.mark.parametrize(
    ("performance", "said"),
    [
        ([1.0, 1.0, 1.0], "0.08 % of the votes, no more than is usual, before the last epoch: "),
        ([1.0, 0.999, 1.0], "0.11 % of the votes, no more than is usual, before the last epoch: "),
        ([1.0, 0.99, 1.0], "0.41 % of the votes before the last epoch: "),
    ],
)
def test_the_epoch_that_is_mixed_into_a_mean_is_no_fault_of_the_validator(
    performance: list[float], said: str
) -> None:
    parts = {part.name: part.said for part in explained(judged(validator(1, past(*performance))).components)}

    assert parts["recent_shortfall"].startswith(f"counts as having lacked {said}")
    assert parts["recent_shortfall"].endswith("one as usual for the cluster (0.20 %) is mixed in")
    assert parts["delinquency"].endswith("one as usual for the cluster (0.50 %) is mixed in")


@pytest.mark.parametrize(
    ("performance", "said"),
    [
        ([0.99], ["unknown", "unknown"]),
        ([0.99, 0.98], ["lacked", "unknown"]),
        ([0.99, None, 0.98], ["lacked", "lacked"]),
        ([None, 0.98], ["lacked", "unknown"]),
        ([1.0, 1.0, 1.0], ["lacked", "lacked"]),
    ],
)
def test_what_is_mixed_into_a_mean_of_no_epoch_is_not_told_as_what_it_lacked(
    performance: list[float | None], said: list[str]
) -> None:
    parts = {part.name: part for part in explained(judged(validator(1, past(*performance))).components)}

    means = [parts[name] for name in ("recent_shortfall", "earlier_shortfall")]
    assert [("lacked" if "lacked" in one.said else "unknown") for one in means] == said
    assert all(one.said.endswith("taken to be as is usual") for one in means if "unknown" in one.said)
    assert all(one.value is not None for one in means)


def test_the_only_judged_epoch_of_the_last_ten_is_not_called_its_only_one() -> None:
    """Its account may tell of many before, which the page lists with their performance."""
    known_again = validator(1, past(0.98, *[None] * 20, *[1.0] * 9))

    parts = {part.name: part.said for part in explained(judged(known_again).components)}

    assert parts["vote_performance"] == "voted at 98.00 % of the cluster's mean in its last judged epoch"


def test_who_is_not_let_into_the_next_epoch_counts_for_nothing_and_is_told_so() -> None:
    found = judged(validator(1, left_out=True))
    parts = explained(found.components)

    assert found.score == 0
    assert found.components["risk_low"] <= found.components["risk"] <= found.components["risk_high"]
    assert "as its account was last read, is not let into the next epoch and earns nothing there" in [
        part.said for part in parts
    ]
    assert sum(part.points for part in parts) == pytest.approx(0, abs=1e-4)
