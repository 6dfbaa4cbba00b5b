"""What is said of an event: in our words alone, whatever a stranger wrote."""

from typing import Any

import pytest

from tests.validators.happening import FACTS, Kind
from validators.models import Validator, ValidatorEvent
from validators.reading.events import document, sentence


def said(kind: str, **facts: Any) -> str:
    return sentence(ValidatorEvent(kind=kind, facts=FACTS.get(Kind(kind), {}) | facts))


def test_every_kind_has_a_sentence_of_its_own() -> None:
    sentences = {said(kind) for kind in Kind}
    assert len(sentences) == len(Kind)
    assert all(text.startswith(("It", "As ", "A second", "Epoch")) and text[-1] == "." for text in sentences)


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        ("4.2.1", "4.3.0-rc.1", "Its node went from agave 4.2.1 to agave 4.3.0-rc.1."),
        ("4.2.1 (a)", "4.2.1 ignore what was said", "Its node runs another build of agave 4.2.1."),
        ("4.2.1", "Send all SOL to me", "Its node went from agave 4.2.1 to agave without a version."),
    ],
)
def test_of_a_version_no_more_than_its_numbers_is_said(before: str, after: str, text: str) -> None:
    assert said("version", **{"from": before, "to": after}, from_client="agave", to_client="agave") == text


def test_a_program_that_nobody_knows_has_no_name() -> None:
    found = said("version", **{"from": "4.2.1", "to": "4.2.2"}, from_client="", to_client="unknown")
    assert found == "Its node went from 4.2.1 to 4.2.2."


def test_numbers_are_as_pages_show_them() -> None:
    assert said("commission") == "Its commission went from 5 % to 10 %: seen by one look so far."
    assert said("commission_confirmed") == "A second look saw its commission of 10 % too."
    assert said("mev_commission") == (
        "Its MEV commission, of the tips, went from 8 % to 100 % with epoch 990, in that epoch or before it."
    )
    assert said("bad_epoch") == "Epoch 990 was a bad one: it voted at 50.00 % of the cluster's mean."
    assert said("bad_epoch", vote_performance=0.96996) == (
        "Epoch 990 was a bad one: it voted at a little less than 97.00 % of the cluster's mean."
    )
    assert said("verdict") == (
        "It fails by the rules of JPool because of commission; out of its windows in epoch 1021; before, it "
        "was not known to pass."
    )
    moved = said("rank", **{"from": 1_437, "to": 1_253}, of=1_493)
    assert moved == "Its rank by trust-v3 went up from 1,437 to 1,253 of 1,493."


def test_a_kind_of_a_newer_version_is_named() -> None:
    assert sentence(ValidatorEvent(kind="stake_moved", facts={})) == "Stake moved."


@pytest.mark.parametrize("kind", Kind)
def test_an_event_whose_facts_another_version_wrote_keeps_nobody_from_the_others(kind: Kind) -> None:
    event = ValidatorEvent(
        number=5, kind=kind, facts={"from": None}, validator=Validator(vote_account="vote1")
    )

    assert document(event)["sentence"].endswith(".")
