"""What callers get of the cluster as a whole: the shape of each reply."""

from datetime import datetime

from ninja import Schema
from pydantic import Field

from scheduling.api.replies import Envelope
from validators.api import words
from validators.api.documents import LAMPORTS, NEXT_CURSOR


class ClusterEpochDocument(Schema):
    """The cluster as a whole in one epoch."""

    epoch: int = Field(description="Which one")
    started_at: datetime | None = Field(description="UTC, by the chain's clock where it tells")
    ended_at: datetime | None = Field(description="UTC; null while it runs")
    slots: int | None = Field(description="How many it has in all")
    first_slot: int | None = Field(description="Its first slot, counted from genesis")
    slot_ms: int | None = Field(description="Nominal milliseconds of a slot")
    slot_ms_basis: words.SlotTimeBasis | None = Field(
        description="chain: by feature accounts. measured: nearest to the pace"
    )
    activating_stake: str | None = Field(description=LAMPORTS)
    deactivating_stake: str | None = Field(description=LAMPORTS)
    blocks_produced: int | None = Field(description="Blocks made by all; `blocks_basis` says counted how")
    blocks_basis: words.BlocksBasis | None = Field(description="Null where nobody counted")
    total_stake: str | None = Field(description=LAMPORTS)
    validators: int | None = Field(description="Vote accounts")
    staked: int | None = Field(description="Of them with stake")
    mean_credits: float | None = Field(
        description="Stake-weighted, in the unit beside it; in the epoch in which Alpenglow began, of "
        "the part after that"
    )
    final: bool = Field(description="Whether `mean_credits` is of final numbers of an epoch that is over")
    credits_unit: words.CreditsUnit = Field(description="Of `mean_credits`")
    superminority_size: int | None = Field(description="Nakamoto coefficient")
    inflation: float | None = Field(
        description="Yearly rate of what goes to validators and stakers, a fraction"
    )
    total_supply: str | None = Field(description=LAMPORTS)


class SourceDocument(Schema):
    """Where numbers come from, and how old they are."""

    source: words.SourceName = Field(description="What is asked for")
    last_success_at: datetime | None = Field(description="UTC; null: never yet")
    last_attempt_at: datetime | None = Field(description="UTC; null: never yet")
    failing: bool = Field(description="The last attempt brought nothing; the values of the last success stay")
    offered: bool = Field(
        description="False: no endpoint that is asked offers it, so nothing has to be mended"
    )


class ClusterDocument(ClusterEpochDocument):
    """The running epoch, who holds the stake, and how old each source is."""

    genesis_hash: str | None = Field(description="Which cluster this is")
    alpenglow: words.Alpenglow = Field(description="Whether votes have left the chain")
    alpenglow_epoch: int | None = Field(description="In which it began, or will")
    measured_slot_ms: float | None = Field(description="As slots pass in this epoch, by the chain's clock")
    superminority: list[str] = Field(description="Vote accounts, largest stake first")
    stake_by_client: dict[str, str] = Field(description="Lamports by client")
    stake_by_version: dict[str, str] = Field(description="Lamports by version")
    sources: list[SourceDocument] = Field(description="Where the numbers come from")


class ClusterReply(Envelope):
    """The cluster now."""

    cluster: ClusterDocument | None = Field(description="Null before the first fetch")


class ClusterEpochList(Envelope):
    """A page of the cluster's epochs."""

    items: list[ClusterEpochDocument] = Field(description="The newest epoch first")
    next_cursor: str | None = Field(description=NEXT_CURSOR)
