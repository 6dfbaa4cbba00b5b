"""Django's commands, as `manage.py` and as the installed `staking-backend`."""

import errno
import gc
import io
import os
import select
import sys

# Where there is no room for what is written: the disk, the owner's share of it, a file by its user's limit.
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def main() -> None:
    """Run a command; one whose reader has enough, as `head` has, or that is interrupted, ends without a word.

    What a command has to undo when it is interrupted it undoes itself, before this hears of it. One whose
    output finds no room says so in a line.
    """
    try:
        _provide_streams()
        try:
            _run()
        finally:
            # What is still to be written is written here, where a reader that is gone can be noticed.
            sys.stdout.flush()
    # What takes a while to import is imported where an interruption is heeded already.
    except BrokenPipeError:
        from scheduling.management.exit_codes import READER_GONE

        if not _reader_is_gone():
            raise
        _write_to_nobody(1, 2)
        sys.exit(READER_GONE)
    except OSError as exc:
        if exc.errno not in NO_ROOM or "--traceback" in sys.argv:
            raise
        _write_to_nobody(1)
        sys.exit(f"Not all could be written: {exc.strerror}.")
    except KeyboardInterrupt:
        from scheduling.management.exit_codes import INTERRUPTED

        sys.exit(INTERRUPTED)


def _provide_streams() -> None:
    """Who closed an output, as `>&-` does, wants nothing of it; a file must not get its number either."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 (open until the end)


def _write_to_nobody(*streams: int) -> None:
    """Python writes what is left once more as it ends."""
    nobody = os.open(os.devnull, os.O_WRONLY)
    for stream in streams:
        os.dup2(nobody, stream)


def _run() -> None:
    """What the installation lacks is said in a line, not in a traceback."""
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import Error as DatabaseError

    # Nearly all that loading makes stays: there is no garbage to look for until `apps` says that it is done.
    gc.disable()
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
        sys.exit(f"Wrong setting: {exc}")
    except DatabaseError as exc:
        line = _why_the_database_does_not(exc)
        if not line or "--traceback" in sys.argv:
            raise
        sys.exit(line)
    finally:
        # As Python ends, it would look through all of it once more, which takes a fourth of a short command.
        gc.freeze()


def _why_the_database_does_not(exc: Exception) -> str:
    """Empty for what is a mistake of ours."""
    from scheduling.monitoring.refusals import database_failure, database_refusal, is_passing, notes_of

    if not database_refusal(exc) and not is_passing(exc):
        return ""
    return " ".join([f"{database_failure(exc)}.", *notes_of(exc)])


def _reader_is_gone() -> bool:
    """Of the output: another pipe that broke, to Redis say, is an error like any other."""
    output = select.poll()
    for stream in (1, 2):
        output.register(stream, 0)
    return any(event & select.POLLERR for _, event in output.poll(0))
