"""Words and numbers that the explanations of several methods share. Pure."""

from typing import Final

from validators.figures import grouped, percent

# Of who is delinquent whatever it does (validators.solana.performance).
COULD_NOT_VOTE: Final = "it could not vote yet, for it had no stake in the epoch before"


def risk_percent(risk: float) -> str:
    """A probability as people read it: two digits or so, and never 0 or 100 for what is neither."""
    if 0 < risk < 0.00005:
        return "under 0.01 %"
    if risk < 0.01:
        return percent(risk)
    if risk < 0.1:
        return percent(risk, 1)
    return percent(risk, 0) if risk <= 0.99 or risk == 1 else "over 99 %"


def share_percent(share: float) -> str:
    """A share of a whole; whole percents, but of what is nearly nothing or nearly all."""
    return percent(share, 0 if not share or 0.01 <= share <= 0.99 or share == 1 else 2)


def sol(stake: float) -> str:
    """Whole SOL, as every page has them."""
    return f"{grouped(int(stake))} SOL" if stake >= 1 else "less than 1 SOL"


def voted(shortfall: float, when: str) -> str:
    """How a validator's votes stand against the cluster's mean, from what they lack, 0 to 1."""
    if shortfall >= 1:
        return f"no vote of it counted {when}"
    if not shortfall:
        return f"voted as the cluster did {when}, or better"
    return f"voted {percent(shortfall)} below the cluster {when}"


def lacked(mean: float, usual: float, when: str) -> str:
    """A mean of shortfalls, into which an epoch that is `usual` is mixed: it is no fault of the validator."""
    told = ", no more than is usual," if mean <= usual else ""
    return f"counts as having lacked {percent(mean)} of the votes{told} {when}"


def mixed(usual: float) -> str:
    """What stands in such a mean beside a validator's own, so that a short history says little."""
    return f"recent epochs weigh more, and one as usual for the cluster ({percent(usual)}) is mixed in"
