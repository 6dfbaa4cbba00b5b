"""Jito's ValidatorHistory accounts, packed from the documented offsets, and an endpoint that has them."""

import hashlib
from collections.abc import Iterable
from typing import Any

from pytest_httpserver import HTTPServer

from tests.validators import raw_accounts
from tests.validators.account_endpoints import AccountsEndpoint
from validators.solana.programs.validator_history import PROGRAM, address_of
from validators.solana.pubkey import raw_key

LENGTH, RING, ENTRY, PLACES = 65_856, 320, 128, 512
# Name: offset in the entry, and bytes.
OFFSETS = {
    "stake": (0, 8), "epoch": (8, 2), "mev_bps": (10, 2), "credits": (12, 4), "percent": (16, 1),
    "client": (17, 1), "major": (18, 1), "minor": (19, 1), "patch": (20, 2), "ip": (22, 4),
    "superminority": (27, 1), "rank": (28, 4), "vote_slot": (32, 8), "earned": (40, 4), "fee_bps": (44, 2),
    "shared": (48, 8), "fees": (56, 8), "slots": (64, 4), "blocks": (68, 4), "block_slot": (72, 8),
    "bam": (81, 1),
}  # fmt: skip
SLOTS = 432_000


def entry(epoch: int, **fields: int) -> bytes:
    """With nothing set but what is named."""
    data = bytearray(b"\xff" * ENTRY)
    for name, value in ({"epoch": epoch} | fields).items():
        offset, width = OFFSETS[name]
        data[offset : offset + width] = value.to_bytes(width, "little")
    return bytes(data)


def usual(epoch: int, **fields: int) -> bytes:
    """What keepers know of an epoch: it was copied in it, and its blocks are counted to the end."""
    ip = int.from_bytes(bytes([198, 18, 3, 4]), "little")
    known = {
        "stake": 5_000_000_000_000, "mev_bps": 800, "credits": 6_900_000, "percent": 5, "client": 1,
        "major": 2, "minor": 3, "patch": 6, "ip": ip, "superminority": 0, "rank": 40,
        "vote_slot": epoch * SLOTS + 9, "earned": 396, "fee_bps": 5_000, "shared": 700, "fees": 1_400,
        "slots": 240, "blocks": 238, "block_slot": (epoch + 1) * SLOTS, "bam": 1,
    }  # fmt: skip
    return entry(epoch, **(known | fields))


def account(
    vote_account: str,
    entries: Iterable[bytes],
    *,
    begun_at: int = 1,
    empty: int | None = None,
    discriminator: bytes = hashlib.sha256(b"account:ValidatorHistory").digest()[:8],
) -> bytes:
    """Entries oldest first; the first lies at the place `begun_at`, and the ring goes on from its end."""
    ring = [b"\xff" * ENTRY] * PLACES
    known = list(entries)
    for place, one in enumerate(known, start=begun_at):
        ring[place % PLACES] = one
    data = bytearray(RING)
    data[:8] = discriminator
    data[12:44] = raw_key(vote_account)
    newest = (begun_at + len(known) - 1) % PLACES if known else 0
    data[304:312] = newest.to_bytes(8, "little")
    data[312] = (not known) if empty is None else empty
    return bytes(data) + b"".join(ring)


def sent(vote_account: str, entries: Iterable[bytes], **fields: Any) -> dict[str, Any]:
    return raw_accounts.sent(account(vote_account, entries, **fields), PROGRAM)


class HistoriesEndpoint(AccountsEndpoint):
    """Cuts what it has as it is asked to, and knows whose histories there are."""

    def __init__(self, server: HTTPServer) -> None:
        super().__init__(server)
        self.slots = []
        # (number of keys, offset and length of each answer, or None), by question.
        self.slices: list[tuple[int, dict[str, int] | None]] = []

    def has(self, vote_account: str, *entries: bytes, **fields: Any) -> None:
        self.accounts[address_of(PROGRAM, vote_account)] = sent(vote_account, entries, **fields)

    def _result(self, method: str) -> Any:
        if method == "getProgramAccounts" and self.params[method][0] == PROGRAM:
            options = self.params[method][1]
            value = [
                {"pubkey": address, "account": raw_accounts.cut(one, options)}
                for address, one in self.accounts.items()
            ]
            return {"context": {"slot": self.slot}, "value": value}
        result = super()._result(method)
        if method == "getMultipleAccounts":
            keys, options = self.params[method]
            self.slices.append((len(keys), options.get("dataSlice")))
        return result
