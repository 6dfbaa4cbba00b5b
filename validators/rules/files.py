"""Reading rule sets: those that are shipped, and those in a folder of one's own."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from validators.rules.schema import RuleSet

SHIPPED: Final = Path(__file__).parent / "sets"
# A file of rules has a few kilobytes.
LARGEST: Final = 256 * 1024


class RulesError(Exception):
    """A file of rules cannot be used; the message names file, rule and key, and says what to do."""


@dataclass(frozen=True, slots=True)
class RuleSets:
    """By name, the shipped ones first; and what is wrong with each file that cannot be used."""

    sets: Mapping[str, RuleSet]
    refused: tuple[str, ...] = ()


def read_rule_sets(folder: Path | None) -> RuleSets:
    """The shipped sets and those of a folder; one of one's own goes before a shipped one of its name."""
    sets = {one.name: one for one in map(read_rule_set, sorted(SHIPPED.glob("*.toml")))}
    if folder is None:
        return RuleSets(sets)
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == ".toml")
    except OSError as exc:
        return RuleSets(sets, (f"RULES_DIR: {folder.name}: {exc.strerror}; give a folder of TOML files.",))
    refused, mine = [], {}
    for path in paths:
        try:
            found = read_rule_set(path)
            if found.name in mine:
                raise RulesError(f"{path.name}: name: {found.name!r} is in another file too; rename one.")
            mine[found.name] = found
        except RulesError as exc:
            refused.append(str(exc))
    return RuleSets(sets | mine, tuple(refused))


def read_rule_set(path: Path) -> RuleSet:
    """Raises a RulesError."""
    try:
        if path.stat().st_size > LARGEST:
            raise RulesError(f"{path.name}: it has more than {LARGEST // 1024} KiB; give a file of rules.")
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise RulesError(f"{path.name}: {exc.strerror}; make it readable.") from exc
    except UnicodeDecodeError as exc:
        raise RulesError(f"{path.name}: it is not UTF-8; write it so.") from exc
    except tomllib.TOMLDecodeError as exc:
        raise RulesError(f"{path.name}: it is no TOML: {exc}.") from exc
    try:
        return RuleSet.model_validate(told)
    except ValidationError as exc:
        raise RulesError("; ".join(_said(path, told, one) for one in exc.errors(include_url=False))) from exc


def _said(path: Path, told: Any, error: ErrorDetails) -> str:
    """Such as: mine.toml: rule commission: at_most: Input should be a valid number."""
    place = list(error["loc"])
    where = [path.name]
    if place[:1] == ["rules"] and len(place) > 1 and isinstance(place[1], int):
        where.append(f"rule {_name_of(told, place[1])}")
        # The third is the kind, which chooses among shapes.
        place = place[3:] if place[2:3] and place[2] in ("value", "version", "elsewhere") else place[2:]
    if place:
        where.append(".".join(map(str, place)))
    why = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        why = "there is no such key; take it out, or spell it as docs/verdicts.md does"
    elif error["type"] == "missing":
        why = "it is missing; add it"
    elif error["type"].startswith("union_tag"):
        why = 'kind is "value", "version" or "elsewhere"; write one of them'
    return f"{': '.join(where)}: {why}"


def _name_of(told: Any, place: int) -> str:
    try:
        return str(told["rules"][place]["name"])[:40]
    except (KeyError, IndexError, TypeError):
        return f"number {place + 1}"
