"""One consistent look at the cluster, as one endpoint told it."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from validators.solana.arithmetic import Earned
from validators.solana.schemas import EpochInfo, RejectedRecord, VoteAccount


class AccountState(NamedTuple):
    """One vote account of a snapshot and what it earned, oldest epoch first, gaps not filled.

    A tuple, because a fetch makes twenty thousand.
    """

    account: VoteAccount
    delinquent: bool
    earned: list[Earned]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one endpoint said. split_epoch is the Alpenglow migration epoch, None when none was seen."""

    endpoint: str
    began_at: datetime
    epoch: EpochInfo
    split_epoch: int | None
    accounts: tuple[AccountState, ...]
    rejected: tuple[RejectedRecord, ...]
