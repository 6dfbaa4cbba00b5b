"""What callers get of a validator's epochs: the shape of each reply, as OpenAPI shows it."""

from datetime import datetime

from ninja import Schema
from pydantic import Field

from scheduling.api.replies import Envelope
from validators.api import words
from validators.api.documents import LAMPORTS, NEXT_CURSOR


class EpochDocument(Schema):
    """What a validator did in one epoch."""

    epoch: int = Field(description="Which one")
    credits: str | None = Field(
        description="Earned in the epoch, in the unit beside it; so far in the running one. Null also where "
        "our looks ended inside an epoch that is over"
    )
    final: bool = Field(description="Whether `credits` is of the whole epoch and will not change any more")
    credits_unit: words.CreditsUnit = Field(description="Of `credits`")
    vote_performance: float | None = Field(
        description="1 is as the cluster's mean; what chance gave it as a leader is taken off. Null without "
        "stake, while the blocks of the whole epoch are unknown, or where two accounts share an identity"
    )
    leader_luck: float | None = Field(description="Blocks made, divided by those that its stake expects")
    commission_first: float | None = Field(description="As first seen in the epoch, a fraction")
    commission_last: float | None = Field(description="As last seen in the epoch, a fraction")
    activated_stake: str | None = Field(description=LAMPORTS)
    leader_slots: int | None = Field(description=words.LEADER_SLOTS)
    blocks_produced: int | None = Field(description="Blocks it made; `blocks_basis` says counted how")
    blocks_basis: words.BlocksBasis | None = Field(description="How `blocks_produced` was counted")
    skip_rate: float | None = Field(
        description="Share of its leader slots without a block; null where an epoch that is over was counted "
        "in a part only"
    )
    delinquent_share: float | None = Field(description="Share of the epoch's fetches that saw it delinquent")
    version: str | None = Field(description=words.VERSION)
    client: str | None = Field(description=words.CLIENT)
    estimated_return: float | None = Field(description="Lamports per staked one, once the epoch has ended")
    source: words.EpochSource = Field(description="Where this row comes from")
    fetched_at: datetime = Field(description="When it was seen or told, UTC")
    runs_jito: bool | None = Field(
        description="Whether it had a tip account; false only where it made a block and had none"
    )
    mev_commission: float | None = Field(
        description="Its share of the tips, a fraction; null without a tip account"
    )
    tips: str | None = Field(
        description="For stakers, validator and tip router together, so far or `tips_final`; null without "
        f"an account, and where no endpoint tells the rent. {LAMPORTS}"
    )
    tips_final: bool | None = Field(description="Whether `tips` will not change any more; null without them")
    priority_fee_commission: float | None = Field(
        description="What it says to keep of its priority fees before it puts the rest there, a fraction; "
        "null without an account"
    )
    priority_fees: str | None = Field(
        description="What it put into Jito's program to be shared, after its commission, so far or "
        "`priority_fees_final`; null without an account, which is no statement of what it earned. "
        f"{LAMPORTS}"
    )
    priority_fees_final: bool | None = Field(description="Whether `priority_fees` will not change any more")
    mev_source: words.MevSource | None = Field(description="Who told of tips and fees; null: nobody yet")
    mev_looked_at: datetime | None = Field(description="When its accounts were last looked at, UTC")
    stake_accounts: int | None = Field(
        description="How many are staked with it, in the last look of the epoch; null where nobody looked, "
        "or no endpoint tells"
    )
    activating_stake: str | None = Field(
        description=f"Coming to it with the next epoch, by that look. {LAMPORTS}"
    )
    deactivating_stake: str | None = Field(
        description="Leaving it with the end of the epoch, by that look; it is part of `activated_stake`. "
        f"{LAMPORTS}"
    )
    self_stake: str | None = Field(
        description="Of `activated_stake`, what the withdraw authority of the vote account may withdraw as "
        "well; what its people staked by other keys is not told apart. Null as well where that authority is "
        f"not known. {LAMPORTS}"
    )
    stakes_source: words.StakesSource | None = Field(
        description="Who told of the stake accounts; null: nobody yet"
    )
    stakes_looked_at: datetime | None = Field(description="When that look was, UTC")
    stake_rank: int | None = Field(
        description="By stake in that epoch; Jito's history tells it and the next four. Null: nobody read it"
    )
    superminority: bool | None = Field(
        description="Whether it belonged to the superminority, by Jito's history alone: null of each epoch "
        "that only this installation saw. What it saw itself is in `/api/v1/validators?epoch=…`"
    )
    ip_address: str | None = Field(description="IPv4, by gossip in that epoch")
    bam: bool | None = Field(description="Whether it was connected to BAM, Jito's block assembly")
    all_priority_fees: str | None = Field(description=f"That its blocks brought, shared or not. {LAMPORTS}")


class EpochList(Envelope):
    """A page of one validator's epochs."""

    vote_account: str = Field(description="Base58; the validator's key")
    items: list[EpochDocument] = Field(description="The newest epoch first")
    next_cursor: str | None = Field(description=NEXT_CURSOR)
