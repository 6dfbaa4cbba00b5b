"""The folder of what the running project writes: nobody but its owner reads or enters it.

It holds the key that sessions and messages are signed with, and maybe the database: who reads these is
superuser. Everything of the project that makes a file of state makes it in here.
"""

import hashlib
import json
import os
import secrets
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured

OWNER_ONLY: Final = 0o700
_OTHERS: Final = 0o077
# How an address says "this machine", and where PostgreSQL listens unless told otherwise.
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
_POSTGRES_PORT: Final = "5432"
# Files of ours by which a folder is known to be for nothing else.
_OURS: Final = ("secret_key", "db.sqlite3", "run.lock")


def keep_from_others() -> None:
    """What this process and its children create from now on is for their own user alone."""
    os.umask(_OTHERS)


def private_folder(path: Path) -> Path:
    """This folder, made if need be, closed to others; an older one of ours that is open gets closed.

    Raises ImproperlyConfigured where it cannot be made, or is open and somebody else's, or everybody's.
    """
    try:
        path.mkdir(mode=OWNER_ONLY, parents=True, exist_ok=True)
        mode = path.stat().st_mode
        if mode & _OTHERS:
            _close(path, mode)
    except OSError as exc:
        raise ImproperlyConfigured(f"STATE_DIR {path}: {exc.strerror}; name a folder of your own") from exc
    return path


def generated_secret_key(folder: Path) -> str:
    """A random key made once per installation and kept where only its owner reads it.

    Django-q signs its messages with it, and those are pickles: a key printed in a
    repository would let whoever reaches Redis run code. Several hosts need one common
    SECRET_KEY; `check --deploy` asks for it.
    """
    path = private_folder(folder) / "secret_key"
    try:
        key = _made_once(path)
    except PermissionError as exc:
        raise ImproperlyConfigured(
            f"STATE_DIR {folder}: {exc.strerror} ({exc.filename}); it has to be this user's own"
        ) from exc
    except OSError as exc:
        raise ImproperlyConfigured(f"STATE_DIR {folder}: {exc.strerror}; {path} cannot be had") from exc
    if not key.strip():
        # As after a power cut; who made another one unasked would end every session and drop every message.
        raise ImproperlyConfigured(f"{path} is empty; delete it, and the next command makes a new key")
    return key


def _made_once(path: Path) -> str:
    candidate = path.with_name(f"secret_key.{os.getpid()}.{secrets.token_hex(4)}")
    if not path.exists():
        try:
            candidate.touch(mode=0o600)
            candidate.write_text(secrets.token_urlsafe(64))
            # link() fails when another process was first, so both end with the same key.
            with suppress(FileExistsError):
                os.link(candidate, path)
        finally:
            candidate.unlink(missing_ok=True)
    return path.read_text()


def queue_name(secret_key: str) -> str:
    """Under which the queue stands in Redis: every host of an installation has the same, another one has not.

    With one name for all, the workers of two that share a Redis took and dropped each other's messages.
    Nothing of the key can be learnt from it.
    """
    return f"staking-{hashlib.sha256(f'queue {secret_key}'.encode()).hexdigest()[:12]}"


def named_database(database: Mapping[str, Any]) -> str:
    """Which database it is, by what may be read by others: no user and no password.

    A file is the same one by whatever link it is reached, a server on this machine however that is spelt.
    """
    name = str(database["NAME"])
    name = os.path.realpath(name) if os.path.isabs(name) else name
    options = database.get("OPTIONS", {})
    host = str(database.get("HOST") or options.get("host", ""))
    host = "localhost" if host.lower() in _LOOPBACK else host
    port = str(database.get("PORT") or options.get("port", "")) or (_POSTGRES_PORT if host else "")
    return f"{host}:{port}/{name}"


def running_copy(folder: Path, *, database: str, port: int, port_is_named: bool) -> dict[str, str]:
    """Where the Redis and the simulated cluster of a `manage.py run` on this database are, so that commands
    in another shell find them: of the one that serves this port, else, where none is named, of the only one.
    """
    own = folder / f"run-{port}.json"
    paths = [own] if port_is_named else folder.glob("run-*.json")
    copies = {path: found for path in paths if (found := _read_copy(path)).get("database") == database}
    return copies.get(own) or (next(iter(copies.values())) if len(copies) == 1 else {})


def _read_copy(path: Path) -> dict[str, str]:
    """Empty for what cannot be read, or is nobody's of ours."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return (
        {key: told for key, told in found.items() if isinstance(told, str)} if isinstance(found, dict) else {}
    )


def _close(path: Path, mode: int) -> None:
    """As earlier versions left it, with all that is in it; of what may hold more than ours only the door."""
    shared = mode & stat.S_ISVTX or path.resolve() in (Path("/"), Path(os.path.expanduser("~")).resolve())
    if shared or path.stat().st_uid != os.geteuid():
        raise ImproperlyConfigured(
            f"STATE_DIR {path} is open to others (mode {stat.S_IMODE(mode):o}), and what is in it makes "
            f"superusers; name a folder of this project's own, or: chmod 700 '{path}'"
        )
    ours = any((path / name).exists() for name in _OURS)
    path.chmod(OWNER_ONLY)
    for folder, _, files in os.walk(path) if ours else ():
        Path(folder).chmod(OWNER_ONLY)
        for name in files:
            one = Path(folder, name)
            if not one.is_symlink():
                one.chmod(stat.S_IMODE(one.stat().st_mode) & ~_OTHERS)
