"""What Jito's ValidatorHistory accounts say, and that whatever is not as laid out is refused by its name."""

import os
import random
import time
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from solders.pubkey import Pubkey

from tests.validators import chain_histories, replies
from tests.validators.chain_histories import PLACES, HistoriesEndpoint, account, entry, usual
from validators.exceptions import LayoutError, MalformedReplyError
from validators.services.history.chain_rows import Calendar, judged
from validators.solana.features import SYSTEM_PROGRAM
from validators.solana.history_accounts import Histories, ask_newest, ask_who, ask_whole, most_requests
from validators.solana.programs.jito import TESTNET
from validators.solana.programs.validator_history import (
    PROGRAM,
    PROGRAM_ON_TESTNET,
    Entry,
    Refused,
    ToldHistory,
    address_of,
    decoded,
    program_of,
)
from validators.solana.rpc import Endpoint

MUTATIONS = int(os.environ.get("FUZZ_MUTATIONS", "2000"))
VOTE, OTHER = replies.key("vote"), replies.key("another")
CALENDAR = Calendar(running=905, first_slot=905 * 432_000, slots_in_epoch=432_000, split_epoch=None)


def told(data: bytes, **fields: Any) -> ToldHistory | None:
    about = {"address": address_of(PROGRAM, VOTE), "vote_account": VOTE, "program": PROGRAM, "owner": PROGRAM}
    return decoded(data=data, **(about | fields))


def test_an_address_is_the_one_of_the_specification_and_of_solders() -> None:
    certus = "CertusDeBmqN8ZawdkxK5kFGMwBXdudvWHYwtNgNhvLu"
    assert address_of(PROGRAM, certus) == "DRCDdTnzjM6MDhHowzKAMJ739xUnNwnxPcotZGR7bN2N"
    for number in range(50):
        key = replies.key(number)
        seeds = [b"validator-history", bytes(Pubkey.from_string(key))]
        assert address_of(PROGRAM, key) == str(
            Pubkey.find_program_address(seeds, Pubkey.from_string(PROGRAM))[0]
        )
    assert (program_of(""), program_of(TESTNET)) == (PROGRAM, PROGRAM_ON_TESTNET)


def test_every_field_is_read_where_it_lies_and_a_maximum_is_unknown() -> None:
    found = told(account(VOTE, [entry(900), usual(901)]))

    assert found == ToldHistory(
        VOTE,
        (
            Entry(
                *(901, 5_000_000_000_000, 800, 6_900_000, 5, 1, "2.3.6", "198.18.3.4", False, 40),
                *(901 * 432_000 + 9, 396, 5_000, 700, 1_400, 240, 238, 902 * 432_000, True),
            ),
            Entry(900, None, None, None, None, None, "", "", *[None] * 11),
        ),
        (),
    )


def test_what_no_client_or_flag_ever_was_is_unknown() -> None:
    found = told(account(VOTE, [usual(900, client=15, superminority=2, bam=7, major=0, minor=81)]))

    assert found is not None
    [one] = found.entries
    assert (one.client, one.superminority, one.bam, one.version) == (None, None, None, "")


@pytest.mark.parametrize("entries", [0, 1, 511, 512, 513, 700])
def test_a_ring_is_read_from_its_newest_entry_backwards(entries: int) -> None:
    found = told(account(VOTE, [entry(100 + number) for number in range(entries)]))

    assert found is not None
    newest = 99 + entries
    assert [one.epoch for one in found.entries] == list(range(newest, newest - min(entries, PLACES), -1))


def test_of_an_epoch_that_is_there_twice_the_newer_entry_counts() -> None:
    entries = [usual(900), usual(901, rank=1), usual(901, rank=2), usual(950), usual(902)]
    found = told(account(VOTE, entries))

    assert found is not None
    assert [(one.epoch, one.rank) for one in found.entries] == [(902, 40), (901, 2), (900, 40)]
    assert found.refused == (Refused(950, "out of order"), Refused(901, "is there twice"))


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"owner": OTHER}, f"owned by {OTHER} instead of {PROGRAM}"),
    ({"data": account(VOTE, [usual(900)])[:-1]}, "65855 bytes instead of 65856"),
    ({"data": b""}, "0 bytes instead of 65856"),
    ({"data": account(VOTE, [], discriminator=b"12345678")}, "discriminator 3132333435363738 instead of"),
    ({"data": account(OTHER, [usual(900)])}, f"of vote account {OTHER} instead of {VOTE}"),
    ({"data": account(VOTE, [usual(900)], empty=2)}, "whether it is empty 2 is more than 1"),
    (
        {"data": account(VOTE, [])[:304] + b"\x00\x02" + account(VOTE, [])[306:]},
        "place of the newest entry 512 is more than 511",
    ),
]


@pytest.mark.parametrize(("fields", "said"), WRONG, ids=[said[:30] for _, said in WRONG])
def test_another_layout_is_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(LayoutError, match=r"^validator history ") as refused:
        told(**({"data": account(VOTE, [usual(900)])} | fields))
    assert said in str(refused.value)


def test_lamports_that_somebody_sent_there_are_no_account() -> None:
    assert told(b"", owner=SYSTEM_PROGRAM) is None


def test_damaged_accounts_end_in_possible_rows_or_a_typed_error() -> None:
    rng = random.Random(21)
    whole = [usual(905 - age) for age in range(20, -1, -1)]
    kept = refused = 0
    for _ in range(MUTATIONS):
        data = bytearray(account(VOTE, whole, begun_at=rng.choice((1, 500))))
        for _ in range(rng.choice((1, 3, 30))):
            place = rng.randrange(340) if rng.random() < 0.1 else 320 + rng.randrange(24 * 128)
            data[place] = rng.choice((0, 1, 127, 255))
        try:
            found = told(bytes(data))
        except LayoutError:
            refused += 1
            continue
        assert found is not None
        rows = judged(found, CALENDAR, is_alone=True).rows
        epochs = [row.numbers.epoch for row in rows]
        assert epochs == sorted(set(epochs), reverse=True)
        assert all(0 <= epoch < 905 for epoch in epochs)
        for numbers, mev, jito in rows:
            assert 0 <= (numbers.activated_stake or 0) <= 10**18
            assert 0 <= (numbers.credits or 0) <= 6_912_000
            assert (numbers.blocks_produced or 0) <= (numbers.leader_slots or 0) <= 432_000
            assert mev is None or 0 <= (mev.commission_bps or 0) <= 10_000
            assert jito is None or 0 <= (jito.fees or 0) <= 10**18
        kept += 1
    assert kept > MUTATIONS // 4
    assert refused > MUTATIONS // 200


def _asked(node: HistoriesEndpoint, ask: Any, votes: list[str]) -> Histories:
    with Endpoint(node.url, deadline=time.monotonic() + 30) as endpoint:
        found: Histories = ask(endpoint, votes, genesis_hash="", least_slot=node.slot)
    return found


def test_the_newest_entries_are_a_part_of_the_whole_account(httpserver: HTTPServer) -> None:
    node = HistoriesEndpoint(httpserver)
    votes = [replies.key(f"vote {number}") for number in range(12)]
    for number, vote in enumerate(votes[:-1]):
        node.has(vote, *(usual(200 + epoch) for epoch in range(1 + number * 60)))
    whole = {one.vote_account: one.told for one in _asked(node, ask_whole, votes).records.good}
    node.slices.clear()

    newest = {one.vote_account: one.told for one in _asked(node, ask_newest, votes).records.good}

    assert len(node.slices) <= most_requests(len(votes))
    assert all(part is not None and part["length"] <= 80 * 128 for _, part in node.slices)
    assert newest.pop(votes[-1]) is None
    for vote, found in newest.items():
        all_of_it = whole[vote]
        assert found is not None
        assert all_of_it is not None
        assert found.entries == all_of_it.entries[: len(found.entries)]
        assert len(found.entries) >= min(16, len(all_of_it.entries))


def test_whose_histories_there_are_is_one_question(httpserver: HTTPServer) -> None:
    node = HistoriesEndpoint(httpserver)
    votes = [replies.key(f"vote {number}") for number in range(30)]
    for vote in votes:
        node.has(vote, usual(900))
    # Of another vote account at this address.
    node.accounts[address_of(PROGRAM, OTHER)] = chain_histories.sent(VOTE, [usual(900)])

    with Endpoint(node.url, deadline=time.monotonic() + 30) as endpoint:
        found = ask_who(endpoint, genesis_hash="", least_slot=node.slot)

    assert list(found.good) == votes
    assert [one.reason.partition(": ")[2] for one in found.rejected] == [
        f"vote account {VOTE} has its history elsewhere"
    ]


def test_a_page_in_which_too_much_is_wrong_is_no_answer(httpserver: HTTPServer) -> None:
    node = HistoriesEndpoint(httpserver)
    node.has(VOTE, usual(900))
    node.accounts[address_of(PROGRAM, OTHER)] = chain_histories.sent(VOTE, [usual(900)])

    with pytest.raises(MalformedReplyError, match="1 of 2 records are invalid"):
        _asked(node, ask_whole, [VOTE, OTHER])
