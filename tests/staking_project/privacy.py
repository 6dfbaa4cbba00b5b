"""What other accounts of this machine could read."""

import os
import stat
from pathlib import Path


def open_to_others(folder: Path) -> list[str]:
    """The paths of this folder, itself included, that anybody but their owner has any right to."""
    inside = (Path(parent, name) for parent, below, files in os.walk(folder) for name in below + files)
    return [
        f"{path} {stat.S_IMODE(mode):o}"
        for path in (folder, *inside)
        if not stat.S_ISLNK(mode := path.lstat().st_mode) and mode & 0o077
    ]
