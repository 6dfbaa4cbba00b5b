"""Where an installation has its files: a checkout beside manage.py, what pip installed where XDG says."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from django.core.exceptions import ImproperlyConfigured

# The folder that our packages are in: a checkout, or the site-packages of a virtual environment.
CODE: Final = Path(__file__).resolve().parent.parent
NAME: Final = "staking-backend"


def is_checkout() -> bool:
    """manage.py stands in no wheel."""
    return (CODE / "manage.py").is_file()


def default_state_dir() -> Path:
    """Beside the code of a checkout; else the same from whatever folder a command is started in."""
    if is_checkout():
        return CODE / "var"
    # What is not absolute does not count: XDG Base Directory Specification.
    given = os.environ.get("XDG_STATE_HOME", "")
    states = Path(given) if given.startswith("/") else _home() / ".local" / "state"
    return states / NAME


def default_env_file() -> Path:
    """Of an installed copy in its state folder, where nobody else can put one."""
    if is_checkout():
        return CODE / ".env"
    given = os.environ.get("STATE_DIR", "")
    return Path(given if given.strip() else default_state_dir()) / ".env"


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:
        raise ImproperlyConfigured(
            "STATE_DIR: no HOME says where this user's files are; name a folder for those of this project"
        ) from None


def run_words() -> str:
    """What a person types to start everything on one machine."""
    return "make run" if is_checkout() else f"{NAME} run"


def program(python: str) -> str:
    """What a person types before the name of a command."""
    return f"{python} manage.py" if is_checkout() else NAME


def folder_of(package: str) -> Path:
    """Where an installed package is, which is not imported for it."""
    found = find_spec(package)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(
            f"{package} is not installed: pip install -r requirements.txt", name=package
        )
    return Path(found.origin).parent
