"""Walking all trees at once gives what walking each gives."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validators.scoring.forest import MOST_LEAVES, forest

INPUTS = 3
leaves = st.integers(-1_000_000, 1_000_000)
thresholds = st.sampled_from([-1.0, 0.0, 0.25, 0.5, 2.0])
values = st.lists(
    st.none() | st.sampled_from([-2.0, -1.0, 0.0, 0.3, 0.5, 3.0]), min_size=INPUTS, max_size=INPUTS
)


@st.composite
def tree(draw: Callable[..., Any], depth: int = 3) -> Any:
    if not depth or draw(st.booleans()):
        return draw(leaves)
    return [
        draw(st.integers(0, INPUTS - 1)), draw(thresholds), int(draw(st.booleans())),
        draw(tree(depth - 1)), draw(tree(depth - 1)),
    ]  # fmt: skip


def walked(node: Any, inputs: list[float | None]) -> int:
    while isinstance(node, list):
        value = inputs[node[0]]
        node = node[3] if (node[2] if value is None else value <= node[1]) else node[4]
    return int(node)


@given(st.lists(tree(), min_size=1, max_size=6), st.lists(values, min_size=1, max_size=6))
def test_sums_are_those_of_walks(trees: list[Any], rows: list[list[float | None]]) -> None:
    sums = [sum(walked(one, inputs) for one in trees) for inputs in rows]

    assert forest(trees, INPUTS).totals(rows) == sums


def test_a_tree_of_more_leaves_than_a_byte_has_bits_is_refused() -> None:
    chain: Any = 0
    for leaf in range(MOST_LEAVES):
        chain = [0, float(leaf), 1, chain, leaf]

    with pytest.raises(ValueError, match="9 leaves, and 8 is the most possible"):
        forest([chain], 1)
