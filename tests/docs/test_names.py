"""Every command, setting, metric, address and make target that a page names is there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands
from django.urls import Resolver404, resolve

from docs.reference_pages.commands import actions_of, parser_of
from docs.reference_pages.metrics import declared_metrics
from staking_project.variables import VARIABLES
from tests.docs.pages import BY_HAND, ROOT, blocks, commands, name, spans

# Tell of the inside, and name constants of it.
INSIDE = (
    "docs/decisions/",
    "docs/asvs.md",
    "docs/scoring",
    "docs/glossary.md",
    "docs/architecture.md",
    "docs/compared.md",
)
OPERATORS = [page for page in BY_HAND if not name(page).startswith(INSIDE)]
# Of the shell and of others, of SQL, of tables.
NOT_OURS = {
    *("DJANGO_SETTINGS_MODULE", "NO_COLOR", "PYTHONPATH"),
    *("WEBHOOK_SECRET", "UPDATE", "FAILED", "SOURCE", "METHODS"),
    *("REPOSITORY", "DATABASE", "ADMIN", "DRILL", "POSTGRES_PASSWORD"),
}
ELSEWHERE = ("/etc", "/srv", "/var", "/proc", "/tmp", "/usr", "/run", "/dev")


@pytest.mark.parametrize("page", BY_HAND, ids=name)
def test_every_command_is_there_and_takes_what_is_written(page: Path) -> None:
    assert [problem for words in commands(page) if (problem := _problem(words))] == []


def _problem(words: list[str]) -> str:
    """What is wrong with a command as it is written; empty when nothing is."""
    command, text = words[0], " ".join(words)
    if command not in get_commands():
        return f"no command: {text}"
    parser = parser_of(command)
    below = actions_of(parser)
    if below and len(words) > 1 and words[1][0].isalpha():
        actions = words[1].split("\\|") if "\\|" in words[1] else words[1].split("|")
        if missing := [action for action in actions if action not in below]:
            return f"no action {missing}: {text}"
        parser = below[actions[0]]
    known = {flag for action in parser._actions for flag in action.option_strings}
    unknown = [flag for flag in re.findall(r"(?<![\w-])--[a-z][\w-]*", text) if flag not in known]
    return f"{unknown}: {text}" if unknown else ""


def _settings_named() -> Iterator[tuple[str, str]]:
    for page in OPERATORS:
        for span in spans(page):
            if found := re.match(r"([A-Z][A-Z_]{3,})(?:=|\[|\.|$)", span):
                yield name(page), found[1]
        for block in blocks(page):
            for found in re.finditer(r"(?:^|\s)([A-Z][A-Z_]{3,})=", block):
                yield name(page), found[1]


def test_every_setting_that_a_page_names_is_read() -> None:
    known = {*VARIABLES, *dir(settings), *NOT_OURS}

    named = list(_settings_named())

    assert len(named) > 40
    assert [one for one in named if one[1] not in known] == []


def test_every_metric_that_a_page_names_is_there() -> None:
    known = {metric.name for metric in declared_metrics()}
    texts = {name(page): page.read_text() for page in BY_HAND}

    named = {
        (page, metric)
        for page, text in texts.items()
        for metric in re.findall(r"\bstaking_[a-z_]+[a-z]", text)
    }

    others = {"staking_project", "staking_backend", "staking_project.settings", "staking_drill"}
    assert {one for one in named if one[1] not in known | others} == set()


def _addresses_named() -> Iterator[tuple[str, str]]:
    for page in OPERATORS:
        for span in spans(page):
            if found := re.fullmatch(r"(?:(?:GET|POST) )?(/[^\s?=]*)(?:\?\S*)?", span):
                yield name(page), found[1]


def test_every_address_that_a_page_names_leads_somewhere() -> None:
    named = [one for one in _addresses_named() if not one[1].startswith(ELSEWHERE)]
    assert len(named) > 20

    assert [one for one in named if not _leads_somewhere(one[1])] == []


def _leads_somewhere(address: str) -> bool:
    example = re.sub(r"<[^>]*>|\{[^}]*\}|NAME|…", "1", address)
    for path in (example, f"{example}validators", f"{example}/"):
        try:
            resolve(path)
        except Resolver404:
            continue
        return True
    return False


def test_every_make_target_that_a_page_names_is_there() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    named = {
        target
        for page in BY_HAND
        for text in (*spans(page), *blocks(page), *blocks(page, "sh"))
        for target in re.findall(r"\bmake (?!-)([a-z0-9-]+)", text)
    }

    assert {"run", "test", "docs"} <= named
    assert named <= targets
