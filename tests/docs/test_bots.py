"""What of the bots needs no stack; a running one meets them in tests/staking_project/test_run.py."""

import shutil

import pytest

from tests.docs.on_a_stack import BOT


@pytest.mark.skipif(
    not shutil.which("node"), reason="NO NODE HERE: THE JAVASCRIPT BOT IS NOT RUN BY ANY TEST"
)
def test_the_javascript_bot_is_run_where_there_is_node() -> None:
    assert (BOT / "bot.mjs").is_file()


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
