"""The judged figures as JSON and as tables in Markdown. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from validators.scoring.backtest.judging import Judgement, RiskFigures
from validators.scoring.backtest.markdown import estimate, table
from validators.scoring.backtest.truth import SETS

NO_RISK = "No risk is judged: none of these methods told one of somebody whose next epoch is known."
NOBODY_BAD = "No risk is judged: of those whose next epoch is known nobody had a bad one."
_RISKS = ("method", "set", "validators", "bad", "AUC", "average precision", "Brier")
_SCORES = (
    *("method", "AP of the score, public", "AP of the risk, public", "rank correlation, 10 epochs"),
    *("top 100 held 10 epochs, %", "regret, points", "bad in top 100 an epoch", "raises in top 100 an epoch"),
    *("with the band, %", "replaced with the band, %", "replaced without, %"),
)
_BLOCKS = ("method", "came true / foretold, in blocks of 20 epochs")
_BINS = ("risk from", "validators", "foretold", "came true")


def judgement_document(one: Judgement) -> dict[str, Any]:
    """Plain JSON."""
    return {
        "rows": one.rows,
        "coverage": one.coverage,
        "sets": {name: figures._asdict() for name, figures in one.sets.items()},
        "came_true_over_foretold": one.came_true_over_foretold,
        "bins": [each._asdict() for each in one.bins],
        "warning_of_score": one.warning_of_score,
        "warning_of_risk": one.warning_of_risk,
        "holding": one.holding._asdict(),
        "portfolios": {str(size): held._asdict() for size, held in one.portfolios.items()},
    }


def judged_sections(judgements: Mapping[str, Judgement]) -> list[str]:
    """Markdown: risks by set, what scores are worth, and how risks came true."""
    with_risk = {name: one for name, one in judgements.items() if one.sets}
    sections = [
        "Judged on those with stake, by what they earned in the next epoch: bad is below 0.97 of the mean, "
        "or not there. Alive earned at least half of the mean, onset at least 0.97; fresh is alive and not "
        "bad in both of the last two epochs. Public is alive with at most 10 % commission.",
        NOBODY_BAD if any(one.bins for one in judgements.values()) else NO_RISK,
        table(_SCORES, [_scores(name, one) for name, one in judgements.items()]),
    ]
    if with_risk:
        sections[1] = table(_RISKS, [line for name, one in with_risk.items() for line in _risks(name, one)])
        sections.append(table(_BLOCKS, [_blocks(name, one) for name, one in with_risk.items()]))
    for name, one in with_risk.items():
        sections += [f"How often the risks of {name} came true, of those alive:", table(_BINS, _bins(one))]
    return sections


def _risks(name: str, one: Judgement) -> list[list[str]]:
    return [_risk(name, kind, one.sets[kind]) for kind in SETS if kind in one.sets]


def _risk(name: str, kind: str, figures: RiskFigures) -> list[str]:
    return [
        *(name, kind, str(figures.rows), str(figures.bad)),
        estimate(figures.auc, figures.auc_interval, 4),
        estimate(figures.average_precision, figures.average_precision_interval, 4),
        estimate(figures.brier, figures.brier_interval, 5),
    ]


def _scores(name: str, one: Judgement) -> list[str]:
    held = one.holding
    return [
        *(name, estimate(one.warning_of_score, None, 4), estimate(one.warning_of_risk, None, 4)),
        estimate(held.rank_correlation, None, 4),
        estimate(held.held, held.held_interval, 3),
        *(estimate(value, None, 3) for value in (held.regret, held.bad, held.raises, held.banded)),
        *(estimate(value, None, 2) for value in (held.turnover_banded, held.turnover)),
    ]


def _blocks(name: str, one: Judgement) -> list[str]:
    return [name, ", ".join(f"{share:.3f}" for share in one.came_true_over_foretold) or "-"]


def _bins(one: Judgement) -> Sequence[Sequence[str]]:
    return [
        [
            f"{each.low * 100:g} %",
            str(each.rows),
            f"{each.foretold * 100:.3f} %",
            f"{each.came_true * 100:.3f} %",
        ]
        for each in one.bins
    ]
