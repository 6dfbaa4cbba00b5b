"""What the last good look at the cluster said, so far as it binds the next one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


class KnownAccount(NamedTuple):
    """A vote account that was present, and its credits in the epoch that ran then; None is unknown."""

    stake: int
    commission_bps: int | None
    delinquent: bool
    credits: int | None
    credits_unit: str


@dataclass(frozen=True, slots=True)
class LastLook:
    """The newest stored look. `still_since`: when its slot was first seen. `voted`: for what slot.

    `stakes_change`: whether all stake together was another in the epoch before.
    """

    epoch: int
    absolute_slot: int
    began_at: datetime
    still_since: datetime
    voted: int
    validators: int
    stakes_change: bool
    accounts: Mapping[str, KnownAccount]

    @property
    def stake(self) -> int:
        return sum(account.stake for account in self.accounts.values())
