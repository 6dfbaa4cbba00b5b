"""A file and the chain's history of one validator: 5.5 % is 6 % in the one and 5 % in the other."""

from pathlib import Path

import pytest

from tests.validators.chain_histories import HistoriesEndpoint, usual
from tests.validators.histories import file_of, line
from tests.validators.services.history.chain_imports import RUNNING, VOTES, command
from validators.models import CommissionChange, ValidatorEpoch

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def lines(*epochs: int, percent: int) -> list[str]:
    told = {f"commission_{name}": percent for name in ("first", "last", "min", "max")}
    return [line(epoch, 0, **told) for epoch in epochs]


def changes() -> list[tuple[int, int, int]]:
    found = CommissionChange.objects.filter(validator__vote_account=VOTES[0]).order_by("epoch")
    return list(found.values_list("epoch", "from_bps", "to_bps"))


@pytest.mark.parametrize("file_first", [True, False])
@pytest.mark.parametrize("is_older", [True, False])
@pytest.mark.parametrize(("percent", "told"), [(6, False), (4, False), (5, False), (7, True)])
def test_one_percent_where_two_histories_join_is_no_change(
    percent: int,
    told: bool,
    is_older: bool,
    file_first: bool,
    followed: HistoriesEndpoint,
    tmp_path: Path,
) -> None:
    of_file, of_chain = (6, 5), (4, 3, 2, 1)
    if not is_older:
        of_file, of_chain = (2, 1), (6, 5, 4, 3)
    file = file_of(tmp_path, *lines(*(RUNNING - age for age in of_file), percent=percent))
    followed.has(VOTES[0], *(usual(RUNNING - age) for age in of_chain))

    for origin in (str(file), "chain") if file_first else ("chain", str(file)):
        command("--from", origin)

    assert ValidatorEpoch.objects.filter(validator__vote_account=VOTES[0]).count() == 6
    change = (RUNNING - 4, 100 * percent, 500) if is_older else (RUNNING - 2, 500, 100 * percent)
    assert changes() == ([change] if told else [])


def test_one_percent_within_a_history_is_a_change(followed: HistoriesEndpoint, tmp_path: Path) -> None:
    file = file_of(tmp_path, *lines(RUNNING - 6, percent=7), *lines(RUNNING - 5, percent=6))
    entries = [usual(RUNNING - 4), usual(RUNNING - 3), usual(RUNNING - 2, percent=4)]
    followed.has(VOTES[0], *entries)

    command("--from", str(file))
    command("--from", "chain")

    assert changes() == [(RUNNING - 5, 700, 600), (RUNNING - 2, 500, 400)]
