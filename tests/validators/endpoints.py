"""Endpoints on loopback: one that answers as told over HTTP, and bare sockets that misbehave below it."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.validators import canned_accounts, packed_stakes, pool_accounts, replies
from validators.solana.names import CONFIG_PROGRAM

Answer = Response | Callable[[dict[str, Any]], Response]


class CannedEndpoint:
    """Answers the methods of all sources; `faults` are used up first, one a request."""

    def __init__(self, server: HTTPServer, path: str = "/") -> None:
        self.url = server.url_for(path)
        self.epoch_infos = [replies.epoch_info()]
        self.current = replies.accounts(20)
        self.delinquent: list[dict[str, Any]] = []
        # By method; what is not here is made to fit the accounts. A question about the slots of an ended
        # epoch is answered by "getBlockProduction range".
        self.results: dict[str, Any] = {}
        # Accounts of stake pools and their lists.
        self.pools: dict[str, Any] = {}
        # Stake accounts by vote account; who is not here has one that holds all its stake.
        self.stakes: dict[str, list[dict[str, Any]]] = {}
        self.faults: list[Response | None] = []
        self.asked: list[tuple[float, str]] = []
        self.params: dict[str, Any] = {}
        self._told: tuple[float, dict[str, Any]] = (0.0, {})
        server.expect_request(path, method="POST").respond_with_handler(self._answer)

    @property
    def methods(self) -> list[str]:
        return [method for _, method in self.asked]

    def _answer(self, request: Request) -> Response:
        question = request.get_json()
        self.asked.append((time.monotonic(), question["method"]))
        self.params[question["method"]] = question["params"]
        self._let_slots_pass()
        fault = self.faults.pop(0) if self.faults else None
        return fault or reply(
            {"jsonrpc": "2.0", "id": question["id"], "result": self._result(question["method"])}
        )

    def _result(self, method: str) -> Any:
        if method == "getBlockProduction" and self.params[method]:
            slots = self.params[method][0]["range"]
            whole = self.results.get("getBlockProduction range")
            return replies.whole_production(self._identities(), **slots) if whole is None else whole
        if method == "getProgramAccounts" and self.params[method][0] != CONFIG_PROGRAM:
            return self._searched(*self.params[method])
        if method in self.results:
            return self.results[method]
        if method == "getBlockProduction":
            return replies.production_until(self.slot, self._identities())
        if method in replies.SOURCES:
            return replies.SOURCES[method](self._identities())
        if method == "getVoteAccounts":
            return {"current": list(map(self._voting, self.current)), "delinquent": self.delinquent}
        if method == "getAccountInfo":
            return pool_accounts.answer(self.params[method], self.pools, slot=self.slot)
        if method == "getMultipleAccounts" and self.pools.keys() & set(self.params[method][0]):
            return pool_accounts.answer(self.params[method], self.pools, slot=self.slot)
        if method == "getMultipleAccounts":
            return canned_accounts.answer(self.params[method], self.current + self.delinquent, slot=self.slot)
        return self.epoch_infos.pop(0) if len(self.epoch_infos) > 1 else self.epoch_infos[0]

    def _searched(self, program: str, options: dict[str, Any]) -> Any:
        if program == packed_stakes.STAKE_PROGRAM:
            items = packed_stakes.of_votes(self.current + self.delinquent) | self.stakes
            return packed_stakes.answer(options, items, slot=self.slot)
        found = self.results.get("getProgramAccounts of pools", {}).get(program, [])
        return {"context": {"slot": max(self.slot, options["minContextSlot"])}, "value": found}

    @property
    def slot(self) -> int:
        slot: int = self.epoch_infos[0]["absoluteSlot"]
        return slot

    def _let_slots_pass(self) -> None:
        """Where a test's clock went on by a minute since an answer, so has the slot, within the epoch."""
        info, now = self.epoch_infos[0], time.time()
        told_at, told = self._told
        if info is told and now - told_at >= 60:
            index = min(info["slotIndex"] + int((now - told_at) / 0.4), info["slotsInEpoch"] - 1)
            info = replies.epoch_info(info["epoch"], index, info["slotsInEpoch"])
            self.epoch_infos[0] = info
        self._told = (now, info)

    def _voting(self, account: dict[str, Any]) -> dict[str, Any]:
        """Who votes, votes for the slot that runs, unless a test says otherwise."""
        votes_now = account.get("lastVote") == replies.HALF_WAY
        return account | {"lastVote": self.slot} if votes_now else account

    def _identities(self) -> list[str]:
        return [account["nodePubkey"] for account in self.current + self.delinquent]


def reply(document: Any, status: int = 200, **headers: str) -> Response:
    body = document if isinstance(document, str | bytes) else json.dumps(document)
    return Response(body, status=status, headers=headers, content_type="application/json")


def rpc_error(code: int, message: str, data: Any = None) -> Response:
    return reply({"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": message, "data": data}})


@contextlib.contextmanager
def bare_endpoint(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """The URL of a listener that does with each connection what it is told."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, contextlib.suppress(OSError):
                    behave(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        # Only shutdown wakes a thread that waits in accept.
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def never_answers(connection: socket.socket) -> None:
    while connection.recv(65_536):
        pass


def drips(beginning: bytes) -> Callable[[socket.socket], None]:
    """Sends the beginning, then a byte every 20 ms until the other side goes."""

    def behave(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(beginning)
        while True:
            connection.sendall(b"x")
            time.sleep(0.02)

    return behave


def hangs_up_after(beginning: bytes) -> Callable[[socket.socket], None]:
    def behave(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(beginning)

    return behave
