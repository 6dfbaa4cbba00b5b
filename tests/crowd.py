"""`python -m tests.crowd COMMANDS`: management commands that begin at the same instant, in a process each.

COMMANDS is a JSON list of lists of words; a JSON list of their exit codes is printed. They are forked
when everything is imported: commands started one by one spend most of their time on that, and hardly meet.
"""

import json
import os
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

import django
from django.core.management import call_command, execute_from_command_line, get_commands, load_command_class
from django.db import connections


def main() -> None:
    commands: list[list[str]] = json.loads(sys.argv[1])
    django.setup()
    call_command("check", stdout=sys.stderr)
    for name in {words[0] for words in commands}:
        load_command_class(str(get_commands()[name]), name)
    connections.close_all()
    gate, opening = os.pipe()
    pids = [os.fork() or _wait_and_run(words, gate=gate, opening=opening) for words in commands]
    os.close(opening)
    print(json.dumps([os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]))  # noqa: T201


def _wait_and_run(words: Sequence[str], *, gate: int, opening: int) -> NoReturn:
    """In a child: run the command as soon as the parent, and every child before, has let go of the gate."""
    code = 1
    try:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        os.close(opening)
        os.read(gate, 1)
        execute_from_command_line(["manage.py", *words])
        code = 0
    except SystemExit as exc:
        code = exc.code if isinstance(exc.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
