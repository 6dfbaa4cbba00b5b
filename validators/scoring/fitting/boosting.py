"""Growing the trees of a forest with LightGBM, which only fitting needs. Pure.

Nothing here runs when a score is computed: what comes out is numbers for `validators.scoring.forest`.
"""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from scheduling.wording import pip_install

# Few leaves and small steps: the failures are hundreds, not thousands. A forest holds up to eight leaves.
PARAMETERS: Final[Mapping[str, Any]] = {
    "objective": "binary",
    "learning_rate": 0.03,
    "num_leaves": 6,
    "min_child_samples": 40,
    "lambda_l2": 10,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "monotone_constraints_method": "intermediate",
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbose": -1,
}
ROUNDS: Final = 250
# Each seed draws other rows and inputs; their mean is steadier than any.
SEEDS: Final = (1, 2)


class NoLibraryError(ValueError):
    """LightGBM or what it needs is not installed."""


@dataclass(frozen=True, slots=True)
class Grown:
    """A model's trees, as the forest wants them, with leaves in units of log-odds."""

    trees: list[Any]

    def log_odds(self, values: Sequence[float | None]) -> float:
        return sum(_reached(tree, values) for tree in self.trees)


def libraries() -> tuple[Any, Any]:
    """LightGBM and NumPy. Raises NoLibraryError, which is better told before reading what to grow from."""
    try:
        return importlib.import_module("lightgbm"), importlib.import_module("numpy")
    except ImportError as exc:
        raise NoLibraryError(f"{exc}: {pip_install('-r requirements-fit.txt')}") from exc


def grown(
    rows: Sequence[Sequence[float | None]],
    outcomes: Sequence[float],
    weights: Sequence[float],
    directions: Sequence[int],
) -> Grown:
    """Trees in which each input raises the risk (1) or lowers it (-1). Raises NoLibraryError."""
    lightgbm, numpy = libraries()
    table = numpy.array(rows, dtype=float)
    trees: list[Any] = []
    for seed in SEEDS:
        parameters = {**PARAMETERS, "seed": seed, "monotone_constraints": list(directions)}
        data = lightgbm.Dataset(table, numpy.array(outcomes), weight=numpy.array(weights))
        model = lightgbm.train(parameters, data, ROUNDS).dump_model()
        trees += [_tree(one["tree_structure"]) for one in model["tree_info"]]
    return Grown(trees)


def _tree(node: Mapping[str, Any]) -> Any:
    if "leaf_value" in node:
        return node["leaf_value"] / len(SEEDS)
    threshold = round(node["threshold"], 6)
    # Without unknown values in the examples the library takes one for 0.
    below = node["default_left"] if node["missing_type"] == "NaN" else threshold >= 0
    left, right = _tree(node["left_child"]), _tree(node["right_child"])
    return [node["split_feature"], threshold, int(below), left, right]


def _reached(tree: Any, values: Sequence[float | None]) -> float:
    while isinstance(tree, list):
        value = values[tree[0]]
        below = tree[2] if value is None else value <= tree[1]
        tree = tree[3] if below else tree[4]
    return float(tree)


def in_whole_units(tree: Any, unit: int) -> Any:
    """The tree with its leaves as whole numbers of 1/unit."""
    if isinstance(tree, list):
        return [*tree[:3], in_whole_units(tree[3], unit), in_whole_units(tree[4], unit)]
    return round(tree * unit)
