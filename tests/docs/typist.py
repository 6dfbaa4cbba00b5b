"""`python -m tests.docs.typist < LINES`: types management commands, one line after the other, in one process.

Most of what such a command takes is starting Python and Django.
"""

import shlex
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    for line in sys.stdin.read().splitlines():
        execute_from_command_line(["manage.py", *shlex.split(line)])
