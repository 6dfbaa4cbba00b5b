"""Where else a validator can be looked up: explorers that know the cluster it is of."""

from typing import Final, NamedTuple
from urllib.parse import quote

from validators.models import Validator
from validators.solana.programs.jito import TESTNET

# Of their first blocks, which is what a cluster calls its own.
MAINNET: Final = "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d"
DEVNET: Final = "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG"
_NAMES: Final = {MAINNET: "mainnet", TESTNET: "testnet", DEVNET: "devnet"}


class Explorer(NamedTuple):
    """A name and an address."""

    name: str
    url: str


def explorers(validator: Validator, *, genesis_hash: str) -> list[Explorer]:
    """Those that tell of it; none of a cluster that nobody else shows, or of one that is not known."""
    cluster = _NAMES.get(genesis_hash)
    if cluster is None:
        return []
    of_cluster = "" if cluster == "mainnet" else f"?cluster={cluster}"
    account, identity = quote(validator.vote_account, safe=""), quote(validator.identity, safe="")
    found = [
        Explorer("Solana Explorer", f"https://explorer.solana.com/address/{account}{of_cluster}"),
        Explorer("Solscan", f"https://solscan.io/account/{account}{of_cluster}"),
    ]
    if cluster == "mainnet":
        found.append(Explorer("Stakewiz", f"https://stakewiz.com/validator/{account}"))
    if cluster != "devnet":
        found.append(
            Explorer("validators.app", f"https://www.validators.app/validators/{identity}?network={cluster}")
        )
    return found
