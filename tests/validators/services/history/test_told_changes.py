"""The changes of commission that an imported history tells of, in the list beside those that fetches saw."""

import io
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint
from tests.validators.histories import file_of, line
from tests.validators.looking import page
from tests.validators.replies import EPOCH, epoch_credits, key
from validators import tasks
from validators.models import CommissionChange
from validators.services import told_changes
from validators.services.stretches import MOST_NAMED_KEYS

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def told(epoch: int, first: int, last: int | None = None) -> str:
    """A line of that commission in percent, at the beginning and at the end."""
    last = first if last is None else last
    numbers = {"commission_min": min(first, last), "commission_max": max(first, last)}
    return line(epoch, 1, commission_first=first, commission_last=last, **numbers)


def load(folder: Path, *lines: str) -> None:
    call_command("import_epochs", str(file_of(folder, *lines)), stdout=io.StringIO())


def look(endpoint: CannedEndpoint, epoch: int, bps: int) -> None:
    tuples = epoch_credits(5, 5, last=epoch)
    endpoint.epoch_infos = [replies.epoch_info(epoch)]
    endpoint.current = [
        replies.account(number, inflationRewardsCommissionBps=bps, epochCredits=tuples)
        for number in range(1, 4)
    ]
    tasks.fetch_validators()


def changes() -> list[tuple[int, int, int, str, bool]]:
    found = CommissionChange.objects.filter(validator__vote_account=key("vote 1")).order_by("epoch", "pk")
    return [(one.epoch, one.from_bps, one.to_bps, one.source, one.in_first_look) for one in found]


def test_rows_that_differ_from_the_one_before_or_in_themselves_are_changes(tmp_path: Path) -> None:
    load(tmp_path, told(900, 5), told(901, 5), told(902, 7), told(903, 7, 10), told(904, 10))

    assert changes() == [
        (902, 500, 700, "imported", True),
        (903, 700, 1_000, "imported", False),
    ]


def test_over_epochs_that_nobody_recorded_there_is_no_date(tmp_path: Path) -> None:
    load(tmp_path, told(900, 5), told(902, 7))

    assert changes() == []


def test_a_second_import_adds_nothing_and_a_corrected_one_takes_back(tmp_path: Path) -> None:
    load(tmp_path, told(900, 5), told(901, 7))
    load(tmp_path, told(900, 5), told(901, 7))
    assert changes() == [(901, 500, 700, "imported", True)]

    load(tmp_path, told(901, 5))

    assert changes() == []


def test_what_fetches_saw_is_not_told_twice(tmp_path: Path, endpoint: CannedEndpoint) -> None:
    """We looked in the first and in the fourth epoch; a file fills what is between."""
    for epoch, bps in ((EPOCH, 500), (EPOCH, 500), (EPOCH + 3, 700), (EPOCH + 3, 700)):
        look(endpoint, epoch, bps)

    load(tmp_path, *(told(EPOCH + number, bps) for number, bps in enumerate((5, 5, 7, 7))))

    assert changes() == [(EPOCH + 3, 500, 700, "live", True)]


@pytest.mark.parametrize("most", [MOST_NAMED_KEYS, 0])
def test_a_history_that_ends_before_our_first_look_goes_on_in_it(
    tmp_path: Path, endpoint: CannedEndpoint, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(told_changes, "MOST_NAMED_KEYS", most)
    load(tmp_path, told(EPOCH - 2, 5), told(EPOCH - 1, 5))

    look(endpoint, EPOCH, 800)
    assert changes() == []
    look(endpoint, EPOCH, 800)

    assert changes() == [(EPOCH, 500, 800, "imported", True)]


def test_pages_and_api_say_where_it_is_from_and_that_the_instant_is_unknown(
    tmp_path: Path, client: Client
) -> None:
    load(tmp_path, told(900, 5), told(901, 7))

    [change] = client.get(f"/api/v1/validators/{key('vote 1')}").json()["validator"]["commission_changes"]

    assert (change["seen_at"], change["epoch"], change["source"], change["confirmed"]) == (
        None,
        901,
        "imported",
        True,
    )
    assert (change["applies_from_epoch_at_earliest"], change["applies_from_epoch"]) == (902, 903)
    assert "imported history" in page(client, f"/validators/{key('vote 1')}/")
