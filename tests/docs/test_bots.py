"""What of the bots needs no stack; a running one meets them in tests/staking_project/test_run.py."""

import shutil
import subprocess

import pytest

from tests.docs.on_a_stack import BOT


@pytest.mark.skipif(
    not shutil.which("node"), reason="NO NODE HERE: THE JAVASCRIPT BOT IS NOT RUN BY ANY TEST"
)
def test_node_reads_the_javascript_bot() -> None:
    read = subprocess.run(["node", "--check", str(BOT / "bot.mjs")], capture_output=True, text=True)

    assert read.returncode == 0, read.stderr


@pytest.mark.parametrize("file", ["bot.py", "bot.mjs"])
def test_a_bot_has_some_forty_lines_and_needs_nothing_installed(file: str) -> None:
    text = (BOT / file).read_text()
    code = [
        line
        for line in text.splitlines()
        if line.strip() and not line.strip().startswith(("//", "/**", '"""'))
    ]

    assert len(code) <= 45
    assert "requests" not in text
