"""Tips and shared priority fees in sentences: what they add, by what, and who keeps how much before that."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from django.db.models import Q

from scheduling.wording import counted
from validators.models import MevEpoch, Validator
from validators.solana.arithmetic import ALL_BPS
from validators.solana.economics import ApyBasis, total_apy
from validators.solana.programs.jito import ROUTER_FEE_BPS, ROUTER_FEE_SOURCE
from validators.templatetags.units import bps_percent, fraction_percent, sol

# A hundredth of a percent is as much as pages show.
LEAST_SHOWN: Final = 0.000_05
# Of its MEV commission, newest first.
MOST_CHANGES: Final = 3


def mev_sentences(validator: Validator, *, running: int | None) -> list[str]:
    """Of one validator, by all that is stored of it, while that epoch runs. Two queries."""
    told = MevEpoch.objects.filter(validator_id=validator.pk).order_by("-epoch")
    with_account = told.filter(Q(tips__isnull=False) | Q(priority_fees__isnull=False))
    looks = list(told.values_list("epoch", "commission_bps"))
    said = [_total_said(validator), _jito_said(validator, looked=bool(looks))]
    said += [_epoch_said(one, running) for one in with_account[:1]]
    said.append(_changes_said([(epoch, bps) for epoch, bps in looks if bps is not None]))
    if validator.runs_jito:
        said.append(_chain_said(validator))
    return [one for one in said if one]


def _total_said(validator: Validator) -> str:
    total = total_apy(validator.apy, *_added_of(validator))
    if total is None:
        return f"Its total APY is not known: {_missing_said(validator)}."
    added = _basis_said(validator.mev_apy_basis, validator.mev_apy_epochs)
    parts = [
        f"{fraction_percent(validator.apy)} by rewards "
        f"({_basis_said(validator.apy_basis, validator.apy_epochs, estimate='an estimate')})",
        f"{fraction_percent(validator.mev_apy)} by tips ({added})",
    ]
    if (validator.shared_apy or 0) >= LEAST_SHOWN:
        parts.append(f"{fraction_percent(validator.shared_apy)} by shared priority fees ({added})")
    if (validator.block_apy or 0) >= LEAST_SHOWN:
        waiting = "an estimate by what waits in its vote account"
        parts.append(f"{fraction_percent(validator.block_apy)} by block revenue ({waiting})")
    shown = [round(one or 0, 4) for one in (validator.apy, *_added_of(validator))]
    rounded = "" if abs(sum(shown) - round(total, 4)) < LEAST_SHOWN else ", each of them rounded"
    return f"In a year {', '.join(parts[:-1])} and {parts[-1]}: {fraction_percent(total)} in all{rounded}."


def _added_of(validator: Validator) -> tuple[float | None, ...]:
    return validator.mev_apy, validator.shared_apy, validator.block_apy


def _missing_said(validator: Validator) -> str:
    if validator.apy is None:
        return "its APY by rewards is not known"
    if validator.mev_apy is None:
        return "of no ended epoch is it known what tips added"
    return (
        "whether it hands on block revenue is not known, as its vote account was not read yet, or too early "
        "in an epoch"
    )


def _basis_said(
    basis: str, epochs: int | None, *, estimate: str = "an estimate by the stake of today"
) -> str:
    """An estimate of rewards may take no stake: where the chain recorded what was paid for each point."""
    if basis == ApyBasis.ESTIMATE:
        return estimate
    return f"realised in {counted(epochs or 0, 'epoch')}"


def _jito_said(validator: Validator, *, looked: bool) -> str:
    """`looked`: whether its accounts were asked for in any epoch."""
    if validator.runs_jito:
        return ""
    if validator.runs_jito is None:
        until = "before it left" if validator.left_at else "yet"
        why = (
            "no account of its tips was seen, and in no epoch that was looked at a block of its own that "
            "would have made one"
            if looked
            else f"nobody looked for an account of its tips {until}"
        )
        return f"Whether it runs Jito is not known: {why}."
    return f"It does not run Jito: in epoch {validator.mev_epoch} it made blocks, and had no account of tips."


def _epoch_said(mev: MevEpoch, running: int | None) -> str:
    """What its newest epoch with an account brought, by the accounts themselves."""
    so_far = _so_far(mev, running)
    parts = []
    if mev.tips is not None:
        parts.append(f"{sol(mev.tips)} SOL of tips{'' if mev.tips_final else so_far}")
    if mev.priority_fees is not None:
        fees = f"{sol(mev.priority_fees)} SOL of shared priority fees{'' if mev.priority_final else so_far}"
        kept = bps_percent(mev.priority_commission_bps)
        parts.append(f"{fees}, its commission of {kept} kept before")
    looked = f"{mev.looked_at:%Y-%m-%d %H:%M} UTC"
    return f"Epoch {mev.epoch}: {' and '.join(parts)}, by Jito's accounts as of {looked}."


def _changes_said(told: Sequence[tuple[int, int]]) -> str:
    """What it kept of tips before, by epochs and commissions; newest first."""
    changes = [
        f"from {bps_percent(before)} to {bps_percent(after)} with epoch {epoch}"
        for (epoch, after), (_, before) in pairwise(told)
        if after != before
    ]
    if not changes:
        return ""
    rest = len(changes) - MOST_CHANGES
    more = f", and {'once' if rest == 1 else f'{rest} times'} before" if rest > 0 else ""
    return f"Its MEV commission went {', '.join(changes[:MOST_CHANGES])}{more}."


def _so_far(mev: MevEpoch, running: int | None) -> str:
    if mev.settled:
        return " at least, as its account closed before it told all"
    is_over = running is not None and mev.epoch < running
    return " at least, as its account had not told all when it was looked at" if is_over else " so far"


def _chain_said(validator: Validator) -> str:
    """Of shared fees the router is taken to keep as much; the validator kept its part before."""
    commission = validator.mev_commission_bps or 0
    if commission + ROUTER_FEE_BPS < ALL_BPS:
        left = (
            f"and the validator {bps_percent(commission)}; what is left comes to the stake accounts in "
            "the next epoch, and is not staked there"
        )
    else:
        left = "and the validator all the rest; nothing is left for stakers"
    return (
        "Of the tips that are there when an epoch ends, Jito's tip router takes "
        f"{bps_percent(ROUTER_FEE_BPS)} {left}. What it takes is {ROUTER_FEE_SOURCE}, nor what the block "
        "engine kept before."
    )
