"""What callers get: the shape of each reply, as OpenAPI shows it."""

from datetime import datetime
from typing import Any

from ninja import Schema
from pydantic import Field

from scheduling.api.replies import Envelope

LAMPORTS = "Lamports; a string, because it may exceed what a double holds"
NEXT_CURSOR = "Give it back as `cursor` for the next page; null at the end"


class ScoredEnvelope(Envelope):
    scored_at: datetime | None = Field(description="When the method was applied, UTC")


class ValidatorDocument(Schema):
    """A vote account as the newest fetch that held it saw it."""

    vote_account: str = Field(description="Base58; the validator's key")
    identity: str = Field(description="Node key; may change, may own several vote accounts")
    name: str | None = Field(description="What it calls itself; never trusted")
    website: str | None
    rank: int | None = Field(description="1 is best")
    score: float | None = Field(description="0 to 100")
    vote_performance: float | None = Field(
        description="Credits in the last ended epoch in proportion to the cluster's stake-weighted mean"
    )
    commission: float | None = Field(description="The validator's share of the rewards, a fraction")
    activated_stake: str = Field(description=LAMPORTS)
    apy: float | None = Field(
        description="Yearly return to stakers, median of the last ten epochs; null where none of them took "
        "12 hours or more with known inflation, supply and commission two epochs before it"
    )
    skip_rate: float | None = Field(description="Share of its leader slots without a block, epoch so far")
    leader_slots: int | None
    version: str | None
    client: str | None
    version_current: bool | None = Field(description="At least what two thirds of its client's stake run")
    delinquent: bool = Field(description="Last vote 128 slots behind or more")
    superminority: bool = Field(description="One of the fewest that hold more than a third of the stake")
    commission_flags: list[str] = Field(description="What was striking about its commission, ever")
    last_vote: int = Field(description="Slot")
    root_slot: int | None
    first_seen_at: datetime
    last_seen_at: datetime
    left_at: datetime | None = Field(description="When a fetch first missed it")


class IncidentDocument(Schema):
    """A time in which every fetch saw it delinquent."""

    started_at: datetime
    ended_at: datetime | None = Field(description="Null while it goes on")
    start_epoch: int
    fetches: int = Field(description="How many saw it")


class CommissionChangeDocument(Schema):
    seen_at: datetime
    epoch: int
    from_commission: float
    to_commission: float | None
    applies_from_epoch: int = Field(description="The first epoch whose rewards are shared so (SIMD-0249)")


class ValidatorDetail(ValidatorDocument):
    details: str | None = Field(description="What it writes about itself; never trusted")
    keybase: str | None
    incidents: list[IncidentDocument] = Field(description="The newest hundred")
    commission_changes: list[CommissionChangeDocument] = Field(description="The newest hundred")


class ValidatorList(ScoredEnvelope):
    items: list[ValidatorDocument]
    next_cursor: str | None = Field(description=NEXT_CURSOR)


class ValidatorReply(ScoredEnvelope):
    validator: ValidatorDetail


class EpochDocument(Schema):
    """What a validator did in one epoch."""

    epoch: int
    credits: str | None = Field(description="Earned in the epoch, in the unit beside it")
    credits_unit: str = Field(description="vote_credits, or lamports after votes left the chain")
    vote_performance: float | None = Field(description="Credits in proportion to the stake-weighted mean")
    commission_first: float | None
    commission_last: float | None
    activated_stake: str | None = Field(description=LAMPORTS)
    leader_slots: int | None
    blocks_produced: int | None
    skip_rate: float | None
    delinquent_share: float | None = Field(description="Share of the epoch's fetches that saw it delinquent")
    version: str | None
    client: str | None
    estimated_return: float | None = Field(description="Per staked lamport, once the epoch has ended")
    fetched_at: datetime


class EpochList(Envelope):
    vote_account: str
    items: list[EpochDocument]
    next_cursor: str | None = Field(description=NEXT_CURSOR)


class ScoreDocument(Schema):
    """What one run said of one validator."""

    scoring_run: int
    scored_at: datetime
    epoch: int | None
    method: str
    version: str
    score: float = Field(description="0 to 100")
    rank: int = Field(description="1 is best")


class PartDocument(Schema):
    """One explained part of a score; the points of all parts make the score."""

    name: str
    value: float | None
    typical: float | None = Field(description="The cluster's median, or what an ideal validator has")
    weight: float = Field(description="The most that it can move")
    points: float
    sentence: str


class ScoreBreakdown(ScoreDocument):
    parts: list[PartDocument] = Field(description="Empty when this version of the method explains nothing")
    components: dict[str, Any] = Field(description="What the method stored; its shape is the method's own")


class ScoreReply(Envelope):
    vote_account: str
    score: ScoreBreakdown | None = Field(description="Null while the newest run has none for this validator")


class ScoreList(Envelope):
    vote_account: str
    items: list[ScoreDocument]
    next_cursor: str | None = Field(description=NEXT_CURSOR)


class ScoringRunDocument(Schema):
    id: int
    method: str
    version: str
    epoch: int | None
    status: str = Field(description="completed, skipped or failed")
    reason: str | None = Field(description="Why there are no scores")
    scored: int
    started_at: datetime
    finished_at: datetime


class ScoringRunList(Envelope):
    items: list[ScoringRunDocument]
    next_cursor: str | None = Field(description=NEXT_CURSOR)


class ClusterEpochDocument(Schema):
    """The cluster as a whole in one epoch."""

    epoch: int
    started_at: datetime | None
    ended_at: datetime | None
    total_stake: str | None = Field(description=LAMPORTS)
    validators: int | None = Field(description="Vote accounts")
    staked: int | None = Field(description="Of them with stake")
    mean_credits: float | None = Field(description="Stake-weighted, in the unit beside it")
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
    superminority: list[str] = Field(description="Vote accounts, largest stake first")
    stake_by_client: dict[str, str] = Field(description="Lamports by client")
    stake_by_version: dict[str, str] = Field(description="Lamports by version")
    sources: list[SourceDocument]


class ClusterReply(Envelope):
    cluster: ClusterDocument | None = Field(description="Null before the first fetch")


class ClusterEpochList(Envelope):
    items: list[ClusterEpochDocument]
    next_cursor: str | None = Field(description=NEXT_CURSOR)
