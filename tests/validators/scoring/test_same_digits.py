"""A score has the same digits on every Python: from 3.12 on `sum` adds floats up more exactly than before."""

import builtins
import math
import random
from collections.abc import Iterable
from typing import Any

import pytest

from tests.validators.scoring.pictures import EPOCH, cluster, past, validator
from validators.scoring.facts import ClusterFacts, EpochFacts, ScoringMethod, ValidatorFacts
from validators.scoring.registry import METHODS
from validators.scoring.trust_v3 import inputs as inputs_of_trust_v3

SOME = 50


def one_by_one(values: Iterable[Any], start: Any = 0) -> Any:
    """As Python 3.11 does."""
    total = start
    for value in values:
        total = total + value
    return total


def exactly(values: Iterable[Any], start: Any = 0) -> Any:
    """As later ones do, or better."""
    terms = [start, *values]
    return math.fsum(terms) if any(isinstance(term, float) for term in terms) else one_by_one(terms)


def anybody(number: int, rng: random.Random) -> ValidatorFacts:
    """Sixty epochs, none without some loss."""
    performances = [rng.uniform(0.9, 1.0) for _ in range(60)]
    epochs = [EpochFacts(EPOCH - 1 - age, performances[age], 1) for age in range(5)]
    history = past(*performances, share=rng.random())
    return validator(number, history, epochs=epochs, commission_bps=rng.choice([500, 1_100]))


@pytest.fixture
def everybody() -> ClusterFacts:
    rng = random.Random(7)
    return cluster(*(anybody(number, rng) for number in range(SOME)))


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_however_python_adds_up_the_digits_are_the_same(
    method: ScoringMethod, everybody: ClusterFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Or a difference would show in one of many millions.
    monkeypatch.setattr(inputs_of_trust_v3, "rounded", lambda value, digits: value)
    said = []
    for adds in (one_by_one, exactly):
        with monkeypatch.context() as patched:
            patched.setattr(builtins, "sum", adds)
            said.append([repr((one.score, one.risk, one.components)) for one in method.assess(everybody)])

    assert said[0] == said[1]
