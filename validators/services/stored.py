"""What the tables held when a fetch came."""

from typing import NamedTuple

from validators.models import Validator
from validators.services import bulk
from validators.solana.standing import Software


class StoredValidator(NamedTuple):
    """A validator's row as the fetch before left it."""

    pk: int
    vote_account: str
    identity: str
    commission_bps: int | None
    commission_confirmed_bps: int | None
    version: str
    client: str

    @property
    def seen_by_a_fetch(self) -> bool:
        """A vote account that was sent has a commission; one known from history only has none."""
        return self.commission_bps is not None

    @property
    def software(self) -> Software:
        return Software(self.version, self.client)


def stored_validators() -> dict[str, StoredValidator]:
    """Every validator that was ever seen, by vote account."""
    rows = bulk.read_rows(Validator.objects.values_list(*StoredValidator._fields))
    return {row[1]: StoredValidator(*row) for row in rows}
