"""What the tables held when a fetch came."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from django.db.models import Q, Value

from validators.models import Fetch, Validator
from validators.services import bulk
from validators.solana.schemas import VoteAccount
from validators.solana.standing import Software


class StoredValidator(NamedTuple):
    """A validator's row as the fetch before left it."""

    pk: int
    vote_account: str
    # What stays as it is from one fetch to the next: the fields of `STANDING`.
    identity: str
    activated_stake: int
    commission_bps: int | None
    commission_confirmed_bps: int | None
    delinquent: bool
    epoch_vote_account: bool
    superminority: bool
    version_current: bool | None
    version: str
    client: str
    left_at: Any
    last_vote: int
    # By the newest fetch of all.
    seen_last: bool

    @property
    def seen_by_a_fetch(self) -> bool:
        """A vote account that was sent has a commission; one known from history only has none."""
        return self.commission_bps is not None

    @property
    def software(self) -> Software:
        return Software(self.version, self.client)

    @property
    def is_gone(self) -> bool:
        """It had left before this fetch."""
        return self.left_at is not None

    @property
    def standing(self) -> tuple[Any, ...]:
        """In the order of STANDING."""
        return self[2:10]


# Everybody whose standing is another now: the row, and the account as it was sent.
Moved = Sequence[tuple[StoredValidator, VoteAccount]]
STANDING: Final = StoredValidator._fields[2:10]


def stored_validators(newest: Fetch | None) -> dict[str, StoredValidator]:
    """Every validator that was ever seen, by vote account, as that fetch left it."""
    seen_last = Value(False) if newest is None else Q(last_seen_at=newest.stored_at)
    everybody = Validator.objects.annotate(seen_last=seen_last)
    rows = bulk.read_records(StoredValidator, everybody.values_list(*StoredValidator._fields))
    return {row.vote_account: row for row in rows}
