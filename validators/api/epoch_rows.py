"""From the rows of a validator's epoch to its document."""

from typing import Any

from validators.api.rows import lamports
from validators.models import JitoEpoch, MevEpoch, StakeEpoch, ValidatorEpoch
from validators.solana.economics import fraction


def epoch_document(row: ValidatorEpoch) -> dict[str, Any]:
    return {
        "epoch": row.epoch,
        "credits": None if row.is_unfinished else lamports(row.credits),
        "final": row.credits_final and row.credits is not None,
        "credits_unit": row.credits_unit,
        "vote_performance": row.vote_performance,
        "leader_luck": row.leader_luck,
        "commission_first": fraction(row.commission_first_bps),
        "commission_last": fraction(row.commission_last_bps),
        "activated_stake": lamports(row.activated_stake),
        "leader_slots": row.leader_slots,
        "blocks_produced": row.blocks_produced,
        "blocks_basis": row.blocks_basis or None,
        "skip_rate": None if row.blocks_unfinished else row.skip_rate,
        "delinquent_share": row.delinquent_fetches / row.fetches if row.fetches else None,
        "version": row.version or None,
        "client": row.client or None,
        "estimated_return": row.estimated_return,
        "source": row.source,
        "fetched_at": row.fetched_at,
        **_mev(row.told_mev),
        **_stakes(row.told_stakes),
        **_standing(row.told_jito),
    }


def _mev(mev: MevEpoch | None) -> dict[str, Any]:
    """All of it null while nobody looked at its accounts."""
    told = mev or MevEpoch()
    return {
        "runs_jito": told.runs_jito,
        "mev_commission": fraction(told.commission_bps),
        "tips": lamports(told.tips),
        "tips_final": told.tips_final if told.tips is not None else None,
        "priority_fee_commission": fraction(told.priority_commission_bps),
        "priority_fees": lamports(told.priority_fees),
        "priority_fees_final": told.priority_final if told.priority_fees is not None else None,
        "mev_source": mev.source if mev else None,
        "mev_looked_at": told.looked_at,
    }


def _stakes(stakes: StakeEpoch | None) -> dict[str, Any]:
    """All of it null while nobody looked at its stake accounts."""
    told = stakes or StakeEpoch()
    return {
        "stake_accounts": told.accounts,
        "activating_stake": lamports(told.activating),
        "deactivating_stake": lamports(told.deactivating),
        "self_stake": lamports(told.own),
        "stakes_source": stakes.source if stakes else None,
        "stakes_looked_at": told.looked_at,
    }


def _standing(jito: JitoEpoch | None) -> dict[str, Any]:
    """All of it null where Jito's history was not read."""
    told = jito or JitoEpoch(ip_address="")
    return {
        "stake_rank": told.rank,
        "superminority": told.superminority,
        "ip_address": told.ip_address or None,
        "bam": told.bam,
        "all_priority_fees": lamports(told.fees),
    }
