"""The settings: what `staking_project/variables.py` tells of each, its type as the code reads it, bounds."""

import ast
from pathlib import Path
from typing import Final

from docs.reference_pages.tables import code, page, table
from staking_project.environment import BOUNDS
from staking_project.variables import GROUPS, Variable

ROOT: Final = Path(__file__).parents[2]
READ_IN: Final = ("settings.py", "environment.py")
TYPES: Final = {
    "str": "text",
    "int": "whole number",
    "float": "number",
    "bool": "0 or 1",
    "list": "list, by commas",
    "level": "level",
    "db_url": "address",
    "email_url": "address",
}


def types_read() -> dict[str, str]:
    """The type of every variable that the settings read, by name: of env.int("PORT", default=8000), say."""
    found: dict[str, str] = {}
    for file in READ_IN:
        tree = ast.parse((ROOT / "staking_project" / file).read_text())
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            function, first = call.func, call.args[0] if call.args else None
            if (
                isinstance(function, ast.Attribute)
                and ast.unparse(function.value) == "env"
                and function.attr in TYPES
                and isinstance(first, ast.Constant)
            ):
                name, kind = str(first.value), TYPES[function.attr]
                # An address is read once more as text, to see whether there is one.
                found[name] = kind if found.get(name, "text") == "text" else found[name]
    return found


def settings_page() -> str:
    types = types_read()
    headers = ("name", "type", "default", "what it is for")
    return page(
        "Settings",
        "From the environment, or the file that `ENV_FILE` names (see there); the environment goes before. "
        "Wrong ones are refused by name, `manage.py check` finds the rest.",
        *(
            f"## {title}\n\n{table(headers, [_row(one, types[one.name]) for one in variables])}"
            for title, variables in GROUPS.items()
        ),
    )


def _row(variable: Variable, kind: str) -> tuple[str, str, str, str]:
    default = code(variable.default) if variable.default else "none"
    meaning, bounds = variable.meaning, BOUNDS.get(variable.name)
    if bounds is not None:
        meaning += f" From {bounds.least:,} to {bounds.most:,}."
    return code(variable.name), kind, default, meaning
