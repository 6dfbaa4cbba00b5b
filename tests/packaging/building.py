"""The wheel of this checkout, and a virtual environment that has it and nothing else of the checkout."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

from staking_project.home import CODE

PACKAGES = ("scheduling", "staking_project", "validators")
# Beside the packages, what pyproject.toml names.
LISTS = ("requirements.in", "requirements-alerts.in", "requirements-fit.in", "requirements-mcp.in")
FILES = ("pyproject.toml", "README.md", "LICENSE", *LISTS)


def build_wheel(folder: Path) -> Path:
    """Build from a copy: setuptools leaves folders where it builds, and takes along what is in them."""
    source = folder / "source"
    source.mkdir()
    for name in FILES:
        shutil.copy(CODE / name, source)
    for name in PACKAGES:
        shutil.copytree(CODE / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    code = f"from setuptools import build_meta; build_meta.build_wheel({str(folder)!r})"
    subprocess.run([sys.executable, "-c", code], cwd=source, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def unpacked(wheel: Path, folder: Path) -> Path:
    """Install it into a new environment that borrows the libraries of this one; returns its Python.

    `make release` has pip do it, libraries and all, which takes a minute.
    """
    venv.create(folder, with_pip=False)
    site = next(folder.glob("lib/python*/site-packages"))
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    with zipfile.ZipFile(wheel) as opened:
        opened.extractall(site)
    return folder / "bin" / "python"


def bare_environment(home: Path) -> dict[str, str]:
    """As a shell has it that knows nothing of us."""
    return {"HOME": str(home), "PATH": os.environ["PATH"], "LANG": os.environ.get("LANG", "C.UTF-8")}
