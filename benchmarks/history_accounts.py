"""Two years of history of everybody from the chain: how long it takes, and how much memory.

    python -m benchmarks.history_accounts [--validators 700] [--databases sqlite postgresql] [--json]

Each validator has a ValidatorHistory account with all of its 512 entries, served on loopback by a process of
its own; the import has a process and a database of its own too. It may take 60 s and 250 MiB. "requests" are
those of the whole import; beside them stand what a later import of the same epoch and one of the next cost.
"""

import argparse
import base64
import json
import multiprocessing
import os
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from benchmarks.bars import tell
from benchmarks.canned_cluster import EPOCH, SLOTS, epoch_info, vote_accounts
from benchmarks.fetch_and_score import DATABASES, PROJECT, database_url
from validators.solana.programs.validator_history import (
    DISCRIMINATOR,
    HEAD_BYTES,
    MOST_ENTRIES,
    PROGRAM,
    address_of,
)
from validators.solana.pubkey import raw_key

MOST_SECONDS, MOST_MIB = 60, 250
HALF_WAY = SLOTS // 2
_ENTRY = struct.Struct("<QHHIBBBBH4sBBIQIH2sQQIIQBB46s")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--validators", type=int, default=700)
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=DATABASES)
    parser.add_argument("--json", action="store_true", help="print one JSON list instead of a table")
    options = parser.parse_args()
    with serving(options.validators) as url:
        rows = [measured(database, url) for database in options.databases]
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    for row in rows:
        print(line(row))
        what = f"history of {row['accounts']:,} accounts from the chain, {row['database']}"
        tell(what, row["seconds"], "s", most=MOST_SECONDS)
        tell(f"memory, {what}", row["mib"], "MiB", most=MOST_MIB)


def measured(database: str, url: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, database_url(database) as where:
        environment = os.environ | {
            "DATABASE_URL": where,
            "SOLANA_RPC_URL": url,
            "FETCH_DEADLINE_SECONDS": "60",
            "STATE_DIR": folder,
            "DEBUG": "0",
        }
        words = [sys.executable, "-m", "benchmarks.history_accounts_case"]
        done = subprocess.run(words, cwd=PROJECT, env=environment, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stderr)
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return {"database": database} | found


def line(row: dict[str, Any]) -> str:
    return (
        f"{row['database']:<12} {row['accounts']:,} accounts, {row['rows']:,} epochs: {row['seconds']:.1f} s "
        f"({row['cpu_seconds']:.1f} s of CPU in this process, {row['asking_seconds']:.1f} s until all was "
        f"stored, the rest for what follows), {row['mib']:.0f} MiB ({row['own_mib']:.0f} before), "
        f"{row['requests']} requests. "
        f"Again: {row['again']:.2f} s."
    )


def account(vote_account: str, place: int) -> str:
    """In base64: 512 entries, the newest of the running epoch."""
    ring = b"".join(_entry(EPOCH - age, place) for age in range(MOST_ENTRIES - 1, -1, -1))
    head = bytearray(HEAD_BYTES)
    head[: len(DISCRIMINATOR)] = DISCRIMINATOR
    head[12:44] = raw_key(vote_account)
    head[304:312] = (MOST_ENTRIES - 1).to_bytes(8, "little")
    return base64.b64encode(bytes(head) + ring).decode()


def _entry(epoch: int, place: int) -> bytes:
    stake = 10**12 * (place + 1) + epoch
    version = (2, epoch // 50, epoch % 7)
    tips = (epoch * SLOTS + 9, 396 + place, 5_000, b"\xff" * 2, 10**9, 2 * 10**9)
    blocks = (240, 240 - place % 5, (epoch + 1) * SLOTS)
    ip = bytes([198, 18, place >> 8, place & 255])
    return _ENTRY.pack(
        *(stake, epoch, 800, 6_900_000 + place, 5 + place % 3, 1, *version, ip, 3, 0, place),
        *(*tips, *blocks, 255, 1, b"\xff" * 46),
    )


@contextmanager
def serving(size: int) -> Iterator[str]:
    """The votes of so many, and their histories, from a process of its own; yields the URL."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    server = context.Process(target=_serve, args=(size, theirs), daemon=True)
    server.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        server.kill()
        server.join()


def _serve(size: int, parent: Any) -> None:
    votes = vote_accounts(size, seed=7, slot_index=HALF_WAY)
    info = epoch_info(HALF_WAY)
    accounts = {
        address_of(PROGRAM, one["votePubkey"]): _sent(account(one["votePubkey"], place))
        for place, one in enumerate(votes["current"])
    }
    results = {"getVoteAccounts": json.dumps(votes), "getEpochInfo": json.dumps(info)}
    context = json.dumps({"slot": info["absoluteSlot"] + 1})

    class Histories(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            result = results.get(question["method"])
            if question["method"] == "getMultipleAccounts":
                value = ",".join(accounts.get(key, "null") for key in question["params"][0])
                result = f'{{"context":{context},"value":[{value}]}}'
            told = '"error":{"code":-32601,"message":"no"}' if result is None else f'"result":{result}'
            body = f'{{"jsonrpc":"2.0","id":{question["id"]},{told}}}'.encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Histories)
    parent.send(server.server_address[1])
    server.serve_forever()


def _sent(data: str) -> str:
    return json.dumps({"data": [data, "base64"], "owner": PROGRAM, "lamports": 1, "space": 65_856})


if __name__ == "__main__":
    main()
