"""`make image-check`: what `docker build` would do, on a machine without an engine.

hadolint reads the Dockerfile; then each COPY and RUN is executed in a folder that stands for the root,
stage after stage at one path, so that what the second takes from the first is where it was; at last the
image's command is started, as root, and its health check asked. This machine's Python stands for the base
image's. It needs root, as a build does, and asks the package registry for what is pinned.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from staking_project.home import CODE
from staking_project.stack import free_port

SECONDS_TO_BECOME_HEALTHY = 60.0
# Folders of the image; everything else in a RUN is this machine's.
ITS_FOLDERS = re.compile(r"(?<![\w./-])/(?=(?:src|opt|var/lib/staking)(?:[/:\s\"']|$))")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One of a Dockerfile, its continued lines joined."""

    word: str
    rest: str

    def argv(self) -> list[str]:
        """Of CMD, in the form that starts no shell."""
        found: list[str] = json.loads(self.rest[self.rest.index("[") :])
        return found


@dataclass(slots=True)
class Stage:
    """A folder that stands for the root, and what later instructions go by."""

    root: Path
    folder: str = "/"
    environment: dict[str, str] = field(default_factory=dict)

    def here(self, text: str) -> str:
        return ITS_FOLDERS.sub(f"{self.root}/", text)

    def place(self, path: str) -> Path:
        return self.root / os.path.join(self.folder, path).lstrip("/")


def instructions(text: str) -> Iterator[Instruction]:
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    for line in lines.replace("\\\n", " ").splitlines():
        if line.strip():
            word, _, rest = line.strip().partition(" ")
            yield Instruction(word.upper(), " ".join(rest.split()))


def stages(text: str) -> list[list[Instruction]]:
    """Each begins with its FROM."""
    found: list[list[Instruction]] = []
    for one in instructions(text):
        if one.word == "FROM":
            found.append([])
        found[-1].append(one)
    return found


def main() -> int:
    if os.geteuid():
        sys.exit("image-check makes folders for another user, as a build does: it needs root.")
    subprocess.run([CODE / ".venv" / "tools" / "bin" / "hadolint", CODE / "Dockerfile"], check=True)
    with tempfile.TemporaryDirectory(prefix="image-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        # `python` of the base image.
        (folder / "bin").mkdir()
        (folder / "bin" / "python").symlink_to(Path(sys._base_executable).resolve())  # type: ignore[attr-defined]
        stage, last = _built(folder)
        _started(stage, last)
    sys.stderr.write("The image's steps work, and its web server is healthy.\n")
    return 0


def _built(folder: Path) -> tuple[Stage, list[Instruction]]:
    root, before = folder / "root", folder / "before"
    whole = stages((CODE / "Dockerfile").read_text())
    for place, stage in enumerate(whole):
        if place:
            root.rename(before)
        root.mkdir()
        current = Stage(root, environment={"PATH": f"{folder / 'bin'}:{os.environ['PATH']}"})
        for one in stage:
            _execute(one, current, before)
    return current, whole[-1]


def _execute(one: Instruction, stage: Stage, before: Path) -> None:
    sys.stderr.write(f"{one.word} {one.rest}\n")
    if one.word == "WORKDIR":
        stage.folder = one.rest
        stage.place("").mkdir(parents=True, exist_ok=True)
    elif one.word == "ENV":
        for pair in shlex.split(one.rest):
            name, _, value = pair.partition("=")
            stage.environment[name] = stage.here(value)
    elif one.word == "COPY":
        _copy(shlex.split(one.rest), stage, before)
    elif one.word == "RUN":
        for name in ("opt", "var/lib"):
            (stage.root / name).mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["sh", "-ec", stage.here(one.rest)], cwd=stage.place(""), env=stage.environment, check=True
        )


def _copy(words: list[str], stage: Stage, before: Path) -> None:
    source = CODE
    if words[0].startswith("--from="):
        source, words = before, words[1:]
    *names, target = words
    for name in names:
        path, place = source / name.lstrip("/"), stage.place(target)
        if path.is_dir():
            shutil.copytree(path, place, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            place.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, place)


def _started(stage: Stage, last: list[Instruction]) -> None:
    """The command, but for its user and its port, and the check that belongs to it."""
    found = {one.word: one for one in last}
    port = str(free_port())
    command, check = (
        [stage.here(word).replace("8000", port) for word in found[name].argv()]
        for name in ("CMD", "HEALTHCHECK")
    )
    server = subprocess.Popen(command, cwd=stage.place(""), env=stage.environment)
    try:
        deadline = time.monotonic() + SECONDS_TO_BECOME_HEALTHY
        while subprocess.run(check, env=stage.environment, stderr=subprocess.DEVNULL).returncode:
            if server.poll() is not None or time.monotonic() > deadline:
                sys.exit("The image's web server does not become healthy.")
            time.sleep(0.5)
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    sys.exit(main())
