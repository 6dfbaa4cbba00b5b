"""Which changes of state the code writes, read off its UPDATEs.

Those of the ORM say `filter(state=A) … .update(state=B)`. Those that are written down as SQL say both in the
text, or the state before alone, and are given the one after among their fields.
"""

import ast
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from django.conf import settings

from scheduling.engine import statements
from scheduling.models import RunState

# A row that is written for the first time.
NEW = "new"
ROOMS = ("engine", "ledger", "operations", "monitoring")
Function = ast.FunctionDef


def transitions() -> set[tuple[str, str]]:
    """Pairs of states, before and after; none that keeps its state."""
    root = Path(settings.BASE_DIR) / "scheduling"
    found: set[tuple[str, str]] = set()
    for room in ROOMS:
        for path in (root / room).rglob("*.py"):
            tree = ast.parse(path.read_text())
            for function in (node for node in ast.walk(tree) if isinstance(node, Function)):
                found |= set(_written_in(function, tree))
                found |= {pair for after in _given(function, tree) for pair in product(ENDED, after)}
    return found | _taken()


# What `statements.end` asks for and what `statements.take` does, by the text of their statements.
ENDED = re.findall(r"WHERE .* state = '(\w+)'", statements._END)


def _taken() -> set[tuple[str, str]]:
    after, before = re.findall(r"state = '(\w+)'", statements._TAKE)
    return {(before, after)}


def _given(function: Function, module: ast.Module) -> Iterator[set[str]]:
    """The states after, in functions that hand fields to the statement of an end."""
    if "_write" not in {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}:
        return
    for fields in (node for node in ast.walk(function) if isinstance(node, ast.Dict)):
        for key, value in zip(fields.keys, fields.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == "state":
                yield _states(value, function, module)


def _written_in(function: Function, module: ast.Module) -> Iterator[tuple[str, str]]:
    for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
        after = next((word.value for word in call.keywords if word.arg == "state"), None)
        if after is None:
            continue
        if isinstance(call.func, ast.Attribute) and call.func.attr == "update":
            before = _asked_for(call.func.value, function)
            assert before, f"{function.name} changes the state of runs in any state"
            yield from product(before, _states(after, function, module))
        elif ast.unparse(call.func) in ("Run", "Run.objects.create"):
            yield from product([NEW], _states(after, function, module))


def _asked_for(queryset: ast.expr, function: Function) -> set[str]:
    """The states that the rows are filtered by; a queryset may have been given a name before."""
    found: set[str] = set()
    # What EXISTS asks about are other rows.
    others = [node for node in ast.walk(queryset) if ast.unparse(node).startswith("Exists(")]
    hidden = {id(below) for other in others for below in ast.walk(other)}
    for node in (one for one in ast.walk(queryset) if id(one) not in hidden):
        if isinstance(node, ast.keyword) and node.arg in ("state", "state__in"):
            found |= _named(node.value)
        elif isinstance(node, ast.Name):
            for given in (one for one in ast.walk(function) if isinstance(one, ast.Assign)):
                if ast.unparse(given.targets[0]) == node.id:
                    found |= _asked_for(given.value, function)
    return found


def _states(value: ast.expr, function: Function, module: ast.Module) -> set[str]:
    """The states that an expression may be: named in it, given by callers, or what a function returns."""
    if not isinstance(value, ast.Name):
        return _named(value)
    found: set[str] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == function.name:
            for given in node.args:
                found |= _named(given)
        elif isinstance(node, ast.Return) and node.value is not None and "_state_of" in ast.unparse(function):
            found |= _named(node.value)
    assert found, f"{function.name} writes a state of unknown origin"
    return found


def _named(value: ast.expr) -> set[str]:
    return {
        str(RunState[node.attr].value)
        for node in ast.walk(value)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "RunState"
    }
