"""What callers get of stake pools: the shape of each reply, and from rows to documents."""

from datetime import datetime
from typing import Any

from ninja import Schema
from pydantic import Field

from scheduling.api.replies import Envelope
from validators.api import words
from validators.api.documents import LAMPORTS
from validators.api.rows import lamports
from validators.models import PoolStake, StakePool
from validators.reading.stake_pools import PoolShare


class StakePoolDocument(Schema):
    """A stake pool as its own accounts told in the newest look."""

    address: str = Field(description="Base58; of the pool's account")
    name: str | None = Field(description="As we know it; the chain names no pool. Null: unknown")
    program: str = Field(description="Base58; whose account it is")
    program_name: str = Field(description="What that program is called")
    mint: str = Field(description="Base58; of its token")
    total_lamports: str | None = Field(
        description=f"All that it holds, staked or not, as of `updated_epoch`. {LAMPORTS}"
    )
    supply: str | None = Field(description="Billionths of its token, as of `updated_epoch`; a string")
    token_value: float | None = Field(
        description="SOL that one token stands for, as of `updated_epoch`; null where none was issued"
    )
    updated_epoch: int | None = Field(description="In which the pool itself reckoned these three last")
    stale: bool = Field(description="Whether that was before `pool_epoch`")
    active_stake: str | None = Field(description=f"Of all on its list. {LAMPORTS}")
    transient_stake: str | None = Field(description=f"On its way in or out, of all on its list. {LAMPORTS}")
    validators: int | None = Field(description="How many are on its list")
    unknown_validators: int | None = Field(description="Of them, those that no fetch of votes ever saw")
    pool_epoch: int | None = Field(description="The epoch that ran in the newest look at it")
    looked_at: datetime | None = Field(description="When that was, UTC")
    closed: bool = Field(description="Whether that address had no pool any more; its last numbers stay")
    source: words.PoolSource = Field(description="Who says so")


class StakePoolList(Envelope):
    """Every pool that was looked at."""

    items: list[StakePoolDocument] = Field(description="The largest first")
    next_cursor: str | None = Field(description="Always null: they come whole")


class PoolStakeDocument(Schema):
    """What one stake pool has with a validator."""

    pool: str = Field(description="Base58; the pool's account")
    name: str | None = Field(description="The pool's, as we know it; null: unknown")
    active_stake: str = Field(description=f"As of `updated_epoch`. {LAMPORTS}")
    transient_stake: str = Field(
        description=f"On its way in or out, which the list does not tell; as of `updated_epoch`. {LAMPORTS}"
    )
    share: float | None = Field(
        description="Of the validator's activated stake, a fraction; null where that is unknown, or smaller"
    )
    status: words.PoolEntryStatus = Field(description="What the pool is doing with the validator")
    updated_epoch: int = Field(description="In which the pool itself reckoned these stakes last")
    stale: bool = Field(description="Whether that was before `epoch`")
    epoch: int = Field(description="The epoch that ran when its list was read")
    looked_at: datetime = Field(description="When that was, UTC")
    source: words.PoolSource = Field(description="Who says so")


def stake_pool_document(pool: StakePool) -> dict[str, Any]:
    return {
        "address": pool.address,
        "name": pool.name or None,
        "program": pool.program,
        "program_name": pool.program_name,
        "mint": pool.mint,
        "total_lamports": lamports(pool.total_lamports),
        "supply": lamports(pool.supply),
        "token_value": pool.token_value,
        "updated_epoch": pool.updated_epoch,
        "stale": pool.is_stale,
        "active_stake": lamports(pool.active),
        "transient_stake": lamports(pool.transient),
        "validators": pool.entries,
        "unknown_validators": pool.strangers,
        "pool_epoch": pool.epoch,
        "looked_at": pool.looked_at,
        "closed": pool.is_there is False,
        "source": PoolStake.Source.LIST.value,
    }


def pool_stake_document(of: PoolShare) -> dict[str, Any]:
    stake = of.stake
    return {
        "pool": stake.pool.address,
        "name": stake.pool.name or None,
        "active_stake": str(stake.active),
        "transient_stake": str(stake.transient),
        "share": of.share,
        "status": stake.status,
        "updated_epoch": stake.updated_epoch,
        "stale": stake.is_stale,
        "epoch": stake.epoch,
        "looked_at": stake.looked_at,
        "source": stake.source,
    }
