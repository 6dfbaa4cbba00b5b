"""Which network, country, client and operator each validator belongs to, as the sources last told."""

from typing import Literal

from validators.models import Validator
from validators.services import bulk
from validators.services.concentrations import known_group

# Each is the name of the column that holds the group's key.
By = Literal["network", "country", "address", "client", "operator"]


def group_key(words: str | None) -> str:
    """The key of a network or country as somebody writes it: as64496 is AS64496, and de is DE."""
    key = (words or "").strip()
    return key.lower() if "/" in key else key.upper()


def groups_of(by: By) -> dict[str, str | None]:
    """By vote account the key of the group of everybody present, None where it is unknown.

    One query. A network is "AS" and its number, or without a database of networks the /24 (of IPv6 the /48)
    of its address; a country two letters; an operator the withdraw authority of most of its accounts.
    """
    found = bulk.read_rows(Validator.objects.present().values_list("vote_account", by))
    return {account: known_group(key) for account, key in found}
