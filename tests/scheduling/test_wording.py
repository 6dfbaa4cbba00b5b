"""Counts in sentences."""

import pytest

from scheduling.wording import counted, were


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0 runs were left"),
        (1, "1 run was left"),
        (2, "2 runs were left"),
        (1_200, "1,200 runs were left"),
    ],
)
def test_a_noun_and_its_verb_go_with_their_number(number: int, said: str) -> None:
    assert f"{counted(number, 'run')} {were(number)} left" == said
