"""Two dispatchers that come to the same due schedules at once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from scheduling.engine import batches, claiming
from scheduling.models import Run
from tests.scheduling.factories import NOON, JobFactory

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture(autouse=True)
def one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "CLAIMS_PER_TRANSACTION", 1)


class Other:
    """Another dispatcher, which claims these, counted in the order we come to them, just before we do."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, faster_at: Sequence[int]) -> None:
        self._faster_at, self._seen = faster_at, 0
        monkeypatch.setattr(batches, "claim", self._claim)

    def _claim(self, due: Sequence[Any], *, now: datetime) -> list[Run]:
        self._seen += 1
        if self._seen in self._faster_at:
            claiming.claim(due, now=now)
        return claiming.claim(due, now=now)


def claimed() -> list[str]:
    return [run.job.name for recorded in batches.claim_batches(now=NOON) for run in recorded]


@pytest.mark.parametrize(
    ("faster_at", "ours"),
    [
        ([], [1, 2, 3, 4]),
        ([1], [3, 4, 2]),  # the second was left to the other, who did not come to it
        ([1, 2], [2, 4]),  # and so was the fourth
        ([4], [1, 2, 3]),
        ([1, 2, 3, 4], []),
    ],
)
def test_who_was_not_first_leaves_the_next_and_comes_back_to_what_was_left(
    monkeypatch: pytest.MonkeyPatch, faster_at: list[int], ours: list[int]
) -> None:
    names = [JobFactory().name for _ in range(4)]
    Other(monkeypatch, faster_at)

    assert claimed() == [names[number - 1] for number in ours]
    assert Run.objects.count() == 4
    assert claimed() == []


def test_who_got_nothing_is_given_no_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        JobFactory()
    Other(monkeypatch, [1, 2, 3])

    assert list(batches.claim_batches(now=NOON)) == []
