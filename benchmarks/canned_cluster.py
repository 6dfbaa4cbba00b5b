"""A JSON-RPC endpoint that answers with prepared bytes, so that a benchmark measures the asker."""

import json
import multiprocessing
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from validators.solana.pubkey import encode

EPOCH = 990
SLOTS = 432_000
MOST_CREDITS = SLOTS * 16
NO_SUCH_METHOD = b'"error":{"code":-32601,"message":"Method not found"}'


def vote_accounts(count: int, *, seed: int, slot_index: int, epoch: int = EPOCH) -> dict[str, Any]:
    """A getVoteAccounts result: that many validators, five epochs each; the seed fixes all but when."""
    rng = random.Random(seed)
    accounts = [_account(rng, slot_index, epoch) for _ in range(count)]
    return {"current": accounts, "delinquent": []}


def _account(rng: random.Random, slot_index: int, running: int) -> dict[str, Any]:
    cumulative = rng.randrange(10**9, 2 * 10**9)
    share = rng.uniform(0.95, 0.999)
    epoch_credits = []
    for epoch in range(EPOCH - 4, running + 1):
        passed = slot_index / SLOTS if epoch == running else 1
        before, cumulative = cumulative, cumulative + int(MOST_CREDITS * share * passed)
        epoch_credits.append([epoch, cumulative, before])
    percent = rng.choice((0, 5, 5, 7, 10, 100))
    slot = running * SLOTS + slot_index
    return {
        "activatedStake": rng.randrange(10**12, 4 * 10**13),
        "commission": percent,
        "epochCredits": epoch_credits[-5:],
        "epochVoteAccount": True,
        "inflationRewardsCommissionBps": percent * 100,
        "lastVote": slot,
        "nodePubkey": encode(rng.randbytes(32)),
        "rootSlot": slot - 31,
        "votePubkey": encode(rng.randbytes(32)),
    }


def epoch_info(slot_index: int, *, epoch: int = EPOCH) -> dict[str, Any]:
    return {
        "absoluteSlot": epoch * SLOTS + slot_index,
        "blockHeight": epoch * SLOTS,
        "epoch": epoch,
        "slotIndex": slot_index,
        "slotsInEpoch": SLOTS,
        "transactionCount": None,
    }


@contextmanager
def serving(*turns: dict[str, bytes], every: float = 1.0) -> Iterator[str]:
    """Serve these results, by method, from a process of their own; yields the URL.

    Of several the first for `every` seconds, then the next, and so on; the last stays.
    """
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    server = context.Process(target=_serve, args=(turns, every, theirs), daemon=True)
    server.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        server.kill()
        server.join()


def _serve(turns: Sequence[dict[str, bytes]], every: float, parent: Any) -> None:
    began = time.monotonic()

    class Canned(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Or the body waits 40 ms for the headers to be acknowledged, which no node lets it do.
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            head = b'{"jsonrpc":"2.0","id":%d,' % question["id"]
            turn = min(int((time.monotonic() - began) / every), len(turns) - 1)
            known = turns[turn].get(question["method"])
            body = head + (NO_SUCH_METHOD if known is None else b'"result":' + known) + b"}"
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Canned)
    parent.send(server.server_address[1])
    server.serve_forever()
