"""Refitting the methods."""

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.validators.scoring.pictures import recorded, write_csv
from validators.scoring.fitting.design import CurveDesign, Design
from validators.scoring.fitting.linear import solved
from validators.scoring.fitting.logistic import Bounds, Sample, fitted
from validators.scoring.trust_v2.tables import INPUTS, shipped_tables, tables
from validators.scoring.trust_v3.tables import tables as v3_tables


def test_a_symmetric_system_is_solved() -> None:
    assert solved([[4.0, 2.0], [2.0, 3.0]], [10.0, 8.0]) == pytest.approx([1.75, 1.5])


def test_a_curve_follows_outcomes_in_its_direction_only() -> None:
    """Half of the ones beyond 1 are bad, a tenth of the others: the log-odds are known."""
    design = Design((CurveDesign("x", (0, 1), 1),))
    inputs = [(0.0,)] * 100 + [(1.0,)] * 100
    outcomes = [float(number < 10) for number in range(100)] + [float(number < 50) for number in range(100)]

    def fit_of(low: float, high: float) -> list[float]:
        sample = Sample(design, [design.row(one) for one in inputs], outcomes, [1.0] * 200)
        bounds = Bounds([low, 0, -9], [high, 0, 9], [0, 0, 0], [1e-9, 1, 1e-9])
        return fitted(sample, bounds, [0, 0, 0])

    assert fit_of(0, 9) == pytest.approx([2.1972, 0, -2.1972], abs=1e-3)
    assert fit_of(-9, 0) == pytest.approx([0, 0, -0.8473], abs=1e-3)


def test_a_refit_is_the_same_to_the_byte_and_readable_by_the_method(tmp_path: Path) -> None:
    data = write_csv(tmp_path / "history.csv", recorded(validators=15, last=925))
    files = [tmp_path / name for name in ("one.json", "two.json")]

    for file in files:
        call_command(
            "fit_scores", "--method", "trust-v2", "--data", str(data), "--to", "925", "--output", str(file)
        )

    assert files[0].read_bytes() == files[1].read_bytes()
    document = json.loads(files[0].read_text())
    assert tables(document).curves[0].name == "last_shortfall"
    assert document["record"]["examples"] == 15 * 24
    assert "history.csv" in document["record"]["fitted_on"]


def test_every_fitted_curve_goes_its_way_and_the_calibration_rises() -> None:
    shipped = shipped_tables()

    assert [curve.name for curve in shipped.curves] == list(INPUTS)
    for curve in shipped.curves:
        falling = curve.name == "stake"
        assert list(curve.values) == sorted(curve.values, reverse=falling), curve.name
        assert curve.unknown >= curve.lowest
    assert list(shipped.calibration.values) == sorted(set(shipped.calibration.values))


def test_a_refit_without_outcomes_is_refused(tmp_path: Path) -> None:
    data = write_csv(tmp_path / "history.csv", recorded(validators=3, last=903))

    with pytest.raises(CommandError, match="too few, or all alike"):
        call_command("fit_scores", "--method", "trust-v2", "--data", str(data), "--to", "903")


def test_where_nothing_can_be_written_is_said_before_the_minutes_of_fitting(tmp_path: Path) -> None:
    nowhere = tmp_path / "no" / "fit.json"

    with pytest.raises(CommandError, match=f"^Cannot write {nowhere}: there is no such folder to write into"):
        # No history is read: the file of it is not there either.
        call_command("fit_scores", "--data", "/nowhere", "--to", "903", "--output", str(nowhere))


def test_trees_that_are_grown_go_the_way_of_their_inputs(tmp_path: Path) -> None:
    pytest.importorskip("lightgbm")
    data = write_csv(tmp_path / "history.csv", recorded(validators=40, last=925))
    files = [tmp_path / name for name in ("one.json", "two.json")]

    for file in files:
        call_command("fit_scores", "--data", str(data), "--to", "925", "--output", str(file))

    assert files[0].read_bytes() == files[1].read_bytes()
    found = v3_tables(json.loads(files[0].read_text()))
    worse = tuple(value / 2 if value else 0.5 for value in found.perfect)
    assert found.risk(worse) >= found.risk(found.perfect)
