"""The tools by the SDK's own client, and who is answered over HTTP."""

import json
from collections.abc import Callable, Coroutine
from typing import Any

import anyio
import pytest
from mcp import Client
from starlette.testclient import TestClient

from tests.validators.assistants.test_tools import HOSTILE
from tests.validators.rows import fetch, validator
from validators.assistants.answers import UNTRUSTED
from validators.assistants.http import application, is_loopback
from validators.assistants.server import server
from validators.assistants.tools import INSTRUCTIONS, TOOLS

TOKEN = "t" * 32
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
ACCEPTED = {"Accept": "application/json, text/event-stream"}


def with_client(ask: Callable[[Client], Coroutine[Any, Any, None]]) -> None:
    async def connected() -> None:
        async with Client(server("1.0.0")) as client:
            await ask(client)

    anyio.run(connected)


@pytest.mark.django_db(transaction=True)
@pytest.mark.database
def test_the_sdks_client_is_answered_with_data_and_a_line_and_told_what_is_wrong() -> None:
    fetch()
    validator(1, name=HOSTILE)

    async def ask(client: Client) -> None:
        assert client.instructions == INSTRUCTIONS
        listed = (await client.list_tools()).tools
        assert [tool.name for tool in listed] == list(TOOLS)
        assert all(tool.annotations and tool.annotations.read_only_hint for tool in listed)

        found = await client.call_tool("find_validators", {"search": "ignore"})
        assert not found.is_error
        assert found.structured_content is not None
        [item] = found.structured_content["items"]
        assert item[UNTRUSTED]["name"] == HOSTILE
        line, written = (block.text for block in found.content if block.type == "text")
        assert line.startswith("1 validator. Epoch 990, seen ")
        assert HOSTILE not in line
        assert json.loads(written) == found.structured_content

        refused = await client.call_tool("find_validators", {"max_comission": 0.05})
        assert refused.is_error
        assert [block.text for block in refused.content if block.type == "text"] == [
            "max_comission: there is no such argument; did you mean max_commission?"
        ]

    with_client(ask)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "localhost:8765"}, 200),
        ({"Host": "staking.example.org"}, 200),
        ({"Host": "evil.example.org"}, 421),
        ({"Host": "localhost:8765", "Origin": "https://evil.example.org"}, 403),
        ({"Host": "localhost:8765", "Authorization": ""}, 401),
        ({"Host": "localhost:8765", "Authorization": f"Bearer {TOKEN}é"}, 401),
    ],
)
def test_over_http_only_who_bears_the_token_and_calls_it_by_its_name_is_answered(
    headers: dict[str, str], status: int
) -> None:
    names = ["staking.example.org", "*", ".example.org"]

    with TestClient(application(server("1.0.0"), names=names, token=TOKEN)) as client:
        sent = {"Authorization": f"Bearer {TOKEN}", **ACCEPTED, **headers}
        reply = client.post(
            "/mcp", json=LIST, headers=[(name.encode(), text.encode()) for name, text in sent.items()]
        )

    assert reply.status_code == status
    if status == 200:
        assert [tool["name"] for tool in reply.json()["result"]["tools"]] == list(TOOLS)


def test_a_name_is_taken_for_reachable_from_elsewhere() -> None:
    assert [is_loopback(host) for host in ("127.0.0.1", "127.8.0.1", "::1", "localhost")] == [True] * 4
    assert not any(map(is_loopback, ("0.0.0.0", "::", "10.0.0.1", "localhost.example.org", "")))  # noqa: S104
