"""Two years of history from the chain: what it brings, what stays, and how an import goes on."""

import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_httpserver import HTTPServer

from scheduling.exceptions import SkipRun
from tests.validators import chain_histories, replies
from tests.validators.chain_histories import HistoriesEndpoint, entry, usual
from tests.validators.histories import file_of
from tests.validators.rows import NOON, fetch, validator
from validators.exceptions import ValidatorsError
from validators.models import (
    ClusterEpoch,
    CommissionChange,
    HistoryAccount,
    JitoEpoch,
    MevEpoch,
    Origin,
    PictureMark,
    Validator,
    ValidatorEpoch,
)
from validators.services.history import from_chain
from validators.services.history.chain_store import ChainStore, ChainSummary
from validators.services.history.from_chain import import_from_chain
from validators.services.history.pace import MOST_IN_WINDOW, WINDOW_SECONDS, Pace
from validators.solana.pubkey import raw_key

pytestmark = [pytest.mark.django_db, pytest.mark.database]

RUNNING = replies.EPOCH
VOTES = [replies.key(f"vote {number}") for number in range(4)]
FULL_FILE = Path(__file__).resolve().parents[5] / "shared/data/mainnet_epochs_full.csv.gz"


@pytest.fixture
def node(httpserver: HTTPServer, settings: Any) -> HistoriesEndpoint:
    made = HistoriesEndpoint(httpserver)
    settings.SOLANA_RPC_URLS = [made.url]
    settings.FETCH_DEADLINE_SECONDS = 20.0
    return made


@pytest.fixture
def followed(node: HistoriesEndpoint) -> HistoriesEndpoint:
    """Four validators that a fetch saw, each with the last ten epochs in its history."""
    looked_at(node)
    for number, vote in enumerate(VOTES):
        validator(number + 1, vote_account=vote, identity=replies.key(f"node {number}"))
        node.has(vote, *(usual(RUNNING - age) for age in range(10, -1, -1)))
    return node


def looked_at(node: HistoriesEndpoint, epoch: int = RUNNING, **fields: Any) -> None:
    node.epoch_infos[0] = replies.epoch_info(epoch, 200_000)
    fetch(epoch=epoch, absolute_slot=node.slot - 10, slot_index=199_990, **fields)


def rows(vote: str = VOTES[0]) -> dict[int, ValidatorEpoch]:
    return {row.epoch: row for row in ValidatorEpoch.objects.filter(validator__vote_account=vote)}


def command(*words: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command("import_history", *words, "--json", stdout=out)
    document: dict[str, Any] = json.loads(out.getvalue())
    return document


def test_every_ended_epoch_is_stored_with_what_it_tells(followed: HistoriesEndpoint) -> None:
    result = command("--from", "chain")

    assert (result["accounts"], result["rows"], result["added"], result["left"]) == (4, 40, 40, 0)
    assert (result["first_epoch"], result["last_epoch"], result["requests"]) == (RUNNING - 10, RUNNING - 1, 1)
    row = rows()[RUNNING - 3]
    assert (row.source, row.activated_stake, row.credits, row.credits_final, row.credits_unit) == (
        *("history", 5_000_000_000_000, 6_900_000, True, "vote_credits"),
    )
    assert (row.commission_first_bps, row.commission_max_bps, row.commission_source) == (500, 500, "imported")
    assert (row.version, row.client, row.identity, row.fetches) == ("2.3.6", "jito labs", "", 0)
    assert (row.leader_slots, row.blocks_produced, row.blocks_basis) == (240, 238, "final")
    assert row.vote_performance == 1.0
    mev = MevEpoch.objects.get(validator=row.validator, epoch=row.epoch)
    assert (mev.runs_jito, mev.commission_bps, mev.tips, mev.tips_final, mev.source) == (
        *(True, 800, 3_960_000_000, True, "history"),
    )
    assert (mev.priority_commission_bps, mev.priority_fees, mev.settled) == (5_000, 700, True)
    jito = JitoEpoch.objects.get(validator=row.validator, epoch=row.epoch)
    assert (jito.rank, jito.superminority, jito.ip_address, jito.client_id, jito.bam, jito.fees) == (
        *(40, False, "198.18.3.4", 1, True, 1_400),
    )
    cluster = ClusterEpoch.objects.get(epoch=row.epoch)
    assert (cluster.total_stake, cluster.leader_slots, cluster.source) == (
        20_000_000_000_000,
        960,
        "imported",
    )


def test_what_nobody_set_is_unknown_and_never_a_value(followed: HistoriesEndpoint) -> None:
    followed.has(VOTES[0], entry(RUNNING - 2, stake=7), entry(RUNNING - 1))

    import_from_chain()

    row = rows()[RUNNING - 2]
    assert (row.activated_stake, row.credits, row.credits_final) == (7, None, False)
    assert (row.commission_last_bps, row.version, row.client, row.skip_rate) == (None, "", "", None)
    assert (row.leader_slots, row.blocks_produced, row.blocks_basis) == (None, None, "")
    assert not MevEpoch.objects.filter(validator=row.validator).exists()
    assert not JitoEpoch.objects.filter(validator=row.validator).exists()


def test_lamports_and_numbers_of_a_part_of_an_epoch_are_unknown(followed: HistoriesEndpoint) -> None:
    """Since the migration credits do not fit, and an epoch is whole once something later was written down."""
    looked_at(followed, split_epoch=RUNNING - 3)
    last = usual(RUNNING - 1, block_slot=RUNNING * 432_000 - 1)
    followed.has(VOTES[0], *(usual(RUNNING - age) for age in range(6, 1, -1)), last)

    import_from_chain()

    found = rows()
    assert [(row.credits_unit, row.credits) for _, row in sorted(found.items())] == [
        *[("vote_credits", 6_900_000)] * 3,
        *[("lamports", None)] * 3,
    ]
    assert (found[RUNNING - 1].leader_slots, found[RUNNING - 2].leader_slots) == (None, 240)


def test_what_we_saw_ourselves_stays_and_what_disagrees_is_listed(followed: HistoriesEndpoint) -> None:
    ours = Validator.objects.get(vote_account=VOTES[0])
    seen = {"validator": ours, "fetched_at": NOON, "credits_unit": "vote_credits", "fetches": 3}
    same = {"credits": 6_900_000, "credits_final": True}
    ValidatorEpoch.objects.create(epoch=RUNNING - 4, **seen, **same, activated_stake=6, version="2.3.6-rc.1")
    ValidatorEpoch.objects.create(epoch=RUNNING - 5, **seen, credits=5, credits_final=False)
    MevEpoch.objects.create(
        validator=ours, epoch=RUNNING - 4, runs_jito=True, commission_bps=900, slot=1, looked_at=NOON
    )

    result = command("--from", "chain")

    row = rows()[RUNNING - 4]
    assert (row.source, row.activated_stake, row.version, row.commission_last_bps) == (
        *("live", 6, "2.3.6-rc.1", 500),
    )
    # A part of an epoch is what we saw of it, the whole of it they did.
    assert (rows()[RUNNING - 5].credits, rows()[RUNNING - 5].credits_final) == (6_900_000, True)
    mev = MevEpoch.objects.get(validator=ours, epoch=RUNNING - 4)
    assert (mev.commission_bps, mev.tips, mev.source) == (900, 3_960_000_000, "accounts")
    agreement = result["agreement"]
    assert (agreement["compared"], agreement["agreeing"]) == (4, 2)
    assert [(one["field"], one["told"], one["known"]) for one in agreement["differences"]] == [
        ("activated_stake", 5_000_000_000_000, 6),
        ("mev commission_bps", 800, 900),
    ]


def test_a_file_counts_for_more_than_the_chain_in_whatever_order_they_come(
    followed: HistoriesEndpoint, tmp_path: Path
) -> None:
    line = f"{RUNNING - 2},{VOTES[0]},{replies.key('node 0')},44,7,7,7,7,unknown,2,1,6000000,5,"
    file = file_of(tmp_path, line)
    told = []
    for first, second in ((str(file), "chain"), ("chain", str(file))):
        ValidatorEpoch.objects.all().delete()
        HistoryAccount.objects.all().delete()
        command("--from", first)
        command("--from", second)
        row = rows()[RUNNING - 2]
        told.append(
            (row.source, row.activated_stake, row.commission_last_bps, row.version, row.credits, row.fetches)
        )
        assert (row.leader_slots, row.client) == (240, "jito labs")

    assert told == [("imported", 44, 700, "2.3.6", 6_000_000, 2)] * 2


ABSURD = [
    ({"epoch": RUNNING + 3}, f"epoch {RUNNING} runs"),
    ({"stake": 10**18 + 1}, "stake 1000000000000000001 lamports is more than there are"),
    ({"credits": 6_912_001}, "6912001 credits are more than an epoch has"),
    ({"mev_bps": 10_001}, "MEV commission 10001 basis points"),
    ({"blocks": 241}, "241 blocks in 240 leader slots"),
    ({"slots": 432_001}, "432001 leader slots of 432000 in the epoch"),
    ({"fees": 2**63}, "more lamports of priority fees than there are"),
]


@pytest.mark.parametrize(("fields", "said"), ABSURD, ids=[said for _, said in ABSURD])
def test_what_cannot_be_true_is_left_out_and_named(
    followed: HistoriesEndpoint, fields: dict[str, int], said: str
) -> None:
    epoch = fields.get("epoch", RUNNING - 1)
    entries = [
        usual(RUNNING - 2),
        usual(epoch, **{key: one for key, one in fields.items() if key != "epoch"}),
    ]
    followed.has(VOTES[0], *entries)

    result = command("--from", "chain")

    assert result["rejected"] == [{"key": VOTES[0], "reason": f"epoch {epoch}: {said}"}]
    assert list(rows()) == [RUNNING - 2]


def test_blocks_are_of_an_identity_that_another_account_has_too(followed: HistoriesEndpoint) -> None:
    Validator.objects.filter(vote_account__in=VOTES[:2]).update(identity=replies.key("twins"))

    import_from_chain()

    assert {rows(vote)[RUNNING - 2].leader_slots for vote in VOTES[:2]} == {None}
    assert rows(VOTES[2])[RUNNING - 2].leader_slots == 240
    assert ClusterEpoch.objects.get(epoch=RUNNING - 2).leader_slots is None


def test_an_import_that_was_cut_off_goes_on_behind_its_last_step(
    followed: HistoriesEndpoint, monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    monkeypatch.setattr(from_chain, "WHOLE_IN_PAGE", 1)
    store = ChainStore.store
    stored: list[str] = []

    def dies_later(self: ChainStore, histories: Any, *, is_whole: bool) -> None:
        if len(stored) == 2:
            raise KeyboardInterrupt
        store(self, histories, is_whole=is_whole)
        stored.append(histories.records.good[0].vote_account)

    monkeypatch.setattr(ChainStore, "store", dies_later)
    with pytest.raises(KeyboardInterrupt):
        import_from_chain()
    assert ValidatorEpoch.objects.count() == 20
    assert not ClusterEpoch.objects.exists()
    before = client.get("/api/v1/cluster/epochs").headers["ETag"]
    monkeypatch.setattr(ChainStore, "store", store)

    summary = import_from_chain()

    assert (summary.read_before, summary.accounts, summary.requests) == (2, 2, 2)
    assert ValidatorEpoch.objects.count() == 40
    # Also of the rows that were stored before.
    assert ClusterEpoch.objects.get(epoch=RUNNING - 9).total_stake == 20_000_000_000_000
    assert not HistoryAccount.objects.exclude(underived_from=None).exists()
    assert client.get("/api/v1/cluster/epochs").headers["ETag"] != before
    marks = list(PictureMark.objects.filter(writer="imports"))
    import_from_chain()
    assert list(PictureMark.objects.filter(writer="imports")) == marks


def test_a_budget_leaves_the_rest_for_the_next_import(
    followed: HistoriesEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(from_chain, "WHOLE_IN_PAGE", 1)

    first, second = command("--from", "chain", "--requests", "3"), command("--from", "chain")

    assert (first["accounts"], first["left"], first["requests"]) == (3, 1, 3)
    assert (second["accounts"], second["left"], second["requests"]) == (1, 0, 1)


def test_a_later_import_reads_only_what_is_new(followed: HistoriesEndpoint) -> None:
    import_from_chain()
    followed.slices.clear()
    looked_at(followed, RUNNING + 2)
    for vote in VOTES:
        followed.has(vote, *(usual(RUNNING - age) for age in range(10, -3, -1)))

    summary = import_from_chain()

    # The running epoch of then, the next, and two before, which keepers may have finished since.
    assert (summary.accounts, summary.added, summary.rows) == (4, 8, 16)
    assert (summary.first_epoch, summary.last_epoch) == (RUNNING - 2, RUNNING + 1)
    assert [part is not None for _, part in followed.slices] == [True, True]


def test_an_account_whose_ring_began_anew_is_read_whole(followed: HistoriesEndpoint) -> None:
    import_from_chain()
    looked_at(followed, RUNNING + 5)
    # What is new goes on at the ring's beginning.
    followed.has(VOTES[0], *(usual(RUNNING - age) for age in range(10, -6, -1)), begun_at=500)

    summary = import_from_chain()

    assert (summary.accounts, summary.left) == (4, 0)
    assert sorted(rows()) == list(range(RUNNING - 10, RUNNING + 5))


def test_who_has_no_history_is_not_asked_again_in_this_epoch(followed: HistoriesEndpoint) -> None:
    followed.accounts.clear()

    first, second = import_from_chain(), import_from_chain()

    assert (first.without_history, first.rows, second.read_before, second.requests) == (4, 0, 4, 0)


def test_who_left_before_we_looked_is_found_and_shown(followed: HistoriesEndpoint, client: Client) -> None:
    stranger = replies.key("stranger")
    followed.has(stranger, usual(RUNNING - 300), usual(RUNNING - 299))

    summary = import_from_chain(everybody=True)

    assert (summary.accounts, summary.validators_added, summary.requests) == (5, 1, 2)
    left = Validator.objects.get(vote_account=stranger)
    assert left.left_at is not None
    assert sorted(rows(stranger)) == [RUNNING - 300, RUNNING - 299]
    assert client.get(f"/validators/{stranger}/").status_code == 200
    assert client.get(f"/api/v1/validators/{stranger}/epochs").status_code == 200


def test_a_change_of_commission_is_told_of_the_past(followed: HistoriesEndpoint) -> None:
    followed.has(VOTES[0], usual(RUNNING - 3), usual(RUNNING - 2, percent=10), usual(RUNNING - 1, percent=10))

    import_from_chain()

    [change] = CommissionChange.objects.all()
    assert (change.epoch, change.from_bps, change.to_bps, change.source) == (
        *(RUNNING - 2, 500, 1_000, Origin.IMPORTED),
    )


@pytest.mark.parametrize("problem", ["nobody", "behind"])
def test_an_answer_that_cannot_be_had_is_told_and_stores_nothing(
    followed: HistoriesEndpoint, settings: Any, problem: str
) -> None:
    if problem == "nobody":
        settings.SOLANA_RPC_URLS = ["http://127.0.0.1:9"]
    else:
        followed.slots = [followed.slot - 1_000]

    with pytest.raises(ValidatorsError):
        import_from_chain()
    with pytest.raises(CommandError, match=r"the next import goes on there\.$"):
        command("--from", "chain")

    assert not ValidatorEpoch.objects.exists()


def test_before_the_first_fetch_there_is_nobody_to_ask_for(node: HistoriesEndpoint) -> None:
    with pytest.raises(SkipRun, match="nothing fetched yet"):
        import_from_chain()
    with pytest.raises(CommandError, match=r"run `manage.py fetch votes cluster` first"):
        command("--from", "chain")


def test_a_misspelt_chain_is_no_file() -> None:
    with pytest.raises(CommandError, match=r"There is no file chian; did you mean chain\?"):
        command("--from", "chian")


@pytest.mark.parametrize("words", [("--requests", "0"), ("--requests", "x")])
def test_a_budget_is_a_number_of_requests(words: tuple[str, str]) -> None:
    with pytest.raises(CommandError, match="--requests"):
        command("--from", "chain", *words)
    with pytest.raises(CommandError, match="are about the chain, not a file"):
        command("--from", "a.csv", "--everybody")


def test_the_pace_leaves_half_of_what_a_public_endpoint_allows() -> None:
    now = [100.0]
    asked: list[float] = []
    pace = Pace(clock=lambda: now[0], sleep=lambda seconds: now.__setitem__(0, now[0] + seconds))
    for requests in (1, 1, 18, 1, 18, 30, 1):
        pace.wait_for(requests)
        asked += [now[0]] * requests

    assert pace.requests == len(asked) == 70
    for place, at in enumerate(asked):
        together = [one for one in asked[place:] if one < at + WINDOW_SECONDS]
        assert len(together) <= max(MOST_IN_WINDOW, 30)
    assert now[0] == 130.0


def mainnet(accounts: int) -> Iterator[tuple[str, list[str]]]:
    """Of the recorded mainnet, each hundredth line's account: its key and all of its lines."""
    lines: dict[str, list[str]] = {}
    with gzip.open(FULL_FILE, "rt", newline="") as file:
        next(file)
        for line in file:
            lines.setdefault(line.split(",", 2)[1], []).append(line.rstrip("\r\n"))
    return iter(sorted(lines.items())[:: len(lines) // accounts])


@pytest.mark.skipif(not FULL_FILE.exists(), reason="the recorded mainnet is not here")
def test_an_import_agrees_with_the_recorded_mainnet(node: HistoriesEndpoint, tmp_path: Path) -> None:
    looked_at(node, 952)
    kept = []
    for vote, lines in mainnet(40):
        validator(1, vote_account=vote, identity=vote)
        entries = [entry_of(line) for line in lines]
        node.has(vote, *entries, usual(951), begun_at=400)
        kept += lines
    summary: ChainSummary = import_from_chain()
    assert summary.rejected_count == 0
    with gzip.open(FULL_FILE, "rt", newline="") as whole:
        names = whole.readline().rstrip("\r\n")
    file = tmp_path / "some.csv"
    file.write_text("\r\n".join([names, *kept, ""]))

    out = io.StringIO()
    call_command("compare_history", str(file), "--chain", "--check", "--json", stdout=out)

    told = json.loads(out.getvalue())
    assert told["share"] >= 0.999, told["differences"]
    assert told["compared"] > 10_000
    file.write_text("\r\n".join([names, *(other_stake(line) for line in kept), ""]))
    with pytest.raises(CommandError, match=r"Less than 99\.9% of the numbers agree"):
        call_command("compare_history", str(file), "--check", stdout=io.StringIO())


def other_stake(line: str) -> str:
    columns = line.split(",")
    return ",".join([*columns[:3], "1", *columns[4:]])


def entry_of(line: str) -> bytes:
    """What keepers would have written down of a line."""
    epoch, _, _, stake, _, commission, _, _, version, _, _, credits, *_ = line.split(",")
    fields = {"stake": stake, "percent": commission, "credits": credits}
    known = {name: int(text) for name, text in fields.items() if text}
    parts = version.partition("-")[0].split(".")
    if len(parts) == 3 and all(map(str.isdigit, parts)) and int(parts[1]) < 256:
        known |= dict(zip(("major", "minor", "patch"), map(int, parts), strict=True))
    return entry(int(epoch), vote_slot=int(epoch) * 432_000 + 7, **known)


def test_the_accounts_of_these_tests_are_of_the_length_of_the_chain() -> None:
    data = chain_histories.account(VOTES[0], [usual(900)])
    assert (len(data), data[12:44]) == (65_856, raw_key(VOTES[0]))
