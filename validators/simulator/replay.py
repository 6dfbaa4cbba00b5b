"""Recorded replies served instead of the synthetic cluster."""

import json
import re
from pathlib import Path
from typing import Any

from validators.simulator.jsonrpc import METHOD_NOT_FOUND, RpcError

# getVoteAccounts.json, getBlockProduction.ESTIMATED_LEADER_SLOTS.json, getSupply_2026-01-01.json
_FILE_NAME = re.compile(r"(?P<method>[A-Za-z]+)(?:[^A-Za-z].*)?\.json")


class ReplayError(Exception):
    """The directory holds no usable recording; the message says what is wrong with which file."""


class RecordedAnswers:
    """Answers every method with the reply that was recorded for it, whatever the params."""

    def __init__(self, results: dict[str, bytes]) -> None:
        self._results = results

    def result(self, method: str, params: list[Any]) -> bytes:
        """The recorded result as JSON; raises RpcError for a method without a recording."""
        try:
            return self._results[method]
        except KeyError:
            raise RpcError(METHOD_NOT_FOUND, f"Method not found: {method} was not recorded") from None


def read_recording(directory: Path) -> RecordedAnswers:
    """Reads `<method>*.json`, one file per method, each a JSON-RPC reply with a result.

    Raises ReplayError for a missing or empty directory, a file that is no such reply, and
    two files for one method.
    """
    if not directory.is_dir():
        raise ReplayError(f"{directory} is not a directory")
    results: dict[str, bytes] = {}
    for path in sorted(directory.iterdir()):
        match = _FILE_NAME.fullmatch(path.name)
        if match is None:
            continue
        if match["method"] in results:
            raise ReplayError(
                f"{directory} has several files for {match['method']}, {path.name} is one too many"
            )
        results[match["method"]] = _recorded_result(path)
    if not results:
        raise ReplayError(f"{directory} has no file named after a method, such as getVoteAccounts.json")
    return RecordedAnswers(results)


def _recorded_result(path: Path) -> bytes:
    try:
        reply = json.loads(path.read_bytes())
    except (OSError, ValueError) as exc:
        raise ReplayError(f"{path} cannot be read as JSON: {exc}") from exc
    if not isinstance(reply, dict) or "result" not in reply:
        raise ReplayError(f"{path} is not a JSON-RPC reply with a result")
    return json.dumps(reply["result"], separators=(",", ":")).encode()
