"""Where validators are and who runs them: what is stored of it, with and without a database of networks."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint
from tests.validators.networks.mmdb_writer import mmdb
from tests.validators.replies import EPOCH, SOL
from validators import tasks
from validators.models import ConcentrationEpoch, NetworkDatabase, Validator
from validators.monitoring import networks
from validators.reading.groups import groups_of
from validators.services.places import places_of

pytestmark = [pytest.mark.django_db, pytest.mark.database]

# Two in a /24 of one network, two at one address of another, one of a third, one whose address is private.
SOCKETS = (
    *("192.0.2.1:8001", "192.0.2.200:8001", "198.51.100.9:8001", "198.51.100.9:9001"),
    *("[2001:db8::1]:8001", "10.0.0.1:8001"),
)
TSV = """192.0.2.0\t192.0.2.127\t64496\tDE\tSOME Some GmbH
192.0.2.128\t192.0.2.255\t64496\tNL\tSOME Some GmbH
198.51.100.0\t198.51.100.255\t64497\tDE\tOTHER
"""


@pytest.fixture
def cluster(endpoint: CannedEndpoint) -> CannedEndpoint:
    """Six validators with 10, 20, … 60 SOL."""
    endpoint.current[:] = [
        replies.account(number, activatedStake=(number + 1) * 10 * SOL) for number in range(len(SOCKETS))
    ]
    endpoint.results["getClusterNodes"] = [
        replies.node(account["nodePubkey"]) | {"gossip": socket}
        for account, socket in zip(endpoint.current, SOCKETS, strict=True)
    ]
    tasks.fetch_validators()
    return endpoint


def stored(*fields: str) -> list[tuple[Any, ...]]:
    return list(Validator.objects.order_by("activated_stake").values_list(*fields))


def kept(by: str, *fields: str) -> tuple[Any, ...]:
    row: tuple[Any, ...] = ConcentrationEpoch.objects.values_list(*fields).get(epoch=EPOCH, by=by)
    return row


def test_without_a_database_networks_are_prefixes_and_countries_unknown(cluster: CannedEndpoint) -> None:
    tasks.fetch_nodes()

    assert stored("address", "address_epoch", "network", "country") == [
        ("192.0.2.1", EPOCH, "192.0.2.0/24", ""),
        ("192.0.2.200", EPOCH, "192.0.2.0/24", ""),
        *[("198.51.100.9", EPOCH, "198.51.100.0/24", "")] * 2,
        ("2001:db8::1", EPOCH, "2001:db8::/48", ""),
        ("", None, "", ""),
    ]
    figures = ("basis", "groups", "unknown_stake", "nakamoto", "nakamoto_at_least", "largest_key")
    # Of 210: 70 at one prefix, 50 at another, 30 at the third, 60 nobody knows where.
    assert kept("network", *figures) == ("prefix", 3, 60 * SOL, 2, 1, "198.51.100.0/24")
    assert kept("country", *figures) == ("database", 0, 210 * SOL, None, None, "")
    assert kept("address", *figures)[:4] == ("gossip", 4, 60 * SOL, 2)
    assert kept("network", "herfindahl")[0] == pytest.approx((70**2 + 50**2 + 30**2) / 210**2)


def test_a_database_tells_networks_and_countries_and_a_newer_one_is_read(
    cluster: CannedEndpoint, settings: Any, tmp_path: Path
) -> None:
    path = tmp_path / "networks"
    path.write_text(TSV)
    settings.ASN_DATABASE = [str(path)]
    tasks.fetch_nodes()

    assert stored("network", "network_name", "country") == [
        ("AS64496", "SOME Some GmbH", "DE"),
        ("AS64496", "SOME Some GmbH", "NL"),
        *[("AS64497", "OTHER", "DE")] * 2,
        *[("", "", "")] * 2,
    ]
    figures = ("basis", "groups", "unknown_stake", "nakamoto", "largest_key", "largest_stake")
    assert kept("network", *figures) == ("asn", 2, 110 * SOL, 2, "AS64497", 70 * SOL)
    assert kept("country", *figures) == ("database", 2, 110 * SOL, 1, "DE", 80 * SOL)

    newer = tmp_path / "newer"
    newer.write_bytes(mmdb({"2001:db8::/32": {"asn": "AS64499", "as_name": "Six", "country_code": "FI"}}))
    os.replace(newer, path)
    tasks.fetch_nodes()

    assert stored("network", "country")[3:5] == [("", ""), ("AS64499", "FI")]
    assert [one["kind"] for one in NetworkDatabase.objects.get().files] == ["mmdb"]
    settings.ASN_DATABASE = []
    tasks.fetch_nodes()
    assert stored("network", "country")[4] == ("2001:db8::/48", "")
    assert NetworkDatabase.objects.get().files == []


def test_a_damaged_database_takes_nothing_away_and_is_told(
    cluster: CannedEndpoint, settings: Any, tmp_path: Path
) -> None:
    path = tmp_path / "networks.tsv"
    path.write_text(TSV)
    settings.ASN_DATABASE = [str(path)]
    tasks.fetch_nodes()
    cluster.results["getClusterNodes"][4]["gossip"] = "192.0.2.77:1"
    path.write_text("1.0.0.0\t1.0.0")

    result = tasks.fetch_nodes()

    assert stored("network")[:5] == [("AS64496",), ("AS64496",), ("AS64497",), ("AS64497",), ("",)]
    assert result["asn_database"].startswith("ASN_DATABASE: networks.tsv: it is neither an MMDB")
    now = timezone.now()
    said = networks.unreadable_networks(now=now)
    assert said.endswith("Networks stay as they were until then.")
    assert [one.message for one in networks.networks_alert(now=now)] == [said]
    path.write_text(TSV)
    tasks.fetch_nodes()
    assert stored("network")[4] == ("AS64496",)
    assert networks.unreadable_networks(now=now) == ""
    # The same file again, which for a while could not be opened.
    NetworkDatabase.objects.update(problem="ASN_DATABASE: Permission denied.")
    Validator.objects.filter(network="AS64496").update(network="")
    tasks.fetch_nodes()
    assert stored("network")[0] == ("AS64496",)
    # The file that is here today has the age of today; one from the first epoch of computers has not.
    assert networks.networks_alert(now=now) == []
    panel = networks.networks_panel()
    assert panel is not None
    assert panel.rows[0][3] == "under a day"
    os.utime(path, (0, 0))
    tasks.fetch_nodes()
    assert "is of 1970-01-01: older than 90 days" in networks.networks_alert(now=now)[0].message
    panel = networks.networks_panel()
    assert panel is not None
    assert panel.rows[0][:3] == ("networks.tsv", "iptoasn", "1970-01-01")
    assert panel.rows[0][3] == f"{(timezone.now() - datetime.fromtimestamp(0, UTC)).days:,} days"


def test_an_address_is_looked_up_once(
    cluster: CannedEndpoint, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "networks.tsv"
    path.write_text(TSV)
    settings.ASN_DATABASE = [str(path)]
    tasks.fetch_nodes()
    asked: list[set[str]] = []

    def noted(paths: list[Path], wanted: set[str]) -> dict[str, Any]:
        asked.append(wanted)
        return {}

    monkeypatch.setattr("validators.services.places.look_up", noted)

    places_of(["192.0.2.1", "198.51.100.9"])
    places_of(["192.0.2.1", "203.0.113.7", ""])

    assert asked == [{"203.0.113.7"}]


def test_who_leaves_gossip_is_where_it_was_for_ten_epochs(cluster: CannedEndpoint) -> None:
    tasks.fetch_nodes()
    gone = cluster.results["getClusterNodes"].pop(0)["pubkey"]
    tasks.fetch_nodes()
    of_it = Validator.objects.filter(identity=gone)
    assert of_it.values_list("address", "network").get() == ("192.0.2.1", "192.0.2.0/24")
    of_it.update(address_epoch=EPOCH - 11)

    tasks.fetch_nodes()

    assert of_it.values_list("address", "address_epoch", "network").get() == ("", None, "")


def test_operators_are_marked_by_what_each_source_tells(cluster: CannedEndpoint) -> None:
    accounts = [account["votePubkey"] for account in cluster.current]
    tasks.fetch_nodes()
    # Before an account was read, who runs it is unknown.
    assert set(groups_of("operator").values()) == {None}
    assert Validator.objects.get(vote_account=accounts[2]).operator_evidence == [
        {
            "common": "address",
            "strength": "weak",
            "shared": "198.51.100.9",
            "others": 1,
            "vote_accounts": [accounts[3]],
        }
    ]
