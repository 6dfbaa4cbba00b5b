from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.management import call_command


def complaints() -> list[tuple[str | None, str]]:
    return [
        (found.id, found.msg) for found in run_checks(databases=[]) if str(found.id).startswith("validators.")
    ]


@pytest.mark.parametrize(
    "urls",
    [
        [],
        ["https://api.mainnet-beta.solana.com"],
        ["http://127.0.0.1:8899", " https://rpc.example/v2/abc?api-key=x"],
    ],
)
def test_usable_addresses_pass(settings: Any, urls: list[str]) -> None:
    settings.SOLANA_RPC_URLS = urls

    assert complaints() == []


@pytest.mark.parametrize(
    "url",
    [
        "rpc.example",
        "ftp://rpc.example",
        "https://",
        "https://:8899",
        "http://host:99999",
        "http://[::1",
        "http://a b/",
    ],
)
def test_an_address_that_cannot_be_asked_is_an_error(settings: Any, url: str) -> None:
    settings.SOLANA_RPC_URLS = ["https://good.example", url]

    ((identifier, message),) = complaints()
    assert identifier == "validators.E001"
    assert message.startswith("SOLANA_RPC_URL: address 2 (")


def test_the_complaint_does_not_show_the_key(settings: Any) -> None:
    settings.SOLANA_RPC_URLS = ["htps://user:SECRET@rpc.example/SECRET?api-key=SECRET"]

    assert "SECRET" not in str(complaints())


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("inf"), float("nan")])
def test_a_deadline_that_no_fetch_can_keep_is_an_error(settings: Any, seconds: float) -> None:
    settings.FETCH_DEADLINE_SECONDS = seconds

    assert [identifier for identifier, _ in complaints()] == ["validators.E002"]


def test_what_is_watched_is_a_key_each(settings: Any) -> None:
    settings.WATCHED_VALIDATORS = ["1" * 32, "abc", "0" * 44]

    assert complaints() == [
        ("validators.E005", "WATCHED_VALIDATORS: 'abc' is no vote account."),
        ("validators.E005", f"WATCHED_VALIDATORS: '{'0' * 44}' is no vote account."),
    ]


def test_what_subscriptions_may_reach_are_networks(settings: Any) -> None:
    settings.SUBSCRIPTION_NETWORKS = ["127.0.0.0/8", "10.0.0.1/8", "intranet"]

    assert complaints() == [
        ("validators.E006", "SUBSCRIPTION_NETWORKS: 10.0.0.1/8 has host bits set."),
        (
            "validators.E006",
            "SUBSCRIPTION_NETWORKS: 'intranet' does not appear to be an IPv4 or IPv6 network.",
        ),
    ]


def test_a_rule_set_that_cannot_be_used_is_an_error_with_file_and_key(settings: Any, tmp_path: Path) -> None:
    settings.RULES_DIR = str(tmp_path)
    assert complaints() == []
    (tmp_path / "mine.toml").write_text("name = 5")

    [(found, said)] = complaints()

    assert found == "validators.E007"
    assert said.startswith("mine.toml: name: Input should be a valid string; mine.toml: title: it is missing")


def test_a_database_of_networks_is_there_and_of_a_known_kind(settings: Any, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.tsv", tmp_path / "bad.csv"
    good.write_text("192.0.2.0\t192.0.2.255\t64496\tDE\tSOME\n")
    bad.write_text("network,asn\n")
    settings.ASN_DATABASE = [str(good)]
    assert complaints() == []
    settings.ASN_DATABASE = [str(good), str(bad), str(tmp_path / "gone")]

    found = complaints()

    assert [code for code, _ in found] == ["validators.E008"] * 2
    assert found[0][1].startswith("ASN_DATABASE: bad.csv: it is neither an MMDB nor the TSV of iptoasn.com")
    assert found[1][1].endswith("gone: No such file or directory; name a file that this user can read.")


@pytest.mark.django_db
def test_a_file_that_is_gone_or_wrong_keeps_nothing_from_starting(settings: Any, tmp_path: Path) -> None:
    settings.ASN_DATABASE = [str(tmp_path / "gone")]
    settings.RULES_DIR = str(tmp_path)
    (tmp_path / "mine.toml").write_text("name = 5")
    assert len(complaints()) == 2

    call_command("alert", "list", skip_checks=False)
