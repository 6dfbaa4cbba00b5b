"""Two thousand damaged replies: each ends in a clean store or a typed error, the last good picture intact."""

import copy
import json
import os
import random
from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import F, Q
from werkzeug import Request, Response

from tests.conftest import RECORDED
from tests.validators import replies
from tests.validators.endpoints import reply
from validators.exceptions import ValidatorsError
from validators.models import Fetch, Validator, ValidatorEpoch
from validators.scoring.registry import METHODS, ranked
from validators.services.scores.facts import cluster_facts
from validators.tasks import fetch_validators

pytestmark = [pytest.mark.django_db, pytest.mark.database]

MUTATIONS = int(os.environ.get("FUZZ_MUTATIONS", "2000"))
# Of fewer in a part all may come out one way, by chance.
FEWEST_OF_A_PART = 25
PARTS = max(1, min(8, MUTATIONS // FEWEST_OF_A_PART))
SENTINEL = replies.SENTINEL

HOSTILE: list[Any] = [
    *(None, True, False, 0, -1, 1.5, -0.0, 1e308, float("inf"), float("nan")),
    *(2**31, 2**63 - 1, 2**63, 2**64 - 1, 2**64, -(2**63) - 1, 10**400),
    *("", " ", "0", "NaN", "\x00", "\u202e\U0001f4a9", "'; DROP TABLE validators_validator; --"),
    *("1" * 44, "x" * 10_000, replies.key("stranger")),
    *([], {}, [[]], [None], [[990, 1, 2]], [[2**64, 0, 0]], {"a": {"b": []}}),
    *(SENTINEL, [SENTINEL], [SENTINEL] * 2),
]


def recorded_accounts() -> list[dict[str, Any]]:
    """Forty accounts of real mainnet when the recording is there, like ones when not, and some with gaps."""
    path = RECORDED / "rpc" / "epoch990" / "getVoteAccounts.json"
    if path.is_file():
        result = json.loads(path.read_text())["result"]
        return list(result["current"][:34] + result["delinquent"])
    gaps = [replies.account(f"gap {n}", epochCredits=[[984, 500, 400], [985, 0, 500]]) for n in range(6)]
    return replies.accounts(34) + gaps


def hostile(rng: random.Random) -> Any:
    # A copy, because the next damage may be done to it.
    return copy.deepcopy(rng.choice(HOSTILE))


def damaged_value(rng: random.Random, result: dict[str, Any]) -> None:
    record = a_record(rng, result)
    record[rng.choice(sorted(record))] = hostile(rng)


def missing_key(rng: random.Random, result: dict[str, Any]) -> None:
    record = a_record(rng, result)
    del record[rng.choice(sorted(record))]


def damaged_credits(rng: random.Random, result: dict[str, Any]) -> None:
    tuples = a_record(rng, result)["epochCredits"]
    if tuples:
        rng.choice(tuples)[rng.randrange(3)] = hostile(rng)


def moved_credits(rng: random.Random, result: dict[str, Any]) -> None:
    tuples = a_record(rng, result)["epochCredits"]
    rng.choice(
        (tuples.reverse, lambda: rng.shuffle(tuples), tuples.clear, lambda: tuples.extend(tuples[:]))
    )()


def inserted_sentinel(rng: random.Random, result: dict[str, Any]) -> None:
    tuples = a_record(rng, result)["epochCredits"]
    tuples.insert(rng.randint(0, len(tuples)), list(SENTINEL))


def duplicated_record(rng: random.Random, result: dict[str, Any]) -> None:
    a_list(rng, result).append(copy.deepcopy(a_record(rng, result)))


def stranger_record(rng: random.Random, result: dict[str, Any]) -> None:
    a_list(rng, result).insert(0, hostile(rng))


def extra_key(rng: random.Random, result: dict[str, Any]) -> None:
    a_record(rng, result)[rng.choice(["é", "__class__", "vote_account", "", "pk"])] = hostile(rng)


def lost_records(rng: random.Random, result: dict[str, Any]) -> None:
    records = a_list(rng, result)
    del records[rng.randint(0, len(records)) :]


def damaged_envelope(rng: random.Random, result: dict[str, Any]) -> None:
    result[rng.choice(["current", "delinquent"])] = hostile(rng)


MUTATORS: list[Callable[[random.Random, dict[str, Any]], None]] = [
    *(damaged_value, damaged_credits) * 2,
    *(missing_key, moved_credits, inserted_sentinel, duplicated_record),
    *(stranger_record, extra_key, lost_records, damaged_envelope),
]


def a_list(rng: random.Random, result: dict[str, Any]) -> list[Any]:
    lists = [records for records in result.values() if isinstance(records, list)]
    return rng.choice(lists) if lists else []


def a_record(rng: random.Random, result: dict[str, Any]) -> dict[str, Any]:
    records = [
        record for record in a_list(rng, result) if isinstance(record, dict) and record.get("epochCredits")
    ]
    whole = [record for record in records if isinstance(record["epochCredits"], list)]
    return rng.choice(whole) if whole else {"epochCredits": [[1, 1, 1]], "x": 1}


def body(rng: random.Random, document: dict[str, Any]) -> bytes:
    """The reply as bytes; one in ten is damaged below JSON."""
    text = json.dumps(document).encode()
    if rng.random() < 0.9:
        return text
    at = rng.randrange(len(text))
    odd_byte = text[:at] + bytes([rng.randrange(256)]) + text[at + 1 :]
    return rng.choice((text[:at], odd_byte, text[:at] + text[at - 9 :]))


class DamagedEndpoint:
    """Answers with a good picture, or with one damaged as its random numbers have it."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.accounts = recorded_accounts()
        self.damage = False

    def __call__(self, request: Request) -> Response:
        question = request.get_json()
        epoch = replies.epoch_info(replies.EPOCH, 423_403)
        if not self.damage:
            result: Any = epoch if question["method"] == "getEpochInfo" else self.picture()
            return reply({"jsonrpc": "2.0", "id": question["id"], "result": result})
        return reply(body(self.rng, self.damaged(question, epoch)))

    def picture(self) -> dict[str, Any]:
        accounts = copy.deepcopy(self.accounts)
        return {"current": accounts[:-6], "delinquent": accounts[-6:]}

    def damaged(self, question: dict[str, Any], epoch: dict[str, Any]) -> dict[str, Any]:
        document: dict[str, Any] = {"jsonrpc": "2.0", "id": question["id"]}
        if question["method"] == "getEpochInfo":
            if self.rng.random() < 0.1:
                epoch[self.rng.choice(sorted(epoch))] = hostile(self.rng)
            return document | {"result": epoch}
        result = self.picture()
        for _ in range(self.rng.choice((1, 1, 1, 2, 3, 8))):
            self.rng.choice(MUTATORS)(self.rng, result)
        return document | {"result": result}


def stored() -> list[Any]:
    return [
        list(Validator.objects.order_by("pk").values()),
        list(ValidatorEpoch.objects.order_by("pk").values()),
    ]


def assert_clean() -> None:
    """What must hold of anything that was ever stored."""
    newest = Fetch.objects.newest()
    assert newest is not None
    seen = Validator.objects.filter(last_seen_at=newest.stored_at)
    assert seen.count() == newest.validators_total > 0
    assert newest.rejected_count <= 0.05 * (newest.rejected_count + newest.validators_total)
    assert not seen.exclude(left_at=None).exists()
    assert not Validator.objects.filter(Q(activated_stake__lt=0) | Q(last_vote__lt=0)).exists()
    assert not ValidatorEpoch.objects.filter(Q(credits__lt=0) | Q(epoch__gt=newest.epoch)).exists()
    too_many = Q(credits__gt=replies.FULL_EPOCH, credits_unit="vote_credits")
    assert not ValidatorEpoch.objects.filter(too_many).exists()
    assert (
        seen.filter(epochs__epoch=newest.epoch, epochs__activated_stake=F("activated_stake")).count()
        == seen.count()
    )
    cluster = cluster_facts()
    assert cluster is not None
    for method in METHODS.values():
        assert all(0 <= one.score <= 100 for one in ranked(method.assess(cluster)))


@pytest.mark.parametrize("part", range(PARTS))
def test_damaged_replies_end_in_a_clean_store_or_a_typed_error(
    httpserver: Any, settings: Any, part: int
) -> None:
    damaged = DamagedEndpoint(seed=990 + part)
    httpserver.expect_request("/").respond_with_handler(damaged)
    settings.SOLANA_RPC_URLS = [httpserver.url_for("/")]
    fetch_validators()
    outcomes = {True: 0, False: 0}

    damaged.damage = True
    good = stored()
    for _ in range(MUTATIONS // PARTS):
        try:
            fetch_validators()
        except ValidatorsError:
            outcomes[False] += 1
            assert stored() == good
        else:
            outcomes[True] += 1
            assert_clean()
            good = stored()

    # Both ends of the promise were put to the test.
    assert min(outcomes.values()) > MUTATIONS // PARTS // 20, outcomes
    damaged.damage = False
    fetch_validators()
    assert Validator.objects.present().count() == len(damaged.accounts)
