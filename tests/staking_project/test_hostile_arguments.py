"""Every argument of every management command of ours with values that nobody means: a line, or success; and
2 as the exit code for what cannot be asked.

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


# What is not a number, and numbers that no option means, but for those that take them.
NO_NUMBERS = ("nothing", "-1", "nan")
MEANS = {
    *(("simulate_cluster", "--seed", "-1"), ("simulate_cluster", "--patch-epoch", "-1")),
    # Without a change beside it there is nothing that another edition could contradict.
    ("scheduler", "--edition", "-1"),
}


def numbers(name: str, parser: argparse.ArgumentParser) -> Iterator[list[str]]:
    for words, one, action in options_of(parser):
        is_number = action.type in (int, float)
        for value in NO_NUMBERS if is_number else ():
            option = action.option_strings[0]
            if (name, option, value) not in MEANS and not (value == "nan" and action.type is int):
                yield [*words, *needed(one, but=action), f"{option}={value}"]


def options_of(
    parser: argparse.ArgumentParser,
) -> Iterator[tuple[list[str], argparse.ArgumentParser, argparse.Action]]:
    general = {one.dest for one in BaseCommand().create_parser("manage.py", "any")._actions}
    for words, one in paths(parser):
        for action in one._actions:
            if action.option_strings and action.dest not in general and action.nargs != 0:
                yield words, one, action


@pytest.mark.parametrize("name", COMMANDS)
def test_a_number_that_cannot_be_asked_is_wrong_usage(name: str) -> None:
    JobFactory(name=NAME, schedule__name=NAME)
    command, parser = as_a_shell_gets_it(name)
    codes = {" ".join(words): exit_code(command, parser, words) for words in numbers(name, parser)}

    assert set(codes.values()) <= {2}, codes


WRONG_WORDS = """
simulate_cluster --fault=nothing
simulate_cluster --slot-times=x
simulate_cluster --replay=/nowhere
simulate_cluster --replay=/ --history=/x
simulate_cluster --epochs=0
simulate_cluster --port=65536
mcp --port=1
mcp --http --token-file=/nowhere
mcp --http --host=0.0.0.0
mcp --http --port=65536
backtest_scores --from=3 --to=2
backtest_scores --from=1 --to=2 --method nothing
backtest_scores --from=1 --to=2 --coefficients=/nowhere
backtest_scores --from=1 --to=2 --data=/nowhere
backtest_scores --from=1 --to=2 --data=/dev/null
import_epochs /nowhere
import_epochs /dev/null
import_history /nowhere
import_history /dev/null
compare_history /nowhere
compare_history /dev/null
fit_scores --method=trust-v2 --to=2 --data=/nowhere
fit_scores --from=3 --to=2
verdicts --rules=nothing
verdicts --validator=nobody
select_validators --cap=nothing
select_validators --held=/nowhere
select_validators --flagged=so
watched add
rescore --run=1
fetch nothing
scheduler trigger nobody
scheduler explain nobody
"""


@pytest.mark.parametrize("line", WRONG_WORDS.strip().splitlines())
def test_what_cannot_be_asked_is_wrong_usage(line: str) -> None:
    name, *words = line.split()
    command, parser = as_a_shell_gets_it(name)

    assert exit_code(command, parser, words) == 2


def as_a_shell_gets_it(name: str) -> tuple[BaseCommand, argparse.ArgumentParser]:
    """Where a parser refuses, it ends the process."""
    command = load_command_class(get_commands()[name], name)
    command._called_from_command_line = True  # type: ignore[attr-defined]
    return command, command.create_parser("manage.py", name)


def exit_code(command: BaseCommand, parser: argparse.ArgumentParser, words: list[str]) -> int:
    try:
        with transaction.atomic():
            options = vars(parser.parse_args(words)) | {"skip_checks": True}
            command.execute(**options, stdout=StringIO(), stderr=StringIO())
            transaction.set_rollback(True)
    except CommandError as exc:
        return exc.returncode
    except SystemExit as exc:
        return int(exc.code or 0)
    return 0


# What is said for people may be nothing at all, and so may the faults. The others name files or times, and
# are refused where those of ONLY_READ use them.
MAY_BE_EMPTY = {
    *("--by", "--note", "--fault"),
    *("--token-file", "--replay", "--history", "--networks", "--slot-times"),
}


def empty(parser: argparse.ArgumentParser) -> Iterator[list[str]]:
    for words, one, action in options_of(parser):
        option = action.option_strings[0]
        if option not in MAY_BE_EMPTY:
            yield [*words, *needed(one, but=action), f"{option}="]


@pytest.mark.parametrize("name", COMMANDS)
def test_an_empty_value_is_not_taken_for_none(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a script's variable that nobody set: what narrows would let everything through."""
    RunFactory(job=JobFactory(name=NAME, schedule__name=NAME), occurrence=NOON)
    command, parser = as_a_shell_gets_it(name)
    if name in ONLY_READ:
        monkeypatch.setattr(type(command), "handle", lambda self, *args, **options: None)

    codes = {" ".join(words): exit_code(command, parser, words) for words in empty(parser)}

    assert 0 not in codes.values(), codes
