"""`manage.py mcp`: the protocol alone on stdout, and what it refuses before it listens."""

import socket
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from mcp import Client, StdioServerParameters

from tests.installation import Installation


@pytest.mark.processes
def test_the_sdks_client_starts_it_and_hears_nothing_but_the_protocol(stack: Installation) -> None:
    program = StdioServerParameters(
        command=sys.executable,
        args=["manage.py", "mcp"],
        env=stack.environment,
        cwd=str(settings.BASE_DIR),
    )
    strange: list[Any] = []

    async def hear(message: Any) -> None:
        strange.append(message)

    async def ask() -> None:
        async with Client(program, message_handler=hear) as client:
            found = await client.call_tool("find_validators", {})
            assert not found.is_error, found.content
            assert found.structured_content is not None
            assert found.structured_content["items"] == []
            assert found.content[0].text == "0 validators. Nothing has been fetched yet."  # type: ignore[union-attr]
            broken = await client.call_tool("validator", {"vote_account": "vote9"})
            assert broken.is_error

    anyio.run(ask)
    assert strange == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--port=8765"], "--port is of use with --http alone."),
        (
            ["--http", "--host=0.0.0.0"],
            "--host 0.0.0.0 can be reached from elsewhere: that needs --token-file.",
        ),
        (["--http", "--token-file=/nowhere"], "Cannot read /nowhere: No such file or directory."),
        (["--http", "--port=70000"], "--port must be from 0 to 65535."),
    ],
)
def test_what_it_cannot_do_it_says_in_one_line(words: list[str], said: str) -> None:
    with pytest.raises(CommandError) as caught:
        call_command("mcp", *words, skip_checks=True)

    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("token", ["short", "with a space " + "t" * 32, "\0" * 40, "t" * 40 + "\nmore"])
def test_a_weak_token_is_none(token: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(token)

    with pytest.raises(CommandError, match="holds no token"):
        call_command("mcp", "--http", f"--token-file={file}", skip_checks=True)


def test_a_taken_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=f"Cannot listen on 127.0.0.1, port {port}: "):
            call_command("mcp", "--http", f"--port={port}", skip_checks=True)


def test_without_the_sdk_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mcp", None)

    with pytest.raises(CommandError, match=r"pip --python \S+ install -r requirements-mcp.txt$"):
        call_command("mcp", skip_checks=True)
