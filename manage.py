#!/usr/bin/env python
"""Django's command-line entry point."""

import io
import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import Error as DatabaseError

# How SQLite and PostgreSQL say that a table is not there.
TABLE_IS_MISSING = ("no such table", "does not exist")


def main() -> None:
    """Run a command; what the installation lacks is said in a line, not in a traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "staking_project.settings")
    # A terminal or a pipe that knows no such character gets it spelt.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    for place, word in enumerate(sys.argv[1:], start=1):
        if not word.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in word):
            sys.exit(f"Argument {place} is no text in UTF-8.")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as exc:
        sys.exit(f"Wrong settings: {exc}")
    except DatabaseError as exc:
        line = _why_the_database_does_not(exc)
        if not line or "--traceback" in sys.argv:
            raise
        sys.exit(line)


def _why_the_database_does_not(exc: DatabaseError) -> str:
    """Empty for what is a mistake of ours."""
    from scheduling.monitoring.refusals import database_refusal, is_passing

    reason = " ".join(str(exc).split("\n", 1)[0].split())
    if any(words in reason for words in TABLE_IS_MISSING):
        return f"The database lacks a table; `manage.py migrate` makes it. ({reason})"
    if not is_passing(exc):
        return ""
    refusal = database_refusal(exc)
    return (
        f"The database does not work: {refusal}. ({reason})"
        if refusal
        else f"The database does not answer: {reason}"
    )


if __name__ == "__main__":
    main()
