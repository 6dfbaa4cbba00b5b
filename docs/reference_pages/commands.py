"""The commands, from their parsers."""

import argparse
from collections.abc import Iterator
from typing import Any, Final

from django.core.management import get_commands, load_command_class

from docs.reference_pages.tables import code, page, table

OUR_APPS: Final = ("staking_project", "scheduling", "validators")
# Django gives these to every command.
EVERYWHERE: Final = {
    "-h",
    "--version",
    "-v",
    "--settings",
    "--pythonpath",
    "--traceback",
    "--no-color",
    "--force-color",
    "--skip-checks",
}


def our_commands() -> list[str]:
    return sorted(name for name, app in get_commands().items() if app in OUR_APPS)


def parser_of(name: str) -> argparse.ArgumentParser:
    command = load_command_class(get_commands()[name], name)
    parser: argparse.ArgumentParser = command.create_parser("manage.py", name)
    return parser


def commands_page() -> str:
    names = our_commands()
    return page(
        "Commands",
        "With `.venv/bin/python manage.py …`. Exit codes: 0 done, 1 failed, 2 wrong usage (of a file: it "
        "is not there, or holds something else), 3 stale or late "
        "under `--check`. Data goes to stdout, progress to stderr. `--help` says the same as this page.",
        *(_command(name) for name in names),
    )


def actions_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The parsers of `scheduler set`, `scheduler list` and so on, by the action's name."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def arguments_of(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """What may be written after the command, but for what every command takes."""
    for action in parser._actions:
        hidden = isinstance(action, argparse._SubParsersAction) or action.help == argparse.SUPPRESS
        if not hidden and not EVERYWHERE & set(action.option_strings):
            yield action


def _command(name: str) -> str:
    parser = parser_of(name)
    parts = [f"## {name}", _sentence(parser.description or ""), _arguments(parser)]
    for action, below in actions_of(parser).items():
        parts += [f"### {name} {action}", _sentence(below.description or ""), _arguments(below)]
    return "\n\n".join(part for part in parts if part)


def _arguments(parser: argparse.ArgumentParser) -> str:
    told = parser._get_formatter()._expand_help  # the defaults within
    rows = [
        (written(action), _default(action), told(action) if action.help else "")
        for action in arguments_of(parser)
    ]
    return table(("argument", "default", "meaning"), rows) if rows else ""


def written(action: argparse.Action) -> str:
    """As it is typed: `--seconds SECONDS`, `NAME …`, `list|test`."""
    if action.choices is not None:
        value = "|".join(map(str, action.choices))
    else:
        value = str(action.metavar or action.dest.upper())
    if not action.option_strings:
        return code(value) + (" …" if action.nargs in ("*", "+") else "")
    flag = ", ".join(action.option_strings)
    value = f"[{value}]" if action.nargs == "?" else value
    return code(flag if action.nargs == 0 else f"{flag} {value}")


def _default(action: argparse.Action) -> str:
    value: Any = action.default
    if not action.option_strings or value in (None, False, "", [], argparse.SUPPRESS):
        # argparse calls what may be given any number of times, none too, required where it has no default.
        return "has to be given" if action.required and action.nargs not in (0, "*") else ""
    if action.dest == "by":  # of whoever writes this page
        return "your user name"
    return code(value)


def _sentence(text: str) -> str:
    return text if not text or text.endswith(".") else f"{text[:1].upper()}{text[1:]}."
