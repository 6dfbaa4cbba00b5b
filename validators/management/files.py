"""Files that commands write: whole, or as they were."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedWriter
from pathlib import Path


@contextmanager
def replaced(path: Path) -> Iterator[BufferedWriter]:
    """A file to write bytes to, which takes its name only when it is complete.

    What is no file, such as a pipe or a device, is written to as it is. Raises an OSError that names `path`.
    """
    target = path.resolve()
    is_special = path.exists() and not path.is_file()
    unfinished = target if is_special else target.with_name(f"{target.name}.{os.getpid()}.unfinished")
    try:
        with unfinished.open("wb") as file:
            yield file
        if not is_special:
            if target.exists():
                shutil.copymode(target, unfinished)
            unfinished.replace(target)
    except OSError as exc:
        # Of a disk that is full no name is told.
        if exc.filename in (None, str(unfinished)):
            exc.filename = str(path)
        raise
    finally:
        if not is_special:
            unfinished.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Raises an OSError that names `path`."""
    with replaced(path) as file:
        file.write(text.encode())
