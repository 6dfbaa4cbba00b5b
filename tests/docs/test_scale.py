"""The model of `docs/scale.md` holds at every point that was measured, and the page says what it says."""

from pathlib import Path

import pytest

from benchmarks import scale_model
from benchmarks.scale_model import (
    POINTS,
    TOLERANCE,
    Load,
    Point,
    cost_of_a_run,
    idle_ms,
    most_runs_a_second,
    need,
)

PAGE = Path(__file__).resolve().parents[2] / "docs" / "scale.md"


@pytest.mark.parametrize("point", POINTS)
def test_the_model_holds_where_it_was_measured(point: Point) -> None:
    one_run_a_second = need(Load(hosts=0, schedules=1, every_seconds=1))
    cost = cost_of_a_run(point.clusters)

    assert point.server == pytest.approx(cost.server, rel=TOLERANCE)
    assert point.others == pytest.approx(cost.others, rel=TOLERANCE)
    assert point.idle == pytest.approx(idle_ms(point.clusters), rel=TOLERANCE)
    assert point.wal == pytest.approx(one_run_a_second.wal_a_day / 86_400, rel=TOLERANCE)
    assert point.sessions <= need(Load(hosts=point.clusters, schedules=0, every_seconds=1)).sessions


def test_a_core_is_full_at_the_runs_that_the_model_says() -> None:
    runs = round(most_runs_a_second(10))

    assert "core" not in need(Load(hosts=10, schedules=runs - 1, every_seconds=1)).limits
    assert "core" in need(Load(hosts=10, schedules=runs + 1, every_seconds=1)).limits


def test_the_page_shows_what_the_model_prints() -> None:
    told = "\n".join(scale_model.table((1, 10, 100), (1_000, 10_000, 100_000), 60))

    assert told in PAGE.read_text()
