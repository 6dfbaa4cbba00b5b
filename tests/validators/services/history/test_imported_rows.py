"""Loading history from a file: what it does to what is known already, and what follows from it."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint
from tests.validators.histories import file_of, line, varied
from tests.validators.looking import page, words
from tests.validators.replies import SOL, key
from tests.validators.rows import NOON, fetch, scoring_run, validator
from tests.validators.services.history.loading import load
from validators.models import ClusterEpoch, CommissionChange, IdentityChange, Validator, ValidatorEpoch
from validators.reading.picture import current_picture
from validators.reading.standings import standings
from validators.services.history import cluster_epochs
from validators.tasks import fetch_validators, score_validators

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def live(epoch: int, **fields: Any) -> ValidatorEpoch:
    """A row as our own fetches leave it, of the account named 1."""
    account = Validator.objects.filter(vote_account=key("vote 1")).first()
    return ValidatorEpoch.objects.create(
        validator=account or validator(1, vote_account=key("vote 1"), identity=key("node 1")),
        epoch=epoch,
        fetched_at=NOON,
        **({"credits_unit": "vote_credits", "source": "live"} | fields),
    )


def test_a_live_row_keeps_what_it_knows_and_learns_what_it_does_not(tmp_path: Path) -> None:
    live(900, credits=6_800_000, commission_last_bps=700, commission_max_bps=700, fetches=9, version="")

    result = load(file_of(tmp_path, line(900, credits=1, snapshots=40, commission_max=100)))

    assert (result["added"], result["changed"], result["validators_added"]) == (0, 1, 0)
    row = ValidatorEpoch.objects.get()
    assert (row.credits, row.commission_first_bps, row.commission_last_bps) == (6_800_000, None, 700)
    assert (row.commission_max_bps, row.commission_source, row.fetches) == (700, "", 9)
    assert (row.version, row.client, row.activated_stake) == ("2.2.14", "agave", 1_000 * SOL)
    assert (row.source, row.fetched_at) == ("live", NOON)
    assert row.skip_rate == pytest.approx(0.015385)


def test_what_follows_from_an_import_is_the_same_in_however_small_transactions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = file_of(tmp_path, *varied(epochs=6, accounts=8))
    load(file)
    told = followed()
    CommissionChange.objects.all().delete()
    ClusterEpoch.objects.all().delete()
    ValidatorEpoch.objects.all().delete()
    monkeypatch.setattr(cluster_epochs, "ROWS_AT_ONCE", 1)
    monkeypatch.setattr(cluster_epochs, "EPOCHS_AT_ONCE", 1)

    load(file)

    assert followed() == told
    assert told["performances"]
    assert told["changes"]


def followed() -> dict[str, list[Any]]:
    """What an import works out beside the rows that it writes."""
    known = ValidatorEpoch.objects.exclude(vote_performance=None)
    return {
        "performances": sorted(
            known.values_list("validator__vote_account", "epoch", "vote_performance", "estimated_return")
        ),
        "changes": sorted(CommissionChange.objects.values_list("validator", "epoch", "from_bps", "to_bps")),
        "flags": sorted(Validator.objects.values_list("vote_account", "commission_flags", "apy")),
    }


def test_a_live_zero_is_known_and_stays(tmp_path: Path) -> None:
    live(900, credits=0, activated_stake=0, skip_rate=0.0, cumulative_credits_at_start=0)

    load(file_of(tmp_path, line(900)))

    row = ValidatorEpoch.objects.get()
    assert (row.credits, row.activated_stake) == (0, 0)
    assert (row.skip_rate, row.cumulative_credits_at_start) == (0.0, 0)


def test_an_epoch_known_from_its_credits_only_learns_the_commissions_as_one(tmp_path: Path) -> None:
    live(900, credits=6_800_000)

    load(file_of(tmp_path, line(900, commission_first=0, commission_min=0, delinquent_snapshots=2)))

    row = ValidatorEpoch.objects.get()
    assert (row.commission_first_bps, row.commission_last_bps) == (0, 500)
    assert (row.commission_min_bps, row.commission_max_bps, row.commission_source) == (0, 500, "imported")
    assert (row.fetches, row.delinquent_fetches, row.credits) == (40, 2, 6_800_000)


def test_vote_credits_are_not_filled_into_a_row_of_lamports(tmp_path: Path) -> None:
    live(900, credits_unit="lamports")

    load(file_of(tmp_path, line(900)))

    row = ValidatorEpoch.objects.get()
    assert (row.credits, row.cumulative_credits_at_start, row.credits_unit) == (None, None, "lamports")


def test_what_a_later_file_tells_replaces_an_earlier_ones_and_what_it_does_not_stays(tmp_path: Path) -> None:
    load(file_of(tmp_path, line(900), line(901)))
    later = line(900, credits=5, version="unknown", identity="", skip_rate_percent="", commission_max=9)

    result = load(file_of(tmp_path, later, line(901)))

    assert (result["changed"], result["unchanged"]) == (1, 1)
    row = ValidatorEpoch.objects.get(epoch=900)
    assert (row.credits, row.commission_max_bps) == (5, 900)
    assert (row.version, row.client, row.identity) == ("2.2.14", "agave", key("node 1"))
    assert row.skip_rate == pytest.approx(0.015385)
    assert load(file_of(tmp_path, later, line(901)))["changed"] == 0


def test_a_client_that_a_version_suggested_goes_with_that_version(tmp_path: Path) -> None:
    load(file_of(tmp_path, line(900)))

    load(file_of(tmp_path, line(900, version="0.1105.40200")))

    row = ValidatorEpoch.objects.get()
    assert (row.version, row.client) == ("0.1105.40200", "frankendancer")


def test_a_present_validator_stays_as_it_was(tmp_path: Path) -> None:
    validator(1, vote_account=key("vote 1"), identity=key("node now"))
    before = Validator.objects.values().get()

    load(file_of(tmp_path, line(900)))

    assert Validator.objects.values().get() == before


def test_a_validator_known_from_history_only_is_never_present(tmp_path: Path) -> None:
    older = line(900, activated_stake=5, identity=key("node before"))

    load(file_of(tmp_path, older, line(901, activated_stake=7)))

    departed = Validator.objects.get()
    assert departed.left_at is not None
    assert (departed.identity, departed.activated_stake) == (key("node 1"), 7)
    assert (departed.commission_bps, departed.last_vote) == (None, 0)
    assert not Validator.objects.present().exists()
    assert not standings(current_picture()).exists()


def test_of_a_validator_known_from_history_only_nobody_says_when_it_left(
    tmp_path: Path, client: Client
) -> None:
    """It was not when the file was read, which is what its row has for want of better."""
    load(file_of(tmp_path, line(900), line(901)))
    departed = Validator.objects.get()
    fetch()
    scoring_run([(validator(7), 90.0)])

    text = words(page(client, f"/validators/{departed.vote_account}/"))
    chosen = words(page(client, f"/selection/?held={departed.vote_account}"))

    assert "Left no fetch here saw it; a history tells of it, last in epoch 901" in text
    assert "No fetch of ours ever saw it." in text
    read_at = f"{departed.left_at:%Y-%m-%d %H:%M} UTC"
    assert [read_at in one for one in (text, chosen)] == [False, False]
    assert "it left the cluster: no fetch here saw it" in chosen


def test_a_fetch_after_an_import_finds_no_change_of_commission_in_it(
    tmp_path: Path, endpoint: CannedEndpoint
) -> None:
    names = [f"{number}" for number in (1, 2, "gone")]
    load(file_of(tmp_path, *(line(989, name, commission_max=9) for name in names)))

    fetch_validators()

    assert not CommissionChange.objects.exists()
    gone = Validator.objects.get(vote_account=key("vote gone"))
    assert gone.left_at is not None
    assert Validator.objects.present().count() == 20
    assert score_validators()["scored"] == 20


def test_an_import_that_only_changes_a_row_makes_readers_ask_again(tmp_path: Path, client: Client) -> None:
    load(file_of(tmp_path, line(900), line(901)))
    address = f"/api/v1/validators/{key('vote 1')}/epochs"
    first = client.get(address)

    def again() -> Any:
        return client.get(address, headers={"If-None-Match": first.headers["ETag"]})

    load(file_of(tmp_path, line(900), line(901)))
    assert again().status_code == 304
    load(file_of(tmp_path, line(900, credits=6_800_000)))
    assert again().status_code == 200
    assert again().json() != first.json()


@pytest.mark.parametrize("identity", ["", key("an older node")])
def test_a_fetch_after_an_import_finds_no_change_of_identity_in_it(
    endpoint: CannedEndpoint, tmp_path: Path, identity: str
) -> None:
    load(file_of(tmp_path, line(985, identity=identity)))
    endpoint.current = [replies.account(number) for number in range(3)]

    fetch_validators()
    assert not IdentityChange.objects.exists()

    endpoint.current[1]["nodePubkey"] = key("another node")
    fetch_validators()
    change = IdentityChange.objects.get()
    assert (change.from_identity, change.to_identity) == (key("node 1"), key("another node"))


def test_the_cluster_in_each_epoch_follows_from_its_rows(tmp_path: Path) -> None:
    load(
        file_of(
            tmp_path,
            line(900, "a", activated_stake=60, credits=6_000_000, version="2.2.14"),
            line(900, "b", activated_stake=30, credits=3_000_000, version="0.1105.40200"),
            line(900, "c", activated_stake=10, credits="", version="unknown"),
            line(900, "d", activated_stake=0, credits=9),
            line(901, "a", activated_stake=1),
        )
    )

    cluster = ClusterEpoch.objects.get(epoch=900)
    assert (cluster.source, cluster.credits_unit) == ("imported", "vote_credits")
    assert (cluster.total_stake, cluster.validators, cluster.staked) == (100, 4, 3)
    assert cluster.mean_credits == pytest.approx((60 * 6_000_000 + 30 * 3_000_000) / 90)
    assert cluster.credit_stake_sum == 60 * 6_000_000 + 30 * 3_000_000
    assert (cluster.superminority, cluster.superminority_size) == ([key("vote a")], 1)
    assert cluster.stake_by_client == {"agave": 60, "frankendancer": 30, "unknown": 10}
    assert cluster.stake_by_version == {"2.2.14": 60, "0.1105.40200": 30, "unknown": 10}
    assert ClusterEpoch.objects.count() == 2


def test_a_live_cluster_epoch_only_learns_what_it_does_not_know(tmp_path: Path) -> None:
    ClusterEpoch.objects.create(epoch=900, credits_unit="vote_credits", mean_credits=1.5)

    load(file_of(tmp_path, line(900)))

    cluster = ClusterEpoch.objects.get()
    assert (cluster.source, cluster.mean_credits, cluster.total_stake) == ("live", 1.5, 1_000 * SOL)


def test_commission_flags_see_the_imported_past(tmp_path: Path) -> None:
    load(file_of(tmp_path, line(900), line(901, commission_max=100)))

    assert Validator.objects.get().commission_flags == [
        "above 50 %",
        "crossed 10 % upward",
        "three points or more upward within one epoch",
        "up and back within one epoch",
    ]


def test_a_file_completes_an_epoch_of_which_our_looks_saw_a_part(tmp_path: Path) -> None:
    live(900, credits=3_000_000, credits_final=False, activated_stake=5)

    load(file_of(tmp_path, line(900)))

    row = ValidatorEpoch.objects.get()
    assert (row.credits, row.credits_final, row.activated_stake) == (6_900_000, True, 5)
    assert ClusterEpoch.objects.get(epoch=900).mean_credits == 6_900_000


def test_what_a_file_says_of_the_running_epoch_may_change_yet(tmp_path: Path) -> None:
    fetch(epoch=900)

    load(file_of(tmp_path, line(899), line(900)))

    rows = ValidatorEpoch.objects.order_by("epoch").values_list("epoch", "credits_final")
    assert list(rows) == [(899, True), (900, False)]
