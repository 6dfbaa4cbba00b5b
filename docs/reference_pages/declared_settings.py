"""The settings: names, types and defaults as the code reads them, and what they are for."""

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from docs.reference_pages.tables import code, page, table
from staking_project.environment import BOUNDS
from staking_project.meanings import MEANINGS

ROOT: Final = Path(__file__).parents[2]
READ_IN: Final = ("settings.py", "environment.py")
TYPES: Final = {
    "str": "text",
    "int": "whole number",
    "float": "number",
    "bool": "0 or 1",
    "list": "list, by commas",
    "level": "DEBUG, INFO, WARNING, ERROR or CRITICAL",
    "db_url": "address",
    "email_url": "address",
}
# Where the code reckons the default, or leaves it to what follows.
SAID: Final = {
    "SOLANA_RPC_URL": "the simulated cluster of `run`, else none",
    "DATABASE_URL": "SQLite in `STATE_DIR`",
    "STATE_DIR": "`var/` beside `manage.py`",
    "REDIS_URL": "the embedded Redis of `run`, else `redis://127.0.0.1:6379/0`",
    "SECRET_KEY": "generated into `STATE_DIR`",
    "HOST_NAME": "the machine's name",
    "TRUSTED_PROXIES": "1 with `HTTPS`, else 0",
}


@dataclass(frozen=True, slots=True)
class Setting:
    """A variable of the environment; `default` as a reader would write it."""

    name: str
    type: str
    default: str


def declared_settings() -> dict[str, Setting]:
    """Every variable that the settings read, by name."""
    found: dict[str, Setting] = {}
    for file in READ_IN:
        tree = ast.parse((ROOT / "staking_project" / file).read_text())
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            if _reads_the_environment(call):
                setting = _setting(call)
                # An address is read once more as text, to see whether there is one.
                if setting.name not in found or setting.type == "address":
                    found[setting.name] = setting
    return found


def settings_page() -> str:
    declared = declared_settings()
    parts = []
    for group, meanings in MEANINGS.items():
        rows = [
            [code(name), declared[name].type, declared[name].default, _with_bounds(name, meaning)]
            for name, meaning in meanings.items()
        ]
        parts.append(f"## {group}\n\n{table(('name', 'type', 'default', 'what it is for'), rows)}")
    return page(
        "Settings",
        "From the environment, or a `.env` file beside `manage.py`; the environment goes before. Wrong ones "
        "are refused by name, `manage.py check` finds the rest.",
        *parts,
    )


def _reads_the_environment(call: ast.Call) -> bool:
    """Such as env.int("PORT", default=8000)."""
    function = call.func
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.value.id == "env"
        and function.attr in TYPES
        and bool(call.args)
        and isinstance(call.args[0], ast.Constant)
    )


def _setting(call: ast.Call) -> Setting:
    assert isinstance(call.func, ast.Attribute)
    assert isinstance(call.args[0], ast.Constant)
    name = str(call.args[0].value)
    default = next((word.value for word in call.keywords if word.arg == "default"), None)
    return Setting(name, TYPES[call.func.attr], SAID.get(name) or _written(default))


def _written(default: ast.expr | None) -> str:
    """Raises ValueError for what is none of the code's literals: then SAID has to say it."""
    if isinstance(default, ast.Call):  # the former name's
        return _setting(default).default
    value = None if default is None else _value(default)
    if isinstance(value, bool):
        return code(int(value))
    if value in (None, "", []):
        return "none"
    text = ",".join(value) if isinstance(value, list) else value
    return code(int(text) if isinstance(text, float) and text.is_integer() else text)


def _value(default: ast.expr) -> object:
    if isinstance(default, ast.BinOp) and isinstance(default.op, ast.Mult):
        left, right = ast.literal_eval(default.left), ast.literal_eval(default.right)
        return int(left) * int(right)
    value: object = ast.literal_eval(default)
    return value


def _with_bounds(name: str, meaning: str) -> str:
    if name not in BOUNDS:
        return meaning
    return f"{meaning} From {BOUNDS[name].least:,} to {BOUNDS[name].most:,}."
