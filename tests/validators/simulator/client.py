"""A plain JSON-RPC client and a clock, for the tests of the simulated cluster."""

import base64
from typing import Any

import requests

from validators.simulator.clock import FIRST_EPOCH, ORIGIN

# A cluster in the middle of a past works its epochs out at the first question.
SECONDS = 60.0
# 432,000 slots of 400 ms.
TWO_DAYS = 172_800.0


def ask(url: str, method: str, *params: Any) -> Any:
    """The result of one call; a JSON-RPC error fails the test."""
    reply = exchange(url, method, *params)
    assert "error" not in reply, reply
    return reply["result"]


def refusal(url: str, method: str, *params: Any) -> Any:
    """The error object of one call."""
    reply = exchange(url, method, *params)
    assert "result" not in reply, reply
    return reply["error"]


def exchange(url: str, method: str, *params: Any) -> Any:
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
    return requests.post(url, json=request, timeout=SECONDS).json()


def timestamp(epoch: int, part: float = 0.5, epoch_seconds: float = TWO_DAYS) -> float:
    """When a part of an epoch has gone by, as Unix seconds."""
    return ORIGIN.timestamp() + (epoch - FIRST_EPOCH + part) * epoch_seconds


def accounts(url: str, keys: list[str], **options: Any) -> list[Any]:
    """What getMultipleAccounts says of some keys."""
    value: list[Any] = ask(url, "getMultipleAccounts", keys, options)["value"]
    return value


def raw(account: dict[str, Any]) -> bytes:
    """The bytes of an account that came as base64."""
    text, encoding = account["data"]
    assert encoding == "base64"
    return base64.b64decode(text)
