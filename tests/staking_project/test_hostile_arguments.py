"""Every argument of every management command of ours with values that nobody means: a line, or success.

A new command is covered by being there.
"""

import argparse
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from tests.scheduling.factories import NOON, JobFactory, RunFactory

pytestmark = [pytest.mark.django_db, pytest.mark.database]

OURS = ("scheduling", "staking_project", "validators")
COMMANDS = sorted(name for name, app in get_commands().items() if app in OURS)
# They go on until they are stopped, or measure for minutes; what they are given is read all the same.
ONLY_READ = {"mcp", "run", "qcluster", "simulate_cluster", "verify"}
NAME = "fetch-repeatable"
HOSTILE = (
    "",
    "-1",
    "0",
    "9" * 25,
    "9" * 5_000,
    "nan",
    "inf",
    "1e999",
    "²",
    "é" * 400,
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "99999999d",
    "[" * 20_000,
    '{"a": NaN}',
    '{"a": 1e999}',
    '{"a": "\\u0000"}',
    '{"a": "\\ud800"}',
    "0 0 * * *" + " " * 120,
    "0 0 30 2 *",
    "* " * 60,
    "localtime",
    "/",
    "/proc/nowhere/at/all",
)
# Where a command asks for something that has to be there before it looks at the rest.
SENSIBLE = {"name": NAME, "start": "2026-11-23T11:00Z", "end": "2026-11-23T11:30Z"}


def paths(parser: argparse.ArgumentParser) -> Iterator[tuple[list[str], argparse.ArgumentParser]]:
    """The parser, or each of its actions with the words that lead there."""
    choices = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
    if not choices:
        yield [], parser
    for one in choices:
        for word, sub in one.choices.items():
            for words, last in paths(sub):
                yield [word, *words], last


def needed(parser: argparse.ArgumentParser, *, but: argparse.Action) -> list[str]:
    """What has to be given so that another argument is looked at."""
    words: list[str] = []
    exclusive = {id(one) for group in parser._mutually_exclusive_groups for one in group._group_actions}
    for one in parser._actions:
        is_wanted = one.required or (id(one) in exclusive and one.dest == "name" and not one.option_strings)
        if one is but or not is_wanted or isinstance(one, argparse._HelpAction):
            continue
        value = str(next(iter(one.choices))) if one.choices else SENSIBLE.get(one.dest, "1")
        words += [f"{one.option_strings[0]}={value}"] if one.option_strings else [value]
    return words


def attacks(whole: argparse.ArgumentParser) -> Iterator[list[str]]:
    general = {one.dest for one in BaseCommand().create_parser("manage.py", "any")._actions}
    seen = set()
    for words, parser in paths(whole):
        for one in parser._actions:
            if one.dest in general or one.nargs == 0:
                continue
            # What every action takes is read by the same lines in each.
            values = HOSTILE[::5] if one.dest in seen else HOSTILE
            seen.add(one.dest)
            for value in values:
                given = [f"{one.option_strings[0]}={value}"] if one.option_strings else ["--", value]
                yield [*words, *needed(parser, but=one), *given]


@pytest.mark.parametrize("name", COMMANDS)
def test_hostile_arguments_get_a_line_and_no_traceback(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    RunFactory(job=JobFactory(name=NAME, schedule__name=NAME), occurrence=NOON)
    command = load_command_class(get_commands()[name], name)
    if name in ONLY_READ:
        monkeypatch.setattr(type(command), "handle", lambda self, *args, **options: None)
    # Once, and not for each call as call_command does.
    parser, broken = command.create_parser("manage.py", name), {}
    for words in attacks(parser):
        try:
            with transaction.atomic():
                options = vars(parser.parse_args(words)) | {"skip_checks": True}
                command.execute(**options, stdout=StringIO(), stderr=StringIO())
                transaction.set_rollback(True)
        except CommandError:
            pass
        except Exception as exc:
            broken[" ".join(words)[:120]] = f"{type(exc).__name__}: {str(exc)[:120]}"
    assert not broken, "\n".join(f"{words}: {error}" for words, error in broken.items())
