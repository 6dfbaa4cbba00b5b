"""Options as commands read them, and those of `scheduler set`: which field each changes."""

import json
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from scheduling.exceptions import CadenceError, RefusedError
from scheduling.models import CatchUp, Overlap
from scheduling.timing.cadence import Cadence, Cron, Every
from scheduling.timing.durations import parse_duration
from scheduling.timing.instants import parse_instant

# Written for a field that may be empty.
NONE = "none"
MOST_SHOWN = 10_000
# What every column of whole numbers holds.
MOST_DIGITS = 9
# Of a wrong value, its beginning is repeated.
MOST_ECHOED = 100


@dataclass(frozen=True, slots=True)
class Option:
    """One flag of `scheduler set` that changes one field of a job."""

    flag: str
    field: str
    parse: Callable[[str], Any]
    help: str


def given(text: str) -> str:
    """A value as it stands, if there is one: a script gives an empty one for a variable that nobody set."""
    if not text:
        raise ArgumentTypeError("its value is empty")
    return text


def count(text: str) -> int:
    """How many rows a command shows; anything but a number that a terminal can hold is refused."""
    if not (text.isdecimal() and len(text) <= MOST_DIGITS and 1 <= int(text) <= MOST_SHOWN):
        raise ArgumentTypeError(f"{text!r} is no number from 1 to {MOST_SHOWN}")
    return int(text)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        raise RefusedError(f"{text[:MOST_ECHOED]!r} is not a whole number of up to {MOST_DIGITS} digits.")
    return int(text)


def _one_of(choices: list[str]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise RefusedError(f"{text!r} is none of {', '.join(choices)}.")
        return text

    return parse


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number that JSON knows")


def _json_object(text: str) -> dict[str, Any]:
    shown = repr(text[:MOST_ECHOED])
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as exc:
        raise RefusedError(f"{shown} is not JSON: {exc}") from exc
    if not isinstance(value, dict):
        raise RefusedError(f"{shown} is not a JSON object of keyword arguments.")
    return value


def _or_none(parse: Callable[[str], Any], empty: Any = None) -> Callable[[str], Any]:
    return lambda text: empty if text == NONE else parse(text)


OPTIONS = (
    Option("--end", "ends_at", _or_none(parse_instant), "no occurrence after this time, or none"),
    Option("--jitter", "jitter", parse_duration, "start up to this much after the occurrence"),
    Option("--overlap", "overlap", _one_of(Overlap.values), "skip, queue or allow"),
    Option("--catch-up", "catch_up", _one_of(CatchUp.values), "latest, skip or all"),
    Option("--catch-up-window", "catch_up_window", parse_duration, "how far back `all` reaches"),
    Option("--time-limit", "time_limit", parse_duration, "a run that takes longer is ended"),
    Option("--attempts", "max_attempts", _number, "a run is tried no more often, in half of its interval"),
    Option("--backoff", "backoff", parse_duration, "the wait after the first failed attempt; then it grows"),
    Option("--condition", "condition", _or_none(str, ""), "a registered condition, or none"),
    Option(
        "--stretch-limit", "stretch_limit", _or_none(parse_duration), "longest interval under load, or none"
    ),
    Option("--pause-after-failures", "pause_after_failures", _or_none(_number), "so many in a row, or none"),
    Option("--keep-succeeded", "keep_succeeded", parse_duration, "how long good runs are kept"),
    Option("--keep-failed", "keep_failed", parse_duration, "how long failed runs are kept"),
    Option("--keep-newest", "keep_newest", _number, "this many runs are kept however old"),
    Option("--parameters", "parameters", _json_object, "keyword arguments of the task, as JSON"),
    Option("--parameters-b", "parameters_b", _or_none(_json_object), "those of variant b, or none"),
)


def add_set_options(parser: ArgumentParser) -> None:
    """Give a parser every option of `scheduler set`."""
    parser.add_argument("--every", type=given, help="an interval, like 45s, 10min or 6h")
    parser.add_argument(
        "--offset", type=given, help="put the interval on the clock's grid, this long after it"
    )
    parser.add_argument("--cron", type=given, help="five fields, or six with the seconds first")
    parser.add_argument("--tz", type=given, help="the time zone of the cron, like Europe/Zurich")
    parser.add_argument("--start", type=given, help="the first occurrence not before this time")
    parser.add_argument("--count", type=given, help="so many occurrences in all, or none for no end")
    parser.add_argument("--after", type=given, help="run after each success of that schedule, or none")
    parser.add_argument(
        "--edition", type=int, help="only if nobody edited it since that one, which `list --json` shows"
    )
    for option in OPTIONS:
        parser.add_argument(option.flag, dest=option.field, type=given, help=option.help)


def read_set_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """What `operations.change` is to be called with; raises the error that names the wrong option."""
    fields = {
        option.field: option.parse(options[option.field])
        for option in OPTIONS
        if options.get(option.field) is not None
    }
    count, start, after = options.get("count"), options.get("start"), options.get("after")
    return {
        "cadence": _cadence(options),
        "start": parse_instant(start) if start else None,
        "repeats": None if count is None else -1 if count == NONE else _number(count),
        "after": None if after is None else "" if after == NONE else after,
        "fields": fields,
        "expected": options.get("edition"),
    }


def _cadence(options: Mapping[str, Any]) -> Cadence | None:
    every, cron = options.get("every"), options.get("cron")
    if every and cron:
        raise CadenceError("Give --every or --cron, not both.")
    if cron:
        return Cron(cron, options.get("tz") or "UTC")
    if options.get("tz") or (options.get("offset") and not every):
        raise CadenceError("--tz goes with --cron, and --offset with --every.")
    if not every:
        return None
    offset = options.get("offset")
    return Every(_whole_seconds(every), None if offset is None else _whole_seconds(offset))


def _whole_seconds(text: str) -> int:
    return parse_duration(text) // timedelta(seconds=1)
