"""From rows of the tables to documents."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from validators.models import (
    ChainState,
    ClusterEpoch,
    CommissionChange,
    DelinquencyIncident,
    ScoringRun,
    SourceState,
    TrustScore,
)
from validators.reading.admission import ADMISSION_COLUMNS, Operator, admission_document
from validators.reading.explanations import Risk, explained
from validators.reading.flags import Flag
from validators.reading.plain_rows import Columns, each
from validators.reading.rewards import reward_of_100_sol
from validators.reading.standings import RISKS
from validators.scoring.facts import Part
from validators.scoring.ten_epochs import risk_of_ten_epochs
from validators.solana.arithmetic import ALL_BPS
from validators.solana.economics import fraction
from validators.templatetags.units import is_web_address

# What a validator's document is read from.
VALIDATOR_COLUMNS: Final = (
    "vote_account",
    "identity",
    "name",
    "name_mark",
    "website",
    "rank",
    "score",
    "vote_performance",
    "commission_bps",
    "activated_stake",
    "apy",
    "skip_rate",
    "leader_slots",
    "production_epoch",
    "version",
    "client",
    "version_current",
    "delinquent",
    "superminority",
    "commission_flags",
    "last_vote",
    "root_slot",
    "first_seen_at",
    "last_seen_at",
    "left_at",
    "apy_basis",
    "apy_epochs",
    "leader_luck",
    *RISKS,
    "runs_jito",
    "mev_commission_bps",
    "mev_epoch",
    "mev_apy",
    "shared_apy",
    "mev_apy_basis",
    "mev_apy_epochs",
    "block_apy",
    "total_apy",
    "address",
    "address_epoch",
    "network",
    "network_name",
    "country",
    "operator",
)


def basis_points(rate: float | None) -> int | None:
    return None if rate is None else round(rate * ALL_BPS)


# Reading an address takes longer than all else of a row, and they hardly ever change.
@lru_cache(maxsize=8_192)
def web_address(text: str | None) -> str | None:
    """What a validator says is its website, if it is one that our own page would link to."""
    return text if text and is_web_address(text) else None


def lamports(amount: int | None) -> str | None:
    return None if amount is None else str(amount)


def validator_documents(columns: Columns) -> dict[str, Sequence[Any]]:
    """The fields of the documents, of rows with VALIDATOR_COLUMNS and ADMISSION_COLUMNS, whatever else.

    Of each field the values of all rows: thousands make one reply, and of many fields they have the same few.
    """
    told = {name.removesuffix("_bps"): columns[name] for name in VALIDATOR_COLUMNS}
    for field in _EMPTY_IS_UNKNOWN:
        told[field] = [value or None for value in told[field]]
    told["website"] = list(map(web_address, told["website"]))
    admissions = list(zip(*(columns[name] for name in ADMISSION_COLUMNS), strict=True))
    told["admission"] = each(lambda row: admission_document(*row), admissions)
    told["risk_ten_epochs"] = each(risk_of_ten_epochs, told["risk"])
    told["reward_of_100_sol"] = each(reward_of_100_sol, told["apy"])
    counted = zip(told["leader_slots"], told["skip_rate"], told.pop("production_epoch"), strict=True)
    told["skip_rate_epoch"] = [
        None if slots is None and rate is None else epoch for slots, rate, epoch in counted
    ]
    told["commission"] = each(fraction, told["commission"])
    told["mev_commission"] = each(fraction, told["mev_commission"])
    told["activated_stake"] = list(map(lamports, told["activated_stake"]))
    return told


_EMPTY_IS_UNKNOWN: Final = (
    *("identity", "name", "name_mark", "version", "client", "apy_basis", "mev_apy_basis"),
    *("address", "network", "network_name", "country", "operator"),
)


def flag_document(flag: Flag) -> dict[str, Any]:
    return {
        "code": flag.code.value,
        "epoch": flag.epoch,
        "since_epoch": flag.since_epoch,
        "from": fraction(flag.from_bps),
        "to": fraction(flag.to_bps),
        "sentence": flag.sentence,
    }


def risk_document(risk: Risk, sentence: str) -> dict[str, Any]:
    return {
        "sentence": sentence,
        "next": risk.next,
        "low": risk.low,
        "high": risk.high,
        "within_ten_epochs": risk.within_ten,
    }


def vote_state_document(operator: Operator) -> dict[str, Any]:
    state = operator.state
    return {
        "looked_at": state.looked_at,
        "epoch": state.epoch,
        "state_version": state.state_version,
        "withdraw_authority": state.withdrawer,
        "withdraw_authority_is_identity": operator.withdrawer_is_identity,
        "inflation_rewards_collector": state.inflation_collector or None,
        "block_revenue_collector": state.block_collector or None,
        "block_revenue_commission": fraction(state.block_commission_bps),
        "pending_delegator_rewards": lamports(state.pending_rewards),
        "bls_key": state.bls_key,
        "balance": lamports(state.balance),
        "same_operator": [other.vote_account for other in operator.others],
    }


def incident_document(incident: DelinquencyIncident) -> dict[str, Any]:
    return {
        "started_at": incident.started_at,
        "ended_at": incident.ended_at,
        "start_epoch": incident.start_epoch,
        "fetches": incident.fetches,
    }


def change_document(change: CommissionChange) -> dict[str, Any]:
    return {
        "seen_at": change.seen_at,
        "epoch": change.epoch,
        "from_commission": fraction(change.from_bps),
        "to_commission": fraction(change.to_bps),
        "applies_from_epoch": change.applies_from,
        "applies_from_epoch_at_earliest": change.applies_from_at_earliest,
        "followed_in_epoch": change.followed_in,
        "followed_in_epoch_at_earliest": change.followed_at_earliest,
        "confirmed": change.is_confirmed,
        "confirmed_at": change.confirmed_at,
        "source": change.source,
    }


def score_document(score: TrustScore) -> dict[str, Any]:
    run = score.run
    return {
        "scoring_run": run.pk,
        "scored_at": run.finished_at,
        "epoch": run.epoch,
        "method": run.method,
        "version": run.version,
        "score": score.score,
        "rank": score.rank,
    }


def score_breakdown(score: TrustScore) -> dict[str, Any]:
    parts = [part_document(part) for part in explained(score.run, score.components)]
    return {**score_document(score), "parts": parts, "components": dict(sorted(score.components.items()))}


def part_document(part: Part) -> dict[str, Any]:
    return {
        "name": part.name,
        "value": part.value,
        "typical": part.typical,
        "weight": part.weight,
        "points": part.points + 0.0,  # never minus nothing
        "sentence": part.sentence,
    }


def scoring_run_document(run: ScoringRun) -> dict[str, Any]:
    return {
        "id": run.pk,
        "method": run.method,
        "version": run.version,
        "epoch": run.epoch,
        "status": run.status,
        "reason": run.reason.partition("\n")[0] or None,
        "scored": run.scored_count,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
    }


def cluster_epoch_document(row: ClusterEpoch) -> dict[str, Any]:
    return {
        "epoch": row.epoch,
        "started_at": row.began_at,
        "ended_at": row.closed_at,
        "slots": row.slots,
        "first_slot": row.first_slot,
        "slot_ms": row.slot_ms,
        "slot_ms_basis": row.slot_ms_basis or None,
        "activating_stake": lamports(row.activating_stake),
        "deactivating_stake": lamports(row.deactivating_stake),
        "blocks_produced": row.blocks_produced,
        "blocks_basis": row.blocks_basis or None,
        "total_stake": lamports(row.total_stake),
        "validators": row.validators,
        "staked": row.staked,
        "mean_credits": row.mean_credits,
        "final": row.credits_final and row.mean_credits is not None,
        "credits_unit": row.credits_unit,
        "superminority_size": row.superminority_size,
        "inflation": row.inflation_validator,
        "total_supply": lamports(row.total_supply),
    }


def source_document(state: SourceState) -> dict[str, Any]:
    return {
        "source": state.source,
        "last_success_at": state.last_success_at,
        "last_attempt_at": state.last_attempt_at,
        "failing": bool(state.last_error),
        "offered": not state.is_not_offered,
    }


def _largest_first(stakes: Mapping[str, int]) -> dict[str, str]:
    """And not in the order of the database: PostgreSQL keeps none of the keys of a JSON object."""
    return {name: str(stake) for name, stake in sorted(stakes.items(), key=lambda one: (-one[1], one[0]))}


def cluster_document(
    row: ClusterEpoch, sources: list[SourceState], chain: ChainState | None
) -> dict[str, Any]:
    return {
        **cluster_epoch_document(row),
        "genesis_hash": (chain.genesis_hash or None) if chain else None,
        "alpenglow": chain.alpenglow if chain else ChainState.Alpenglow.UNKNOWN.value,
        "alpenglow_epoch": chain.alpenglow_epoch if chain else None,
        "measured_slot_ms": chain.measured_slot_ms if chain else None,
        "superminority": row.superminority,
        "stake_by_client": _largest_first(row.stake_by_client),
        "stake_by_version": _largest_first(row.stake_by_version),
        "sources": [source_document(state) for state in sources],
    }
