"""Words and numbers that the explanations of several methods share. Pure."""


def risk_percent(risk: float) -> str:
    """A probability as people read it: two digits or so, and never 100 for what is less."""
    percent = risk * 100
    if percent < 1:
        return f"{percent:.2f} %"
    if percent < 10:
        return f"{percent:.1f} %"
    return f"{percent:.0f} %" if percent <= 99 or risk == 1 else "over 99 %"


def share_percent(share: float) -> str:
    """A share of a whole; whole percents, but of what is nearly nothing or nearly all."""
    percent = share * 100
    return f"{percent:.0f} %" if not share or 1 <= percent <= 99 or share == 1 else f"{percent:.2f} %"


def sol(stake: float) -> str:
    """Whole SOL, as every page has them."""
    return f"{int(stake):,} SOL" if stake >= 1 else "less than 1 SOL"


def voted(shortfall: float, when: str) -> str:
    """How a validator's votes stand against the cluster's mean, from what they lack, 0 to 1."""
    if shortfall >= 1:
        return f"no vote of it counted {when}"
    if not shortfall:
        return f"voted as the cluster did {when}, or better"
    return f"voted {shortfall * 100:.2f} % below the cluster {when}"
