"""Which network, country, client and operator each validator belongs to, as the sources last told."""

from collections.abc import Collection, Mapping
from typing import Final, Literal, get_args

from validators.models import Validator
from validators.services import bulk
from validators.solana.versions import Client

By = Literal["network", "country", "address", "client", "operator"]
BY: Final[tuple[By, ...]] = get_args(By)
# Of a group, by what it is asked for: the column that holds its key, empty where it is unknown.
COLUMN_OF: Final[Mapping[By, str]] = {name: name for name in BY}


def group_key(words: str | None) -> str:
    """The key of a network or country as somebody writes it: as64496 is AS64496, and de is DE."""
    key = (words or "").strip()
    return key.lower() if "/" in key else key.upper()


def groups_of(by: By, vote_accounts: Collection[str] | None = None) -> dict[str, str | None]:
    """The key of each one's group, None where it is unknown; of all that are present unless some are named.

    One query. A network is "AS" and its number, or without a database of networks the /24 (of IPv6 the /48)
    of its address; a country two letters; an operator the withdraw authority of most of its accounts.
    """
    rows = Validator.objects.present() if vote_accounts is None else Validator.objects.all()
    if vote_accounts is not None:
        rows = rows.filter(vote_account__in=vote_accounts)
    found = bulk.read_rows(rows.values_list("vote_account", COLUMN_OF[by]))
    return {account: None if key in ("", Client.UNKNOWN) else key for account, key in found}
