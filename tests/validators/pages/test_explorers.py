"""Where a validator's page leads to elsewhere."""

import re

import pytest
from django.test import Client

from tests.validators.looking import page
from tests.validators.rows import fetch, validator
from validators.pages.explorers import DEVNET, MAINNET
from validators.solana.programs.jito import TESTNET

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("genesis_hash", "shown"),
    [
        (
            MAINNET,
            [
                "https://explorer.solana.com/address/vote1",
                "https://solscan.io/account/vote1",
                "https://stakewiz.com/validator/vote1",
                "https://www.validators.app/validators/node1?network=mainnet",
            ],
        ),
        (
            TESTNET,
            [
                "https://explorer.solana.com/address/vote1?cluster=testnet",
                "https://solscan.io/account/vote1?cluster=testnet",
                "https://www.validators.app/validators/node1?network=testnet",
            ],
        ),
        (
            DEVNET,
            [
                "https://explorer.solana.com/address/vote1?cluster=devnet",
                "https://solscan.io/account/vote1?cluster=devnet",
            ],
        ),
        ("a cluster of one's own", []),
        ("", []),
    ],
)
def test_only_explorers_that_know_the_cluster_are_linked(
    client: Client, genesis_hash: str, shown: list[str]
) -> None:
    fetch(genesis_hash=genesis_hash)
    validator(1)

    content = page(client, "/validators/vote1/")

    assert re.findall(r'<a rel="noopener noreferrer" href="(https://[^"]+)"', content) == shown
    assert ("Elsewhere:" in content) == bool(shown)
