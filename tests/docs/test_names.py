"""Every command, setting, metric, address and make target that a page names is there."""

import argparse
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands
from django.urls import Resolver404, resolve

from docs.reference_pages.commands import actions_of, our_commands, parser_of
from docs.reference_pages.metrics import declared_metrics
from staking_project.variables import VARIABLES
from tests.docs.pages import BESIDE, BY_HAND, ROOT, commands, name, spans, typed
from tests.packaging.building import PACKAGES

# Tell of the inside, and name constants of it.
INSIDE = (
    "docs/decisions/",
    "docs/asvs.md",
    "docs/scoring",
    "docs/glossary.md",
    "docs/architecture.md",
    "docs/compared.md",
)
PAGES = [*BY_HAND, *BESIDE]
OPERATORS = [page for page in PAGES if not name(page).startswith(INSIDE)]
# Of the shell and of others, of SQL, of tables.
NOT_OURS = {
    *("DJANGO_SETTINGS_MODULE", "NO_COLOR", "PYTHONPATH", "VERSION", "HTTP", "CHANGELOG"),
    *("WEBHOOK_SECRET", "UPDATE", "FAILED", "SOURCE", "METHODS"),
    *("REPOSITORY", "DATABASE", "ADMIN", "DRILL", "POSTGRES_PASSWORD"),
}
# Whose options are not ours.
PROGRAMS = ("docker ", "pip ", "psql ", "git ", "python -m ", "runuser ")
# Written alone, as what one of those takes.
BENCHMARKS = {"--before"}
METRIC = re.compile(
    r"^(?:scheduling|validators|django)_[a-z0-9_]+_(?:total|seconds|bytes|ratio|bucket|count|sum)\b"
)
OUR_HOSTS = r"(?:127\.0\.0\.1:8000|localhost:8000|staking\.example\.org)"
ELSEWHERE = ("/etc", "/srv", "/var", "/proc", "/tmp", "/usr", "/run", "/dev")


@pytest.mark.parametrize("page", PAGES, ids=name)
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
    if not below and (wrong := _not_a_choice(parser, words[1:])):
        return f"none of the choices: {wrong}: {text}"
    known = {flag for action in parser._actions for flag in action.option_strings}
    unknown = [flag for flag in re.findall(r"(?<![\w-])--[a-z][\w-]*", text) if flag not in known]
    return f"{unknown}: {text}" if unknown else ""


def _not_a_choice(parser: argparse.ArgumentParser, words: list[str]) -> str:
    """The first word, where the command takes one of a few there; it may be written a|b or as NAME."""
    if not words or not re.fullmatch(r"[a-z][a-z|\\-]*", words[0]):
        return ""
    places = [action for action in parser._actions if not action.option_strings]
    choices = places[0].choices if places else ()
    given = re.split(r"\\?\|", words[0])
    return "" if choices is None or set(given) <= set(choices) else words[0]


def _options_of(parser: argparse.ArgumentParser) -> set[str]:
    own = {flag for action in parser._actions for flag in action.option_strings}
    return own.union(*(_options_of(below) for below in actions_of(parser).values()))


def test_every_option_in_a_sentence_is_one_of_a_command_or_of_a_program_named_with_it() -> None:
    known = set[str]().union(*(_options_of(parser_of(command)) for command in (*our_commands(), "check")))

    unknown = [
        (name(page), span)
        for page in PAGES
        for span in spans(page)
        if not span.startswith(PROGRAMS)
        and not set(re.findall(r"(?<![\w-])--[a-z][\w-]*", span)) <= known | BENCHMARKS
    ]

    assert unknown == []


def test_every_module_that_a_page_runs_is_there() -> None:
    named = {
        module
        for page in PAGES
        for module in re.findall(r"python3? -m ([a-z_]\w*(?:\.\w+)*)", page.read_text())
    }

    assert len(named) > 8
    assert [module for module in sorted(named) if find_spec(module) is None] == []


# What a reader is to write.
TO_BE_WRITTEN = {"kept.py", "our_rule.py", "our_condition.py", "our_source.py", "test_unvoting_alert.py"}


def test_every_file_that_a_page_names_is_there() -> None:
    """From the folder of an app or of one of its rooms on, or by its name alone."""
    folders = (*PACKAGES, "benchmarks", "docs", "examples", "tests")
    paths = (*ROOT.glob("*.*"), *(path for folder in folders for path in (ROOT / folder).rglob("*.*")))
    files = [f"/{name(path)}" for path in paths]

    named = {
        (name(page), span)
        for page in PAGES
        for span in spans(page)
        if re.fullmatch(r"[\w./-]+\.(?:py|html|js|toml)", span)
    }

    assert len(named) > 100
    written = {one for one in named if Path(one[1]).name in TO_BE_WRITTEN}
    assert {one for one in named if not any(file.endswith(f"/{one[1]}") for file in files)} <= written


def _settings_named() -> Iterator[tuple[str, str, str]]:
    """The page, the name, and `=` where it is given a value as in the environment."""
    for page in OPERATORS:
        for span in spans(page):
            if found := re.match(r"([A-Z][A-Z0-9_]{3,})(=|\[|\.| \d|$)", span):
                yield name(page), found[1], found[2]
        for line in typed(page):
            for found in re.finditer(r"(?:^|[\s\"'])([A-Z][A-Z0-9_]{3,})(=)(?!=)", line):
                yield name(page), found[1], found[2]


def test_every_setting_that_a_page_names_is_read() -> None:
    known = {*VARIABLES, *NOT_OURS}

    named = list(_settings_named())

    assert len(named) > 40
    assert [
        one for one in named if one[1] not in known and (one[2] == "=" or not hasattr(settings, one[1]))
    ] == []


def test_every_metric_that_a_page_names_is_there() -> None:
    known = {metric.name for metric in declared_metrics()}
    texts = {name(page): page.read_text() for page in PAGES}

    named = {
        (page, metric)
        for page, text in texts.items()
        for metric in re.findall(r"\bstaking[_:][\w:]+", text, re.IGNORECASE | re.ASCII)
    } | {(name(page), metric) for page in PAGES for span in spans(page) for metric in METRIC.findall(span)}

    others = {"staking_project", "staking_backend", "staking_drill", "staking_connections"}
    assert {one for one in named if one[1] not in known | others} == set()


def _addresses_named() -> Iterator[tuple[str, str]]:
    for page in OPERATORS:
        for span in spans(page):
            if found := re.fullmatch(r"(?:(?:GET|POST|PUT|PATCH|DELETE) )?(/[^\s?=]*)(?:\?\S*)?", span):
                yield name(page), found[1]
    for page in PAGES:
        text = page.read_text()
        for found in re.finditer(r"(?:/|(?<=[\"'`\s]))(api/v\d+/[^\s\"'`<>)…,?|\\]*)", text):
            yield name(page), f"/{found[1]}"
        for found in re.finditer(rf"https?://{OUR_HOSTS}(/[^\s\"'`<>)…,?|\\]*)", text):
            yield name(page), found[1]


def test_every_address_that_a_page_names_leads_somewhere() -> None:
    named = [one for one in _addresses_named() if not one[1].startswith(ELSEWHERE)]
    assert len(named) > 20

    assert [one for one in named if not _leads_somewhere(one[1])] == []


def _leads_somewhere(address: str) -> bool:
    # Any of those beneath it.
    address = re.sub(r"(…|\$?\{path\})$", "", address)
    example = re.sub(r"<[^>]*>|\$?\{[^}]*\}?|NAME|ID|…", "1", address)
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
        for page in PAGES
        for text in (*spans(page), *typed(page))
        for words in re.findall(r"(?:^|&& )\s*make ((?:[a-z0-9-]+ *)+)", text.split("#")[0])
        for target in words.split()
    }

    assert {"run", "test", "docs"} <= named
    assert named <= targets
