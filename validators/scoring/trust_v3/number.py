"""The number of trust-v3, and what each of its factors takes from 100. Pure."""

from typing import Final, NamedTuple

from validators.solana.economics import kept_share

FULL: Final = 100.0


class Number(NamedTuple):
    """`score` is 100 less what commission, performance and risk take, and no less than 0.

    `expected` is the share of a perfect validator's reward that the next epoch brings on average, `risk_rate`
    the points that a whole risk of 1 would take.
    """

    score: float
    expected: float
    commission: float
    performance: float
    risk_rate: float


def count_on(bps: int, level: float, risk: float, loss_when_bad: float, aversion: float) -> Number:
    """`level` is at most 1."""
    kept = kept_share(bps) or 0.0
    after = kept * level
    # Whoever pays nothing has nothing to lose.
    rate = after * loss_when_bad + (aversion if kept else 0.0)
    score = FULL * max(0.0, after - risk * rate)
    return Number(
        score,
        after * (1.0 - risk * loss_when_bad),
        FULL * (1.0 - kept),
        FULL * kept * (1.0 - level),
        FULL * rate,
    )
