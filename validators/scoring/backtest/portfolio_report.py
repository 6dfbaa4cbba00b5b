"""What portfolios kept, as tables in Markdown. Pure."""

from collections.abc import Iterator, Mapping

from validators.scoring.backtest.judging import Judgement
from validators.scoring.backtest.markdown import estimate, table
from validators.scoring.backtest.portfolios import SIZES, Portfolio

_COLUMNS = (
    "method",
    "held ten epochs",
    "short of the best possible",
    "with the band",
    "replaced an epoch, %",
)
# A delegator of so many SOL: the loss is said in SOL a year, because a percentage of a reward says little.
STAKE_SOL = 10_000
YIELD_A_YEAR = 0.06


def portfolio_sections(judgements: Mapping[str, Judgement]) -> Iterator[str]:
    """One table for each size, best first by what was held."""
    yield (
        "Equal stake on the best by each score, in percent of the reward of a perfect validator without "
        "commission: held for ten epochs as it was, and rebalanced each epoch where only who falls below 1.5 "
        "times the size leaves. In brackets the 95 % interval of a bootstrap over blocks of ten epochs. The "
        "best possible is who then kept most, known in hindsight only. One percent of the reward of "
        f"{STAKE_SOL:,} SOL at {YIELD_A_YEAR * 100:g} % is {STAKE_SOL * YIELD_A_YEAR / 100:g} SOL a year."
    )
    for size in SIZES:
        lines = sorted(
            ((name, one.portfolios[size]) for name, one in judgements.items()),
            key=lambda line: -(line[1].held or 0.0),
        )
        if all(one.held is None and one.banded is None for _, one in lines):
            yield f"The best {size}: not judged, as that takes so many validators and ten epochs that follow."
            continue
        best = next((one.oracle for _, one in lines if one.oracle is not None), None)
        yield f"The best {size}:"
        oracle = [["best possible", estimate(best, None, 3), "0.000", "-", "-"]]
        yield table(_COLUMNS, [*oracle, *(_line(name, one) for name, one in lines)])


def _line(name: str, one: Portfolio) -> list[str]:
    short = None if one.held is None or one.oracle is None else one.oracle - one.held
    return [
        name,
        estimate(one.held, one.held_interval, 3),
        estimate(short, None, 3),
        estimate(one.banded, one.banded_interval, 3),
        estimate(one.turned, None, 2),
    ]
