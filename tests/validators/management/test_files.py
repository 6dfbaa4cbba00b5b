"""A file that a command writes is whole, or as it was; what is no file is written to as it is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from validators.management.files import replaced, write_text

# With room for less than is written: as a disk that fills up.
LIMITED = """
import resource, signal, sys
from pathlib import Path
from validators.management.files import replaced

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    with replaced(Path(sys.argv[1])) as file:
        for _ in range(100):
            file.write(b"x" * 1000)
except OSError as exc:
    print(exc.filename, exc.strerror)
"""


def test_where_a_disk_fills_up_the_file_of_before_stays(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("before")

    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(path)], capture_output=True, text=True, check=True
    )

    assert done.stdout == f"{path} File too large\n"
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["out.csv"]


def test_a_file_keeps_its_mode_and_a_link_leads_to_it_still(tmp_path: Path) -> None:
    path, link = tmp_path / "out.csv", tmp_path / "link"
    path.write_text("before")
    path.chmod(0o640)
    link.symlink_to(path)

    write_text(link, "after")

    assert link.is_symlink()
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("after", 0o640)


def test_what_is_no_file_is_written_to_and_stays_what_it_is() -> None:
    full = Path("/dev/full")
    with pytest.raises(OSError, match="No space left on device: '/dev/full'"):
        write_text(full, "x")
    assert full.is_char_device()


def test_what_ends_in_between_leaves_nothing(tmp_path: Path) -> None:
    def stopped() -> None:
        with replaced(tmp_path / "out.csv") as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()

    assert os.listdir(tmp_path) == []
