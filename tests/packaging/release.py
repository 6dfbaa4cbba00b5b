"""`make release`: what is in dist/ is whole, starts where nothing of the checkout is, and gets its tag."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import tomllib
import venv
import zipfile
from pathlib import Path

from packaging.metadata import Metadata

from staking_project.home import CODE
from staking_project.stack import free_port
from tests.packaging.building import bare_environment
from tests.packaging.changelog import NOT_YET, sections

PARAGRAPHS = 3
# Long enough for the first fetch and the first score of `run`.
SECONDS = 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--dry-run", action="store_true", help="no tag, and what is not to be tagged yet passes"
    )
    dry_run = parser.parse_args().dry_run
    version = tomllib.loads((CODE / "pyproject.toml").read_text())["project"]["version"]
    problem = why_not(version)
    if problem and not dry_run:
        sys.exit(problem)
    wheel = checked_wheel(CODE / "dist", version)
    with tempfile.TemporaryDirectory(prefix="release-") as folder:
        started_from(wheel, Path(folder))
    if dry_run:
        sys.stderr.write(
            f"{wheel.name} works. {problem or f'It may be released: the tag would be v{version}.'}\n"
        )
        return
    git("tag", "--annotate", f"v{version}", f"--message=Version {version}")
    sys.stderr.write(
        f"{wheel.name} works, and v{version} is its tag. To publish it: git push origin v{version}\n"
    )


def why_not(version: str) -> str:
    """What stands against a tag of this version; empty when nothing does."""
    if git("status", "--porcelain"):
        return "The checkout has changes that are not committed."
    if git("tag", "--list", f"v{version}"):
        return f"v{version} is released; pyproject.toml names the next one."
    newest = next(iter(sections()), None)
    if newest is None or newest.version != version:
        return f"CHANGELOG.md begins with no section of {version}."
    if newest.date == NOT_YET:
        return f"CHANGELOG.md says that {version} is {NOT_YET}: write the day there, as 2026-11-26."
    if len(newest.paragraphs()) != PARAGRAPHS:
        return f"The section of {version} in CHANGELOG.md does not begin with {PARAGRAPHS} paragraphs."
    return ""


def checked_wheel(folder: Path, version: str) -> Path:
    """The one in there, its metadata valid and of this version, with the source beside it."""
    (wheel,), (_source,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as opened:
        names = opened.namelist()
        (path,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        told = Metadata.from_email(opened.read(path), validate=True)
    if str(told.version) != version:
        sys.exit(f"{wheel.name} is not of version {version}.")
    committed = git("ls-files", "scheduling", "staking_project", "validators").splitlines()
    missing = set(committed) ^ {name for name in names if ".dist-info/" not in name}
    if missing:
        sys.exit(f"{wheel.name} and the checkout differ: {', '.join(sorted(missing)[:10])}")
    return wheel


def started_from(wheel: Path, folder: Path) -> None:
    """Install it with what is pinned, and let it fetch and score for a minute."""
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv" / "bin" / "python"
    pip = ["python3", "-m", "pip", "--quiet", "--disable-pip-version-check", f"--python={python}", "install"]
    subprocess.run([*pip, "--require-hashes", f"--requirement={CODE / 'requirements.txt'}"], check=True)
    subprocess.run([*pip, "--no-deps", str(wheel)], check=True)
    environment = bare_environment(folder) | {"PORT": str(free_port())}
    command = folder / "venv" / "bin" / "staking-backend"
    subprocess.run([command, "check"], cwd=folder, env=environment, check=True)
    ran = subprocess.run(
        [command, "run", f"--seconds={SECONDS}", "--json"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
    )
    if not json.loads(ran.stdout)["scores"] or os.listdir(folder / ".local" / "state") != ["staking-backend"]:
        sys.exit("What is installed scored nothing, or keeps its state elsewhere.")


def git(*words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=CODE, check=True, capture_output=True, text=True
    ).stdout.strip()


if __name__ == "__main__":
    main()
