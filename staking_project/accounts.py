"""The account that `run` makes for whoever tries this out on his own machine, and for nobody else."""

import hashlib
import secrets
import shlex
import sys
from pathlib import Path
from typing import Final

from django.conf import settings
from django.contrib.auth.models import User

from scheduling.outgoing import is_this_machine
from staking_project.home import program

ADMIN_NAME: Final = "admin"
STILL_FIRST: Final = (
    "The site is reached from elsewhere, and an account still has the password that `run` made for a trial; "
    f"manage.py changepassword {ADMIN_NAME}"
)


def is_published() -> bool:
    """Whether others than this machine are to reach the site."""
    hosts = (host.strip("[]") for host in settings.ALLOWED_HOSTS)
    return bool(settings.HTTPS) or not all(map(is_this_machine, hosts))


def create_admin() -> str | None:
    """Make the account for a trial, with a random password, and return that.

    None where there is a superuser already, and where the site is published: there `createsuperuser` makes
    whom somebody names.
    """
    if is_published() or User.objects.filter(is_superuser=True).exists():
        return None
    password = secrets.token_urlsafe(12)
    user = User.objects.create_superuser(ADMIN_NAME, password=password)
    _first_password().write_text(_digest(user.password))
    return password


def has_first_password() -> bool:
    """Whether the account that was made so still has the password that it was made with."""
    try:
        first = _first_password().read_text()
    except OSError:
        return False
    stored = User.objects.filter(is_superuser=True, is_active=True).values_list("password", flat=True)
    return first in map(_digest, stored)


def login_told(password: str | None) -> str:
    """How to get into the admin."""
    if password:
        return f"user {ADMIN_NAME}, password {password} (shown this once)"
    typed = program(shlex.quote(sys.executable))
    user = User.objects.filter(is_superuser=True).order_by("pk").first()
    if user is None:
        return f"no account yet: {typed} createsuperuser"
    name = user.get_username()
    told = "password as shown when it was created, or as chosen since; a new one"
    return f"user {name}, {told}: {typed} changepassword {shlex.quote(name)}"


def _first_password() -> Path:
    return Path(settings.STATE_DIR) / "first-password"


def _digest(stored: str) -> str:
    """Of what the database keeps, a salted hash itself: it says whether that has changed, and no more."""
    return hashlib.sha256(stored.encode()).hexdigest()
