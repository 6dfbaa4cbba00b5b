"""Whoever writes what is summed up of epochs has it summed up again."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path

from validators import services

# The running epoch is summed up by nobody, and tells its commissions until it has ended.
WRITES_WHAT_IS_OPEN = {"running_epoch"}


def test_whoever_adds_an_epoch_or_writes_its_commissions_has_it_summed_up_again() -> None:
    found, forgetful = 0, []
    for path in sorted(Path(services.__path__[0]).rglob("*.py")):
        text = path.read_text()
        written = [list(fields) for fields in written_fields(path, text)]
        found += len(written)
        tells_of_it = any("commission" in name for fields in written for name in fields)
        if tells_of_it and "settle_again(" not in text and path.stem not in WRITES_WHAT_IS_OPEN:
            forgetful.append(path.stem)
    assert found > 8
    assert forgetful == []


def written_fields(path: Path, text: str) -> Iterator[Sequence[str]]:
    """Of each call that writes rows of ValidatorEpoch; one that adds rows, or of which we cannot tell, writes
    their commissions as well."""
    module = ".".join(path.relative_to(Path(services.__path__[0]).parent.parent).with_suffix("").parts)
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        is_bulk = any(isinstance(one, ast.Name) and one.id == "ValidatorEpoch" for one in node.args[:1])
        if is_bulk and node.func.attr in ("update_rows", "Staged"):
            [fields] = [one.value for one in node.keywords if one.arg == "fields"]
            # A name of the function that is around it could hold anything.
            names = defaultdict(lambda: ("commission_last_bps",), vars(import_module(module)))
            yield eval(compile(ast.Expression(fields), path.name, "eval"), {}, names)  # noqa: S307 - ours
        elif is_bulk or (
            node.func.attr in ("create", "bulk_create", "update", "bulk_update", "update_or_create")
            and ast.unparse(node.func).startswith("ValidatorEpoch.objects")
        ):
            yield ("commission_last_bps",)
