#!/usr/bin/env python
"""Django's command-line entry point."""

import os
import select
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import OperationalError, ProgrammingError

# How SQLite and PostgreSQL say that a table is not there.
TABLE_IS_MISSING = ("no such table", "does not exist")


# What a shell says of a command that SIGPIPE ended.
READER_GONE = 141


def main() -> None:
    """Run a command; one whose reader has enough, as `head` has, ends without a word."""
    try:
        try:
            _run()
        finally:
            # What is still to be written is written here, where a reader that is gone can be noticed.
            if sys.stdout is not None:
                sys.stdout.flush()
    except BrokenPipeError:
        if not _reader_is_gone():
            raise
        # Python writes what is left once more as it ends: to nobody.
        nobody = os.open(os.devnull, os.O_WRONLY)
        for stream in (1, 2):
            os.dup2(nobody, stream)
        sys.exit(READER_GONE)


def _run() -> None:
    """What the installation lacks is said in a line, not in a traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "staking_project.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as exc:
        sys.exit(f"Wrong settings: {exc}")
    except (OperationalError, ProgrammingError) as exc:
        if not any(words in str(exc) for words in TABLE_IS_MISSING):
            raise
        sys.exit(f"The database lacks a table; `manage.py migrate` makes it. ({str(exc).splitlines()[0]})")


def _reader_is_gone() -> bool:
    """Of the output: another pipe that broke, to Redis say, is an error like any other."""
    output = select.poll()
    for stream in (1, 2):
        output.register(stream, 0)
    return any(event & select.POLLERR for _, event in output.poll(0))


if __name__ == "__main__":
    main()
