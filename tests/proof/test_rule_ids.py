"""Each rule stands in the specification, in the model, beside the line of code that keeps it, in a test."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings

from scheduling.engine.leases import HEARTBEAT_EVERY, LEASE, SURRENDER
from tests.proof import state
from tests.proof.kept import KEPT, Kept
from tests.proof.stories import BROKEN

ROOT = Path(settings.BASE_DIR)
HERE = Path(__file__).parent
ID = re.compile(r"\[([A-Z]+-\d+)\]")
SPECIFICATION = (ROOT / "docs" / "proof" / "specification.md").read_text()
# Of the rule that is in how the model is made: no comparison with a wall clock decides in it.
BUILT_IN = {"TIME-1"}


def test_specification_model_and_code_have_the_same_rules() -> None:
    defined = re.findall(r"^- \*\*\[([A-Z]+-\d+)\]\*\*", SPECIFICATION, re.MULTILINE)

    assert len(defined) == len(set(defined))
    assert set(defined) == set(ID.findall(SPECIFICATION))
    assert set(defined) == set(BROKEN) | BUILT_IN
    assert set(defined) == {rule for kept in KEPT for rule in kept.rules}


@pytest.mark.parametrize("rule", [*BROKEN, *BUILT_IN])
def test_a_rule_is_in_the_model_and_in_a_test(rule: str) -> None:
    model = "\n".join(path.read_text() for path in HERE.glob("*.py") if not path.name.startswith("test_"))
    tests = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))

    assert f'"{rule}"' in model or rule in BUILT_IN
    assert f"[{rule}]" in tests


@pytest.mark.parametrize("kept", KEPT, ids=lambda kept: " ".join((*kept.rules[:1], kept.name)))
def test_the_line_that_keeps_a_rule_says_what_the_model_has_and_names_the_rule(kept: Kept) -> None:
    first, last = _place_of(kept)
    lines = (ROOT / kept.path).read_text().splitlines()
    found = [number for number in range(first, last) if kept.words in lines[number]]

    assert len(found) == 1, (
        f"{kept.name} of {kept.path} no longer says {kept.words!r} once; so does the model"
    )
    beside = lines[found[0] - 1 : found[0] + 1]
    # Nothing can be said within a statement; it is said above it.
    beside += lines[first - 3 : first] if kept.name.startswith("_") and kept.name.isupper() else []
    assert set(kept.rules) <= {rule for line in beside if "#" in line for rule in ID.findall(line)}


def test_a_rule_that_the_code_names_is_one_that_it_is_known_to_keep() -> None:
    named = {
        (str(path.relative_to(ROOT)), rule)
        for path in (ROOT / "scheduling").rglob("*.py")
        for rule in ID.findall(path.read_text())
    }

    assert named == {(kept.path, rule) for kept in KEPT for rule in kept.rules}


def test_lease_surrender_and_heartbeat_are_in_the_models_order() -> None:
    """[ONCE-2] [RECOVER-1]: who cannot beat is dead before anybody takes over."""
    assert 1 < state.SURRENDER < state.LEASE
    assert 3 * HEARTBEAT_EVERY < SURRENDER
    assert SURRENDER + HEARTBEAT_EVERY < LEASE


@cache
def _tree(path: str) -> ast.Module:
    return ast.parse((ROOT / path).read_text())


def _place_of(kept: Kept) -> tuple[int, int]:
    """The lines of a function, class or assigned name, counted from zero."""
    for node in ast.walk(_tree(kept.path)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names = {node.name}
        elif isinstance(node, ast.Assign):
            names = {ast.unparse(target) for target in node.targets}
        else:
            continue
        if kept.name in names:
            assert node.end_lineno is not None, "parsed from a file"
            return node.lineno - 1, node.end_lineno
    raise AssertionError(f"There is no {kept.name} in {kept.path}.")
