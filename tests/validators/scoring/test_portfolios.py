"""What the best by a score kept: held, with the band, and beside what hindsight would have picked."""

from dataclasses import replace

import pytest

from tests.validators.scoring.pictures import SOL, cluster, past, recorded, validator
from validators.scoring.backtest.holding import kept_ahead
from validators.scoring.backtest.portfolios import portfolios
from validators.scoring.backtest.report import tables
from validators.scoring.backtest.running import backtest
from validators.scoring.backtest.truth import truth
from validators.scoring.facts import ValidatorFacts
from validators.scoring.peers import PEERS
from validators.scoring.pools import POOLS
from validators.scoring.registry import METHODS
from validators.scoring.timeline import timeline


def test_a_portfolio_keeps_what_its_validators_did_and_never_more_than_hindsight_would() -> None:
    history = timeline(recorded(validators=30))
    known = truth(history, first=910, last=928)
    said = {
        epoch: {key: (-float(row.commission_bps or 0), None) for key, row in history[epoch].rows.items()}
        for epoch in range(910, 929)
    }
    rows, _ = known.outcomes(said)

    found = portfolios(rows, known, kept_ahead(rows, known))

    held = found[20]
    assert held.held is not None
    assert held.oracle is not None
    assert held.held_interval is not None
    assert held.held_interval.low <= held.held <= held.held_interval.high
    assert held.held < held.oracle
    # Only commission is looked at, which never changes here, so nothing is ever replaced.
    assert held.turned == 0
    assert found[100] == found[200] == (None,) * 6


def test_where_nobody_failed_no_method_is_said_to_have_told_no_risk() -> None:
    rows = [row._replace(credits=6_900_000) for row in recorded()]
    said = tables(backtest(timeline(rows), [METHODS["trust-v3"]], epochs=range(910, 913)))

    assert "No risk is judged: of those whose next epoch is known nobody had a bad one." in said


def test_the_report_sets_methods_beside_the_best_possible() -> None:
    methods = [PEERS["lowest-commission"], POOLS["stakenet-like"]]

    result = backtest(timeline(recorded()), methods, epochs=range(910, 929))
    said = tables(replace(result, judged=22_454, bad=1_744))

    assert "22,454 validators, 1,744 with a bad next epoch" in said
    assert "The best 20:" in said
    assert "| best possible | " in said
    assert "| stakenet-like | " in said


@pytest.mark.parametrize("name", POOLS)
def test_a_pool_prefers_who_votes_and_lets_delegators_keep_more(name: str) -> None:
    def opinion(one: ValidatorFacts) -> float:
        return next(iter(POOLS[name].assess(cluster(one)))).score

    good = validator(1, past(*[1.0] * 40))

    assert opinion(good) > opinion(validator(1, past(*[0.8] * 40)))
    assert opinion(good) >= opinion(validator(1, past(*[1.0] * 40, bps=10_000), commission_bps=10_000))
    assert opinion(good) > opinion(validator(1, past(*[1.0] * 40), activated_stake=10**9 * SOL))
    assert opinion(validator(1, past())) <= opinion(good)
