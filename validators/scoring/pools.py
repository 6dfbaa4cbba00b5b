"""Simplified versions of what stake pools and sites judge by, to compare with in a back-test. Pure.

Each is our reading of what its makers say of it in public in 2026, made of what the history here holds: what
needs more (fees of block auctions, bids, who runs what software, names) is left out. None is their code, none
is offered for scoring runs, and a score is whatever orders the validators.
"""

from collections.abc import Callable, Sequence
from statistics import fmean
from typing import Final

from validators.scoring.facts import BAD_PERFORMANCE, Assessment, ClusterFacts, ScoringMethod, ValidatorFacts
from validators.solana.arithmetic import ALL_BPS
from validators.solana.concentration import superminority
from validators.solana.economics import kept_share

# A validator, its performances of so many epochs (newest first, capped at 1), superminority -> opinion.
Opinion = Callable[[ValidatorFacts, Sequence[float], bool], float]


def _pool(name: str, epochs: int, opinion: Opinion) -> ScoringMethod:
    def assess(cluster: ClusterFacts) -> list[Assessment]:
        oldest = cluster.epoch - epochs
        large = superminority({one.vote_account: one.activated_stake for one in cluster.validators})
        return [
            Assessment(one, 100.0 * opinion(one, _known(one, oldest), one.vote_account in large), {})
            for one in cluster.validators
        ]

    return ScoringMethod(name, "1", assess, reads_past=True)


def _known(one: ValidatorFacts, oldest: int) -> list[float]:
    return [min(earned, 1.0) for earned in one.past.performances_since(oldest)]


def _kept(one: ValidatorFacts) -> float:
    """An unknown commission takes everything."""
    return kept_share(one.commission_bps) or 0.0


def _highest(one: ValidatorFacts, epochs: int) -> int:
    told = [bps for bps in (one.commission_bps, *one.past.highest_bps[:epochs]) if bps is not None]
    return max(told, default=ALL_BPS)


def _stakenet(one: ValidatorFacts, known: Sequence[float], large: bool) -> float:
    """Out for one delinquent epoch of 30, more than 5 % commission in any of them, or too much stake."""
    if not known or large or _highest(one, 30) > 500 or min(known) < BAD_PERFORMANCE:
        return 0.0
    return fmean(known) * _kept(one)


def _marinade(one: ValidatorFacts, known: Sequence[float], large: bool) -> float:
    """What a delegator kept over 14 epochs; out above 7 % commission or below 0.9 of the mean."""
    if not known or large or _highest(one, 14) > 700 or fmean(known) < 0.9:
        return 0.0
    return fmean(known) * _kept(one)


def _stakewiz(one: ValidatorFacts, known: Sequence[float], large: bool) -> float:
    """Points for voting, for few skipped slots and for low commission, less for much stake."""
    rates = [rate for rate in one.past.skip_rate[:10] if rate is not None]
    skipped = fmean(rates) if rates else 0.0
    voted = fmean(known) if known else 0.0
    return 0.5 * voted + 0.2 * (1.0 - skipped) + 0.3 * _kept(one) - (0.2 if large or one.delinquent else 0.0)


def _jpool(one: ValidatorFacts, known: Sequence[float], large: bool) -> float:
    """The yield of ten epochs, of who was there in all of them and asks at most 10 %."""
    if len(known) < 10 or large or _highest(one, 10) > 1_000:
        return 0.0
    return fmean(known) * _kept(one)


def _jagpool(one: ValidatorFacts, known: Sequence[float], large: bool) -> float:
    """Voting alone over five epochs, among those that ask at most 5 %, hardly skip and are not large."""
    rates = [rate for rate in one.past.skip_rate[:5] if rate is not None]
    if not known or large or _highest(one, 5) > 500 or (rates and fmean(rates) > 0.1):
        return 0.0
    return fmean(known)


POOLS: Final[dict[str, ScoringMethod]] = {
    method.name: method
    for method in (
        _pool("stakenet-like", 30, _stakenet),
        _pool("marinade-like", 14, _marinade),
        _pool("stakewiz-like", 10, _stakewiz),
        _pool("jpool-like", 10, _jpool),
        _pool("jagpool-like", 5, _jagpool),
    )
}
