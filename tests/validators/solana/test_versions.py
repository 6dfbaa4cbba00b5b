"""Version strings as nodes send them, and what is current."""

import json
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import RECORDED
from validators.solana.versions import (
    Client,
    Lineage,
    Running,
    Stage,
    Version,
    client_of,
    current_version,
    current_versions,
    is_current,
    lineage_of,
    parse_version,
)

NODES = RECORDED / "rpc" / "epoch1005" / "getClusterNodes.json"

versions = st.builds(
    Version,
    st.integers(0, 5),
    st.integers(0, 3),
    st.integers(0, 3),
    st.sampled_from(Stage),
    st.integers(0, 2),
)


@pytest.mark.parametrize(
    ("text", "version", "client"),
    [
        ("4.2.1", Version(4, 2, 1), Client.AGAVE),
        ("4.2.0-rc.1", Version(4, 2, 0, Stage.CANDIDATE, 1), Client.AGAVE),
        ("4.0.0-beta.6", Version(4, 0, 0, Stage.BETA, 6), Client.AGAVE),
        ("4.3.0-alpha.0", Version(4, 3, 0, Stage.ALPHA, 0), Client.AGAVE),
        ("4.2.0-rc1", Version(4, 2, 0, Stage.CANDIDATE, 1), Client.AGAVE),
        # Prereleases as nodes before version 4 read them.
        ("4.49153.0", Version(4, 1, 0, Stage.ALPHA, 0), Client.AGAVE),
        ("4.32768.3", Version(4, 0, 0, Stage.BETA, 3), Client.AGAVE),
        ("4.16386.1", Version(4, 2, 0, Stage.CANDIDATE, 1), Client.AGAVE),
        ("3.1.8-jito", Version(3, 1, 8), Client.AGAVE),
        ("1.18.26 (src:00000000; feat:1, client:SolanaLabs)", Version(1, 18, 26), Client.AGAVE),
        ("0.1105.40200", Version(0, 1105, 40200), Client.FRANKENDANCER),
        ("0.101.20204", Version(0, 101, 20204), Client.FRANKENDANCER),
        ("0.1004.0-rc.40101", Version(0, 1004, 0, Stage.CANDIDATE, 40101), Client.FRANKENDANCER),
        ("1.100.0-beta.40201", Version(1, 100, 0, Stage.BETA, 40201), Client.FRANKENDANCER),
        ("1.1.4", Version(1, 1, 4), Client.FIREDANCER),
        ("0.1.1", Version(0, 1, 1), Client.FIREDANCER),
        ("26.8.0", Version(26, 8, 0), Client.UNKNOWN),
        ("42.42.42", Version(42, 42, 42), Client.UNKNOWN),
    ],
)
def test_these_are_versions(text: str, version: Version, client: Client) -> None:
    assert parse_version(text) == version
    assert client_of(parse_version(text)) == client


@pytest.mark.parametrize(
    "text",
    [
        *[None, "", "unknown", "4.2", "4.2.1.0", "v4.2.1", " 4.2.1", "4.2.x", "-1.2.3", "4..1", "4.2.1rc1"],
        *["9999999.0.0", "\u0664.2.1", "1" * 10_000, "<script>", "4.2.1\0"],
    ],
)
def test_these_are_none(text: str | None) -> None:
    assert parse_version(text) is None
    assert client_of(parse_version(text)) is Client.UNKNOWN


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    version = parse_version(text)
    assert client_of(version, text) in Client


@given(st.integers(0, 9), st.integers(0, 9999), st.integers(0, 65_535))
def test_the_numbers_of_a_final_version_come_back(major: int, minor: int, patch: int) -> None:
    assert parse_version(f"{major}.{minor}.{patch}") == Version(major, minor, patch)


def test_versions_sort_in_the_order_of_release() -> None:
    order = ["2.3.13", "3.0.2", "3.0.10", "4.2.0-alpha.3", "4.2.0-beta.0", "4.2.0-beta.2", "4.2.0-rc.0"]
    order += ["4.2.0-rc.1", "4.2.0", "4.2.1-rc.0", "4.2.1"]
    parsed = [parse_version(text) or Version(0, 0, 0) for text in order]
    assert sorted(parsed, reverse=True) == parsed[::-1]
    assert sorted(parsed) == parsed


@pytest.mark.parametrize(
    ("client_id", "client"),
    [
        *[(0, Client.SOLANA_LABS), (1, Client.JITO_LABS), (2, Client.FRANKENDANCER), (5, Client.FIREDANCER)],
        *[(7, Client.SIG), (11, Client.HARMONIC_FRANKENDANCER), ("JitoLabs", Client.JITO_LABS)],
        *[("Agave Bam", Client.AGAVE_BAM), ("agave_paladin", Client.AGAVE_PALADIN), ("Sig", Client.SIG)],
    ],
)
def test_a_client_id_goes_before_the_version(client_id: int | str, client: Client) -> None:
    assert client_of(Version(3, 1, 8), client_id) is client
    assert client_of(None, client_id) is client


@pytest.mark.parametrize("client_id", [None, 12, 65_535, -1, "Unknown(12)", "", "\0"])
def test_without_a_known_client_id_the_version_decides(client_id: int | str | None) -> None:
    assert client_of(Version(3, 1, 8), client_id) is Client.AGAVE


def test_every_known_client_has_a_lineage() -> None:
    assert {client for client in Client if lineage_of(client) is None} == {Client.UNKNOWN}
    assert lineage_of(Client.JITO_LABS) is Lineage.AGAVE
    assert lineage_of(Client.HARMONIC_FIREDANCER) is Lineage.FIREDANCER


@given(st.lists(st.tuples(versions, st.integers(0, 1_000)), max_size=30))
def test_the_current_version_is_the_newest_with_66_percent_at_or_above_it(
    stakes: list[tuple[Version, int]],
) -> None:
    total = sum(stake for _, stake in stakes)

    def percent_from(version: Version) -> float:
        return 100 * sum(stake for other, stake in stakes if other >= version) / total

    wide_enough = [version for version, _ in stakes if total and percent_from(version) >= 66]
    assert current_version(stakes) == max(wide_enough, default=None)


def test_exactly_66_percent_is_enough() -> None:
    old, new = Version(4, 0, 0), Version(4, 1, 0)
    assert current_version([(old, 34), (new, 66)]) == new
    assert current_version([(old, 35), (new, 65)]) == old


def test_a_lineage_is_judged_by_its_own_stake() -> None:
    frankendancer, agave = Version(0, 1105, 40200), Version(4, 2, 0)
    current = current_versions(
        [
            Running(Lineage.AGAVE, agave, 900),
            Running(Lineage.AGAVE, Version(4, 1, 0), 10),
            Running(Lineage.FRANKENDANCER, frankendancer, 3),
            Running(Lineage.FRANKENDANCER, Version(0, 1006, 40100), 1),
            Running(Lineage.FIREDANCER, Version(1, 1, 4), 0),
        ]
    )

    assert current == {Lineage.AGAVE: agave, Lineage.FRANKENDANCER: frankendancer}
    assert is_current(frankendancer, Client.FRANKENDANCER, current) is True
    assert is_current(Version(0, 1006, 40100), Client.FRANKENDANCER, current) is False
    assert is_current(Version(4, 3, 0), Client.JITO_LABS, current) is True
    assert is_current(Version(1, 1, 4), Client.FIREDANCER, current) is None
    assert is_current(None, Client.AGAVE, current) is None
    assert is_current(Version(26, 8, 0), Client.UNKNOWN, current) is None


@pytest.mark.skipif(not NODES.is_file(), reason="the recording is not there")
def test_every_node_of_the_recording_has_a_client_and_a_version() -> None:
    by_client: defaultdict[Client, set[str]] = defaultdict(set)
    for node in json.loads(NODES.read_text())["result"]:
        assert parse_version(node["version"]) is not None, node["version"]
        by_client[client_of(parse_version(node["version"]))].add(node["version"])

    assert by_client.keys() == {Client.AGAVE, Client.FRANKENDANCER, Client.FIREDANCER}
    assert by_client[Client.FIREDANCER] == {"0.1.1", "1.0.0", "1.1.1"}
    assert all("40" in text for text in by_client[Client.FRANKENDANCER])
