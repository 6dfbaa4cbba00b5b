"""Two thousand damaged replies of each method: a clean store, or a typed error and no change."""

import copy
import os
import random
from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import F, Q
from werkzeug import Request, Response

from scheduling.exceptions import SkipRun
from tests.validators import replies
from tests.validators.endpoints import reply
from tests.validators.solana.test_fuzz import body, hostile
from validators import tasks
from validators.exceptions import ValidatorsError
from validators.models import ClusterEpoch, SourceState, Validator, ValidatorEpoch
from validators.services.bulk import read_rows

pytestmark = [pytest.mark.django_db, pytest.mark.database]

MUTATIONS = int(os.environ.get("FUZZ_MUTATIONS", "2000"))
PARTS = 2
ACCOUNTS = replies.accounts(21, epochCredits=replies.epoch_credits(7))
IDENTITIES = [account["nodePubkey"] for account in ACCOUNTS]
TASKS: dict[str, Callable[[], dict[str, Any]]] = {
    "getBlockProduction": tasks.fetch_production,
    "getClusterNodes": tasks.fetch_nodes,
    "getProgramAccounts": tasks.fetch_names,
    "getInflationRate": tasks.fetch_inflation,
    "getSupply": tasks.fetch_inflation,
}


def places(part: Any) -> list[tuple[Any, Any]]:
    """Every place inside a reply, as a container and a key of it."""
    keys = list(part) if isinstance(part, dict) else range(len(part)) if isinstance(part, list) else []
    found = [(part, key) for key in keys]
    for key in keys:
        found += places(part[key])
    return found


def damage(rng: random.Random, result: Any) -> None:
    """Something in it becomes hostile, goes, or comes twice."""
    spots = places(result)
    if not spots:
        return
    whole, key = rng.choice(spots)
    match rng.randrange(5):
        case 0:
            del whole[key]
        case 1 if isinstance(whole, list):
            whole.append(copy.deepcopy(whole[key]))
        case 2 if isinstance(whole, dict):
            whole[rng.choice(["é", "", "pk", "__class__", "1" * 44])] = copy.deepcopy(whole[key])
        case _:
            whole[key] = hostile(rng)


class DamagedEndpoint:
    """Answers well, but for the one method that it damages as its random numbers have it."""

    def __init__(self, method: str, seed: int) -> None:
        self.method = method
        self.rng = random.Random(seed)
        self.damaging = False

    def __call__(self, request: Request) -> Response:
        question = request.get_json()
        document = {"jsonrpc": "2.0", "id": question["id"], "result": self.good(question["method"])}
        if not self.damaging or question["method"] != self.method:
            return reply(document)
        for _ in range(self.rng.choice((1, 1, 1, 2, 5))):
            if self.rng.random() < 0.03:
                document["result"] = hostile(self.rng)
            damage(self.rng, document["result"])
        return reply(body(self.rng, document))

    def good(self, method: str) -> Any:
        if method == "getEpochInfo":
            return replies.epoch_info()
        if method == "getVoteAccounts":
            return {"current": ACCOUNTS, "delinquent": []}
        return copy.deepcopy(replies.SOURCES[method](IDENTITIES))


def stored() -> list[Any]:
    models = (Validator, ValidatorEpoch, ClusterEpoch)
    return [read_rows(model._default_manager.order_by("pk").values_list()) for model in models]


def assert_clean() -> None:
    """What must hold of anything that was ever stored."""
    for model in (Validator, ValidatorEpoch):
        wrong = Q(leader_slots__lt=0) | Q(blocks_produced__lt=0) | Q(blocks_produced__gt=F("leader_slots"))
        assert not model._default_manager.filter(wrong).exists()
    assert not ValidatorEpoch.objects.filter(Q(skip_rate__lt=0) | Q(skip_rate__gt=1)).exists()
    for words in Validator.objects.values_list(
        "name", "website", "icon_url", "details", "keybase", "version"
    ):
        for text in map(str, words):
            assert len(text) <= 1_000
            assert not any(ord(letter) < 32 for letter in text)
    wrong = Q(inflation_validator__lt=0) | Q(inflation_validator__gt=1) | Q(total_supply__lte=0)
    assert not ClusterEpoch.objects.filter(wrong).exists()
    assert set(ClusterEpoch.objects.values_list("epoch", flat=True)) <= set(range(986, 992))
    for state in SourceState.objects.exclude(source="votes"):
        assert state.rejected_count <= 0.05 * 30


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("method", TASKS)
def test_damaged_replies_end_in_a_clean_store_or_a_typed_error(
    httpserver: Any, settings: Any, method: str, part: int
) -> None:
    endpoint = DamagedEndpoint(method, seed=990 + part)
    httpserver.expect_request("/").respond_with_handler(endpoint)
    settings.SOLANA_RPC_URLS = [httpserver.url_for("/")]
    tasks.fetch_validators()
    outcomes = {True: 0, False: 0}

    endpoint.damaging = True
    good = stored()
    times = MUTATIONS // PARTS
    for _ in range(times):
        if TASKS[method] is tasks.fetch_inflation:
            ClusterEpoch.objects.update(total_supply=None, inflation_validator=None)
            good = stored()
        try:
            TASKS[method]()
        except (ValidatorsError, SkipRun):
            outcomes[False] += 1
            assert stored() == good
        else:
            outcomes[True] += 1
            assert_clean()
            good = stored()

    # Both ends of the promise were put to the test.
    assert min(outcomes.values()) > times // 20, outcomes
