"""The tools as a server of the Model Context Protocol, by the official SDK."""

import json
from functools import partial
from typing import Any, Final

import anyio.to_thread
import mcp_types as types
from django.db import connections
from mcp.server import Server
from mcp.server.stdio import stdio_server

from validators.assistants import tools
from validators.assistants.answers import Answer

# Each has a connection to the database while it is answered.
MOST_AT_ONCE: Final = 4
_READS_ONLY: Final = types.ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
_ABOUT: Final = {
    "type": "object",
    "description": "Which look at the cluster it is from: epoch, as_of (UTC), age_seconds, source (the "
    "endpoint's name or number), source_ages_seconds (by what was asked); the scores' method and version",
}
_OUTPUT: Final = {"type": "object", "properties": {"about": _ABOUT}, "required": ["about"]}


def server(version: str) -> Server[Any]:
    """`version` is the API's, whose answers these are."""
    at_once = anyio.CapacityLimiter(MOST_AT_ONCE)

    async def call(context: Any, asked: types.CallToolRequestParams) -> types.CallToolResult:
        answering = partial(_answered, asked.name, asked.arguments or {})
        try:
            return _result(await anyio.to_thread.run_sync(answering, limiter=at_once))
        except tools.ToolProblem as exc:
            return types.CallToolResult(content=[_text(str(exc))], is_error=True)

    return Server(
        "solana-staking",
        title="Solana staking",
        version=version,
        instructions=tools.INSTRUCTIONS,
        on_list_tools=_list,
        on_call_tool=call,
    )


async def serve_stdio(served: Server[Any]) -> None:
    """Until stdin ends."""
    async with stdio_server() as (reading, writing):
        await served.run(reading, writing, served.create_initialization_options())


def _answered(name: str, given: dict[str, Any]) -> Answer:
    """In a thread that may never be used again, so its connections end with the answer."""
    try:
        return tools.answered(name, given)
    finally:
        connections.close_all()


async def _list(context: Any, asked: Any) -> types.ListToolsResult:
    return types.ListToolsResult(tools=list(map(_described, tools.TOOLS.values())))


def _described(tool: tools.Tool) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.input_schema,
        output_schema=_OUTPUT,
        annotations=_READS_ONLY,
    )


def _result(answer: Answer) -> types.CallToolResult:
    """The document twice: clients older than structured results read it as text."""
    written = json.dumps(answer.document, ensure_ascii=False)
    return types.CallToolResult(
        content=[_text(answer.said), _text(written)], structured_content=dict(answer.document)
    )


def _text(text: str) -> types.TextContent:
    return types.TextContent(type="text", text=text)
