"""Counts in sentences, and texts in cells."""

import shlex
import sys
from importlib.util import find_spec
from typing import Final

# A spreadsheet takes a cell that begins so for a formula, and names are written by strangers.
# Some take the wide forms of these for the same.
FORMULA_STARTS: Final = frozenset("=+-@|\t\r\n\uff1d\uff0b\uff0d\uff20\uff5c")


def counted(number: int, noun: str) -> str:
    """Such as: 1 run, 1,200 runs."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def were(number: int) -> str:
    """The verb of so many."""
    return "was" if number == 1 else "were"


def pip_install(what: str) -> str:
    """What installs into the environment that runs us, activated or not.

    One that `make run` built has no pip of its own; the Python that it was made of has.
    """
    base = getattr(sys, "_base_executable", None) or "python3"
    python = sys.executable if find_spec("pip") else base
    return f"{shlex.quote(python)} -m pip --python {shlex.quote(sys.executable)} install {what}"


def cell_text(text: str) -> str:
    """For a CSV: one that would be a formula gets an apostrophe before it."""
    return f"'{text}" if text[:1] in FORMULA_STARTS else text
