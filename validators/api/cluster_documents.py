"""What callers get of the cluster as a whole: the shape of each reply."""

from datetime import datetime

from ninja import Schema
from pydantic import Field

from scheduling.api.replies import Envelope
from validators.api.documents import LAMPORTS, NEXT_CURSOR


class ClusterEpochDocument(Schema):
    """The cluster as a whole in one epoch."""

    epoch: int
    started_at: datetime | None
    ended_at: datetime | None
    slots: int | None
    first_slot: int | None = Field(description="Absolute")
    slot_ms: int | None = Field(description="Nominal milliseconds of a slot")
    slot_ms_basis: str | None = Field(description="chain: by feature accounts. measured: nearest to the pace")
    activating_stake: str | None = Field(description=LAMPORTS)
    deactivating_stake: str | None = Field(description=LAMPORTS)
    blocks_produced: int | None
    blocks_basis: str | None
    total_stake: str | None = Field(description=LAMPORTS)
    validators: int | None = Field(description="Vote accounts")
    staked: int | None = Field(description="Of them with stake")
    mean_credits: float | None = Field(description="Stake-weighted, in the unit beside it")
    final: bool = Field(description="Whether `mean_credits` is of final numbers of an epoch that is over")
    credits_unit: str
    superminority_size: int | None = Field(description="Nakamoto coefficient")
    inflation: float | None = Field(description="Yearly rate of the validators")
    total_supply: str | None = Field(description=LAMPORTS)


class SourceDocument(Schema):
    """Where numbers come from, and how old they are."""

    source: str
    last_success_at: datetime | None
    last_attempt_at: datetime | None
    failing: bool = Field(description="The last attempt failed; the values of the last success stay")


class ClusterDocument(ClusterEpochDocument):
    genesis_hash: str | None = Field(description="Which cluster this is")
    alpenglow: str = Field(description="unknown, off, pending or on")
    alpenglow_epoch: int | None = Field(description="In which it began, or will")
    measured_slot_ms: float | None = Field(description="As slots pass in this epoch, by the chain's clock")
    superminority: list[str] = Field(description="Vote accounts, largest stake first")
    stake_by_client: dict[str, str] = Field(description="Lamports by client")
    stake_by_version: dict[str, str] = Field(description="Lamports by version")
    sources: list[SourceDocument]


class ClusterReply(Envelope):
    cluster: ClusterDocument | None = Field(description="Null before the first fetch")


class ClusterEpochList(Envelope):
    items: list[ClusterEpochDocument]
    next_cursor: str | None = Field(description=NEXT_CURSOR)
