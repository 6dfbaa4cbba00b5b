"""Where simulated nodes are, and the database that tells of it."""

from collections import Counter
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from staking_project import trial
from validators.networks.database import look_up
from validators.simulator.clock import FIRST_EPOCH
from validators.simulator.cluster import Cluster
from validators.simulator.gossip import nodes
from validators.simulator.hosting import BLOCKS
from validators.simulator.vote_accounts import withdrawer
from validators.solana.node_addresses import prefix_of


def test_an_operators_nodes_are_in_one_range_and_a_database_knows_most(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outlooks = Cluster(seed=7, count=120).outlooks(FIRST_EPOCH)
    found = {node.identity: node.address for node in nodes(7, outlooks)}
    owners = Counter(map(withdrawer, outlooks))
    path = tmp_path / "networks.tsv"
    call_command("simulate_cluster", networks=path)
    capsys.readouterr()

    places = look_up([path], found.values())

    assert sum(block.percent for block in BLOCKS) == 100
    for owner, accounts in owners.items():
        identities = {one.identity for one in outlooks if withdrawer(one) == owner}
        if accounts > 1:
            assert len({prefix_of(found[identity]) for identity in identities & found.keys()}) == 1
    assert max(owners.values()) == 3
    # As the blocks say themselves, by another way to look.
    for address, place in places.items():
        [block] = [one for one in BLOCKS if ip_address(address) in ip_network(one.prefix)]
        assert (place.asn, place.country) == (block.asn or None, block.country)
    assert len({place.asn for place in places.values()}) > 5
    assert len(set(map(prefix_of, places))) < len(places)


def test_the_trials_database_is_written_once(settings: Any, tmp_path: Path) -> None:
    settings.STATE_DIR = tmp_path
    path = trial.networks_file()
    written = path.stat().st_mtime_ns

    assert trial.networks_file() == path
    assert path.stat().st_mtime_ns == written
    path.write_text("an older one's")
    assert trial.networks_file().read_text().startswith("198.18.0.0\t198.18.15.255\t64512\tNL\t")
