#!/usr/bin/env python
"""Django's command-line entry point."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import OperationalError, ProgrammingError

# How SQLite and PostgreSQL say that a table is not there.
TABLE_IS_MISSING = ("no such table", "does not exist")


def main() -> None:
    """Run a command; what the installation lacks is said in a line, not in a traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "staking_project.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as exc:
        sys.exit(f"Wrong settings: {exc}")
    except (OperationalError, ProgrammingError) as exc:
        if not any(words in str(exc) for words in TABLE_IS_MISSING):
            raise
        sys.exit(f"The database lacks a table; `manage.py migrate` makes it. ({str(exc).splitlines()[0]})")


if __name__ == "__main__":
    main()
