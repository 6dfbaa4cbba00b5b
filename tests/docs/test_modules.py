"""The pages of the ten tools are of one form, and their options are those of the code."""

import re
from pathlib import Path

import pytest

from docs.reference_pages.commands import actions_of, arguments_of, parser_of
from staking_project.variables import VARIABLES
from tests.docs.pages import DOCS, name

PAGES = sorted(path for path in (DOCS / "modules").glob("*.md") if path.name != "README.md")
# Which command, and which of its actions, a page's table has every option of.
WHOLE = {
    "run": ("run",),
    "scheduler": ("scheduler", "set"),
    "monitor": ("monitor",),
    "health": ("health",),
    "alert": ("alert",),
    "verify": ("verify",),
    "fetch": ("fetch",),
    "select_validators": ("select_validators",),
}
# Of every action: one document, and who does it.
SAID_ELSEWHERE = {"scheduler": {"--json", "--by"}}


def rows(page: Path) -> list[list[str]]:
    """The cells of the table of options."""
    options = page.read_text().split("\n## Options\n")[1].split("\n## ")[0]
    lines = [line for line in options.splitlines() if line.startswith("|")]
    assert lines[0] == "| option | type | default | change it when |"
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def test_there_are_ten_and_each_is_on_the_page_of_all() -> None:
    everything = (DOCS / "modules" / "README.md").read_text()

    assert len(PAGES) == 10
    assert [page.name for page in PAGES if f"]({page.name})" not in everything] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_tool_is_told_in_five_parts(page: Path) -> None:
    text = page.read_text()
    parts = ("**What.** ", "**Why.** ", "## Smallest example\n", "## Options\n", "## What it emits\n")

    places = [text.find(part) for part in parts]

    assert -1 not in places
    assert places == sorted(places)
    assert all(len(row) == 4 and all(row) for row in rows(page))


@pytest.mark.parametrize("tool", WHOLE)
def test_every_option_of_its_command_is_in_the_table(tool: str) -> None:
    command, *action = WHOLE[tool]
    parser = parser_of(command)
    if action:
        parser = actions_of(parser)[action[0]]
    told = " ".join(row[0] for row in rows(DOCS / "modules" / f"{tool}.md"))

    there_are = {flag for one in arguments_of(parser) for flag in one.option_strings}

    assert set(re.findall(r"--[\w-]+", told)) == there_are - SAID_ELSEWHERE.get(tool, set())


def test_the_defaults_of_settings_are_those_of_the_code() -> None:
    checked = 0
    for page in PAGES:
        for option, kind, default, _ in rows(page):
            if kind == "setting":
                names, told = re.findall(r"[A-Z_]{3,}", option), default.replace("`", "").split(", ")
                for each, said in zip(names, told * len(names) if len(told) == 1 else told, strict=True):
                    # What stands for one that has none is told in words.
                    expected = VARIABLES[each].default
                    assert said == expected if expected else not said.isdigit(), each
                    checked += 1
    assert checked > 8
