"""JSON-RPC 2.0: request bytes in, response bytes out. Knows no method and no HTTP.

Source: https://www.jsonrpc.org/specification
"""

import json
from dataclasses import dataclass
from typing import Any, Protocol

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
# Solana's own: the asked node lags behind the cluster.
NODE_BEHIND = -32005
# Solana's own: the node does not keep an index of what is asked for.
KEY_EXCLUDED = -32010
# Solana's own: the slot that the client insists on is not reached.
SLOT_NOT_REACHED = -32016


class RpcError(Exception):
    """A request answered with an error object instead of a result."""

    def __init__(self, code: int, message: str, details: object = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details

    def encoded(self) -> bytes:
        error: dict[str, object] = {"code": self.code, "message": self.message}
        if self.details is not None:
            error["data"] = self.details
        return json.dumps(error, separators=(",", ":")).encode()


class Answers(Protocol):
    """Where results come from: the synthetic cluster or recorded replies."""

    def result(self, method: str, params: list[Any]) -> bytes:
        """The result as JSON; raises RpcError where the method or its params are wrong."""


def respond(body: bytes, answers: Answers) -> bytes | None:
    """The response to one request or a batch; None when only notifications were sent."""
    try:
        parsed = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return _failure(None, RpcError(PARSE_ERROR, "Parse error"))
    if not isinstance(parsed, list):
        return _respond_to_one(parsed, answers)
    if not parsed:
        return _failure(None, RpcError(INVALID_REQUEST, "Invalid request: the batch is empty"))
    responses = [_respond_to_one(request, answers) for request in parsed]
    written = [response for response in responses if response is not None]
    return b"[" + b",".join(written) + b"]" if written else None


@dataclass(frozen=True, slots=True)
class _Call:
    """A well-formed request; a notification is one without an id, and gets no answer."""

    method: str
    params: Any
    id: str | int | float | None
    is_notification: bool


def _respond_to_one(request: object, answers: Answers) -> bytes | None:
    try:
        call = _read(request)
    except RpcError as error:
        return _failure(None, error)
    try:
        response = _envelope(b'"result":' + _result(call, answers), call.id)
    except RpcError as error:
        response = _failure(call.id, error)
    return None if call.is_notification else response


def _read(request: object) -> _Call:
    if not isinstance(request, dict) or request.get("jsonrpc") != "2.0":
        raise RpcError(INVALID_REQUEST, 'Invalid request: an object with "jsonrpc": "2.0" is expected')
    method, params, request_id = request.get("method"), request.get("params"), request.get("id")
    if not isinstance(method, str):
        raise RpcError(INVALID_REQUEST, "Invalid request: method must be text")
    if not isinstance(params, list | dict | None):
        raise RpcError(INVALID_REQUEST, "Invalid request: params must be an array or an object")
    if isinstance(request_id, bool) or not isinstance(request_id, str | int | float | None):
        raise RpcError(INVALID_REQUEST, "Invalid request: id must be text, a number or null")
    return _Call(method, params, request_id, is_notification="id" not in request)


def _result(call: _Call, answers: Answers) -> bytes:
    if isinstance(call.params, dict):
        raise RpcError(INVALID_PARAMS, "Invalid params: params by name are not supported")
    return answers.result(call.method, call.params or [])


def _failure(request_id: object, error: RpcError) -> bytes:
    return _envelope(b'"error":' + error.encoded(), request_id)


def _envelope(member: bytes, request_id: object) -> bytes:
    return b'{"jsonrpc":"2.0",' + member + b',"id":' + json.dumps(request_id).encode() + b"}"


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
