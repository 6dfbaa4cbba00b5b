"""A history tells 5.5 % as 6 % or as 5 %; no change, and no other number, is made of that."""

from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client

from tests.validators.endpoints import CannedEndpoint
from tests.validators.looking import page
from tests.validators.replies import EPOCH, key
from tests.validators.rows import NOON, validator
from tests.validators.services.history.test_told_changes import changes, load, look, told
from validators.models import CommissionChange, Fetch, Origin, Validator, ValidatorEpoch
from validators.reading.picture import picture_version
from validators.scoring.past import EpochColumns
from validators.services.flags import refresh_commission_flags
from validators.services.returns import _applied_commissions
from validators.services.scores.facts import _refine_commissions, cluster_facts

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def looks(endpoint: CannedEndpoint, epoch: int, bps: int) -> None:
    """Two, so that what the first one saw is confirmed."""
    look(endpoint, epoch, bps)
    look(endpoint, epoch, bps)


@pytest.mark.parametrize("percent", [5, 6])
@pytest.mark.parametrize("fetched_first", [True, False])
def test_five_and_a_half_percent_is_no_change_from_what_it_is_rounded_to(
    percent: int, fetched_first: bool, tmp_path: Path, endpoint: CannedEndpoint, client: Client
) -> None:
    lines = [told(epoch, percent) for epoch in range(EPOCH - 3, EPOCH)]
    if fetched_first:
        looks(endpoint, EPOCH, 550)
        load(tmp_path, *lines)
    else:
        load(tmp_path, *lines)
        looks(endpoint, EPOCH, 550)

    assert changes() == []
    facts = cluster_facts(with_past=True)
    assert facts is not None
    [one] = [one for one in facts.validators if one.vote_account == key("vote 1")]
    assert set(one.past.commission_bps[:4]) == set(one.past.highest_bps[:4]) == {550}
    assert _applied_commissions(EPOCH + 1)[one.pk] == 550
    text = page(client, f"/validators/{key('vote 1')}/")
    assert "None seen in the" in text


def test_a_raise_from_five_and_a_half_percent_is_told(tmp_path: Path, endpoint: CannedEndpoint) -> None:
    looks(endpoint, EPOCH, 550)
    looks(endpoint, EPOCH + 2, 620)

    load(tmp_path, *(told(EPOCH + number, percent) for number, percent in ((-1, 6), (1, 6))))

    assert changes() == [(EPOCH + 2, 550, 620, "live", True)]


def test_a_raise_that_both_tell_of_is_told_once(tmp_path: Path, endpoint: CannedEndpoint) -> None:
    looks(endpoint, EPOCH, 550)
    looks(endpoint, EPOCH + 3, 750)

    load(tmp_path, *(told(EPOCH + number, percent) for number, percent in ((1, 6), (2, 8))))

    assert changes() == [(EPOCH + 3, 550, 750, "live", True)]


def test_a_raise_from_what_a_history_tells_is_told(tmp_path: Path, endpoint: CannedEndpoint) -> None:
    load(tmp_path, told(EPOCH - 2, 6), told(EPOCH - 1, 6))
    looks(endpoint, EPOCH, 750)

    assert changes() == [(EPOCH, 600, 750, "imported", True)]


def test_a_history_of_the_running_epoch_gives_way_to_a_look(tmp_path: Path, endpoint: CannedEndpoint) -> None:
    load(tmp_path, told(EPOCH, 6))
    looks(endpoint, EPOCH, 550)

    row = ValidatorEpoch.objects.get(validator__vote_account=key("vote 1"), epoch=EPOCH)
    assert (row.commission_first_bps, row.commission_last_bps) == (550, 550)
    assert (row.commission_min_bps, row.commission_max_bps) == (550, 550)


def test_ten_and_a_half_percent_did_not_cross_ten(tmp_path: Path, endpoint: CannedEndpoint) -> None:
    load(tmp_path, told(EPOCH - 2, 10), told(EPOCH - 1, 10))
    looks(endpoint, EPOCH, 1_050)

    one = Validator.objects.get(vote_account=key("vote 1"))
    refresh_commission_flags([one.pk])
    one.refresh_from_db()
    assert one.commission_flags == []


def test_over_epochs_that_nobody_saw_it_stayed_as_well(
    tmp_path: Path, endpoint: CannedEndpoint, client: Client
) -> None:
    load(tmp_path, told(EPOCH - 5, 6))
    looks(endpoint, EPOCH, 550)

    assert "which nobody saw, it went" not in page(client, f"/validators/{key('vote 1')}/")


def test_the_migration_takes_back_what_was_rounded_and_nothing_else() -> None:
    one = validator(1)
    kept = {("imported", 600, 750), ("imported", 600, 700), ("live", 600, 550)}
    for source, before, after in (*kept, ("imported", 600, 550), ("imported", 550, 500)):
        CommissionChange.objects.create(
            validator=one, epoch=5, from_bps=before, to_bps=after, source=source,
            seen_at=NOON if source == Origin.LIVE else None,
        )  # fmt: skip

    module = import_module("validators.migrations.0028_rounded_commissions")
    versions = [picture_version()]
    for _ in range(2):
        module.take_back(apps, SimpleNamespace(connection=connection))
        versions.append(picture_version())

    assert versions[0] != versions[1] == versions[2]
    assert set(CommissionChange.objects.values_list("source", "from_bps", "to_bps")) == kept


def test_a_raise_that_one_history_tells_within_the_running_epoch_outlives_a_look(
    tmp_path: Path, endpoint: CannedEndpoint
) -> None:
    load(tmp_path, told(EPOCH, 5, 6))
    looks(endpoint, EPOCH, 550)

    row = ValidatorEpoch.objects.get(validator__vote_account=key("vote 1"), epoch=EPOCH)
    assert (row.commission_first_bps, row.commission_last_bps) == (500, 550)
    assert row.commission_min_bps == 500


def test_a_history_that_went_up_and_back_is_flagged_whatever_was_seen_between_its_percents(
    tmp_path: Path, endpoint: CannedEndpoint
) -> None:
    load(tmp_path, told(EPOCH - 3, 10), told(EPOCH - 2, 11, 10), told(EPOCH - 1, 10))
    looks(endpoint, EPOCH, 1_050)

    one = Validator.objects.get(vote_account=key("vote 1"))
    refresh_commission_flags([one.pk])
    one.refresh_from_db()
    assert "up and back within one epoch" in one.commission_flags


def test_a_raise_that_one_history_tells_stays_one_in_the_facts(
    tmp_path: Path, endpoint: CannedEndpoint
) -> None:
    load(tmp_path, told(EPOCH - 3, 5), told(EPOCH - 2, 5), told(EPOCH - 1, 6))
    looks(endpoint, EPOCH, 550)

    facts = cluster_facts(with_past=True)
    assert facts is not None
    [one] = [one for one in facts.validators if one.vote_account == key("vote 1")]
    assert list(one.past.commission_bps[:4]) == [550, 600, 500, 500]


def test_an_epoch_that_was_imported_after_the_columns_were_read_is_passed_over(
    tmp_path: Path, endpoint: CannedEndpoint
) -> None:
    looks(endpoint, EPOCH, 550)
    load(tmp_path, told(EPOCH - 1, 6))

    columns: dict[int, EpochColumns] = {}
    _refine_commissions(Fetch.objects.latest("pk"), columns)

    assert columns == {}


@pytest.mark.parametrize(
    ("looked", "lines", "told_of"),
    [
        # Which of the two is 5.5 % depends on how it rounds; that it moved does not.
        ([(0, 550)], [(-1, 5), (1, 6), (2, 6)], [(EPOCH + 1, 500, 600, "imported", True)]),
        ([(0, 550), (2, 600)], [(-1, 5), (1, 6)], [(EPOCH + 2, 550, 600, "live", True)]),
        ([(-2, 500), (0, 550)], [(-1, 5), (1, 6)], [(EPOCH, 500, 550, "live", True)]),
        ([(0, 550)], [(-1, 6), (1, 6)], []),
    ],
)
def test_what_a_history_tells_around_a_look_is_told_once(
    looked: list[tuple[int, int]],
    lines: list[tuple[int, int]],
    told_of: list[tuple[int, int, int, str, bool]],
    tmp_path: Path,
    endpoint: CannedEndpoint,
) -> None:
    for number, bps in looked:
        looks(endpoint, EPOCH + number, bps)

    load(tmp_path, *(told(EPOCH + number, percent) for number, percent in lines))

    assert changes() == told_of
