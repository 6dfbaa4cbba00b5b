"""What is told of changes: each once, in the order of its storing, and nothing that is no change."""

import threading
from typing import Any

import pytest
from django.db import connection, transaction

from staking_project.environment import BOUNDS
from tests.validators import replies
from tests.validators.account_endpoints import AccountsEndpoint
from tests.validators.endpoints import CannedEndpoint
from tests.validators.replies import EPOCH, FULL_EPOCH, epoch_credits
from tests.validators.rows import NOON, SOL, validator
from tests.validators.services.vote_accounts import holds
from validators import tasks
from validators.exceptions import ValidatorsError
from validators.models import EventTally, Origin, ToldRanks, Validator, ValidatorEpoch, ValidatorEvent
from validators.reading.events import events_after, newest_number
from validators.services.bad_epochs import EPOCHS_TOLD
from validators.services.events import Kind, News, record_events
from validators.services.scores.rank_moves import tell_rank_moves

pytestmark = [pytest.mark.django_db, pytest.mark.database]

# The first is small, so that the superminority is of others whatever becomes of it.
ACCOUNTS = [replies.account(number, activatedStake=(number + 5) * SOL) for number in range(25)]
FIRST = ACCOUNTS[0]["votePubkey"]


def told(since: int = 0) -> list[tuple[str, str, dict[str, Any]]]:
    found = events_after(since, limit=1_000)
    return [(event.kind, event.validator.vote_account, event.facts) for event in found]


def fetch(endpoint: CannedEndpoint, *accounts: Any, epoch: int = EPOCH, delinquent: Any = ()) -> Any:
    """A fetch that shows these accounts; returns what it told."""
    before = newest_number()
    endpoint.epoch_infos = [replies.epoch_info(epoch)]
    endpoint.current, endpoint.delinquent = list(accounts), list(delinquent)
    tasks.fetch_validators()
    return told(before)


def test_the_first_look_of_all_and_one_that_shows_the_same_tell_nothing(endpoint: CannedEndpoint) -> None:
    assert fetch(endpoint, *ACCOUNTS) == []
    assert fetch(endpoint, *ACCOUNTS) == []
    assert not EventTally.objects.exists()


def test_who_leaves_joins_and_comes_back_is_told(endpoint: CannedEndpoint) -> None:
    new = replies.account("new", activatedStake=SOL)
    fetch(endpoint, *ACCOUNTS)

    assert fetch(endpoint, *ACCOUNTS[1:], new) == [
        ("joined", new["votePubkey"], {"returned": False}),
        ("left", FIRST, {}),
    ]
    assert fetch(endpoint, *ACCOUNTS, new) == [("joined", FIRST, {"returned": True})]


def test_one_known_from_history_only_joins(endpoint: CannedEndpoint) -> None:
    fetch(endpoint, *ACCOUNTS[1:])
    fields = {"commission_bps": None, "left_at": NOON}
    validator(7, vote_account=FIRST, identity=ACCOUNTS[0]["nodePubkey"], **fields)

    assert fetch(endpoint, *ACCOUNTS) == [("joined", FIRST, {"returned": False})]


def test_delinquency_begins_and_ends(endpoint: CannedEndpoint) -> None:
    fetch(endpoint, *ACCOUNTS)
    ill: dict[str, Any] = {"delinquent": ACCOUNTS[:1]}
    assert fetch(endpoint, *ACCOUNTS[1:], **ill) == [("delinquency_began", FIRST, {})]
    assert fetch(endpoint, *ACCOUNTS[1:], **ill) == []
    ended = {"fetches": 2, "left": False}
    assert fetch(endpoint, *ACCOUNTS) == [("delinquency_ended", FIRST, ended)]

    fetch(endpoint, *ACCOUNTS[1:], **ill)
    gone = fetch(endpoint, *ACCOUNTS[1:])
    assert gone == [("left", FIRST, {}), ("delinquency_ended", FIRST, {"fetches": 1, "left": True})]


def test_a_commission_seen_once_is_told_as_that_and_its_confirmation_is_told(
    endpoint: CannedEndpoint,
) -> None:
    def shown(bps: int) -> list[Any]:
        account = ACCOUNTS[0] | {"inflationRewardsCommissionBps": bps}
        return [(kind, facts) for kind, _, facts in fetch(endpoint, account, *ACCOUNTS[1:])]

    for _ in range(2):
        shown(500)

    assert shown(1_000) == [("commission", {"from": 500, "to": 1_000, "confirmed": False})]
    assert shown(1_000) == [("commission_confirmed", {"from": 500, "to": 1_000})]
    assert shown(1_000) == []
    assert shown(10_000) == [("commission", {"from": 1_000, "to": 10_000, "confirmed": False})]
    assert shown(1_000) == [("commission", {"from": 10_000, "to": 1_000, "confirmed": True})]
    assert shown(1_000) == []


def test_the_raw_account_confirms_a_commission_too(node: AccountsEndpoint) -> None:
    usual = replies.accounts(3)
    for _ in range(2):
        fetch(node, *usual)
    fetch(node, usual[0] | {"inflationRewardsCommissionBps": 800}, *usual[1:])
    before = newest_number()
    holds(node, 0, bps=800)

    tasks.fetch_vote_states()

    assert [(kind, facts["to"]) for kind, _, facts in told(before)] == [("commission_confirmed", 800)]


def test_another_node_and_another_superminority_are_told(endpoint: CannedEndpoint) -> None:
    small = [account | {"activatedStake": SOL} for account in ACCOUNTS]
    first, second = ({"activatedStake": stake * SOL} for stake in (90, 80))
    fetch(endpoint, small[0] | first, *small[1:])
    other = replies.key("another node")

    assert fetch(endpoint, small[0] | first | {"nodePubkey": other}, *small[1:]) == [
        ("identity", FIRST, {"from": ACCOUNTS[0]["nodePubkey"], "to": other})
    ]
    moved = fetch(endpoint, small[0] | {"nodePubkey": other}, small[1] | second, *small[2:], epoch=EPOCH + 1)
    assert moved == [
        ("superminority_entered", ACCOUNTS[1]["votePubkey"], {}),
        ("superminority_left", FIRST, {}),
    ]


def test_a_record_that_cannot_be_read_moves_nobody_in_the_superminority(endpoint: CannedEndpoint) -> None:
    fetch(endpoint, *ACCOUNTS)

    assert fetch(endpoint, *ACCOUNTS[:-1], ACCOUNTS[-1] | {"activatedStake": "?"}) == []
    assert fetch(endpoint, *ACCOUNTS) == []


def test_a_bad_epoch_is_not_forgotten_while_it_may_still_be_told() -> None:
    days_of_an_epoch = replies.SLOTS * 0.4 / 86_400
    assert BOUNDS["EVENTS_KEPT_DAYS"].least > (EPOCHS_TOLD + 1) * days_of_an_epoch


def test_a_refused_look_tells_nothing(endpoint: CannedEndpoint) -> None:
    fetch(endpoint, *ACCOUNTS)
    with pytest.raises(ValidatorsError):
        fetch(endpoint, *ACCOUNTS[:5])
    assert told() == []


def test_a_bad_epoch_is_told_once_when_it_is_over(endpoint: CannedEndpoint) -> None:
    def earning(*first: int, epoch: int) -> list[dict[str, Any]]:
        good = epoch_credits(*[FULL_EPOCH] * 3, 5, last=epoch)
        return [ACCOUNTS[0] | {"epochCredits": epoch_credits(*first, 5, last=epoch)}] + [
            account | {"epochCredits": good} for account in ACCOUNTS[1:]
        ]

    # What an account remembers of epochs that no fetch saw is no news, nor are looks that a file tells of.
    fetch(endpoint, *earning(FULL_EPOCH // 2, FULL_EPOCH, FULL_EPOCH, epoch=EPOCH))
    before = ValidatorEpoch.objects.filter(validator__vote_account=FIRST, epoch=EPOCH - 1)
    assert before.update(source=Origin.IMPORTED, fetches=6, credits_final=True, vote_performance=0.5) == 1
    after = earning(FULL_EPOCH, FULL_EPOCH, FULL_EPOCH // 2, epoch=EPOCH + 1)
    [(kind, account, facts)] = fetch(endpoint, *after, epoch=EPOCH + 1)

    assert (kind, account, facts["epoch"]) == ("bad_epoch", FIRST, EPOCH)
    assert 0.4 < facts["vote_performance"] < 0.6
    assert fetch(endpoint, *after, epoch=EPOCH + 1) == []
    tasks.fetch_production()
    assert len(told()) == 1


def test_a_version_is_told_when_it_is_another_one(endpoint: CannedEndpoint) -> None:
    identity = ACCOUNTS[0]["nodePubkey"]
    others = [replies.node(account["nodePubkey"]) for account in ACCOUNTS[1:]]

    def run(version: str | None, epoch: int = EPOCH) -> list[Any]:
        tuples = {"epochCredits": epoch_credits(*[FULL_EPOCH] * 4, 5, last=epoch)}
        fetch(endpoint, *(account | tuples for account in ACCOUNTS), epoch=epoch)
        before = newest_number()
        endpoint.results["getClusterNodes"] = [replies.node(identity, version), *others]
        tasks.fetch_nodes()
        return [(account, facts["from"], facts["to"]) for _, account, facts in told(before)]

    assert run("4.2.1") == []
    assert run("4.2.1") == []
    assert run("4.2.2") == [(FIRST, "4.2.1", "4.2.2")]
    # It says nothing for so long that its version is unknown, and then what it said before.
    assert [run(None, EPOCH + later) for later in range(4)] == [[]] * 4
    assert run("4.2.2", EPOCH + 4) == []
    assert run(None, EPOCH + 6) == run(None, EPOCH + 8) == []
    assert run("4.3.0", EPOCH + 8) == [(FIRST, "4.2.2", "4.3.0")]


def ranked(*ranks: int, version: str = "1") -> list[tuple[int, int, int]]:
    """A run that gives the validators these ranks; returns who is told to have moved from where to where."""
    before = newest_number()
    keys = list(Validator.objects.order_by("pk").values_list("pk", flat=True))
    tell_rank_moves("m", version, dict(zip(keys, ranks, strict=False)), epoch=EPOCH, at=NOON)
    found = events_after(before, limit=100)
    return [(keys.index(one.validator_id), one.facts["from"], one.facts["to"]) for one in found]


def test_a_rank_is_told_when_it_moved_far_also_in_small_steps() -> None:
    for number in range(3):
        validator(number)

    assert ranked(1, 50, 100) == []
    assert ranked(20, 50, 85) == []
    assert ranked(21, 50, 85) == [(0, 1, 21)]
    assert ranked(2, 50, 80) == [(2, 100, 80)]
    assert ranked(1, 50, 90) == [(0, 21, 1)]
    # Another version orders everybody anew, and who was not ranked before has moved nowhere.
    assert ranked(100, 1, version="2") == []
    assert ranked(90, 1, 200, version="2") == []
    assert ranked(70, 1, 200, version="2") == [(0, 100, 70)]
    assert ToldRanks.objects.count() == 1


def test_in_a_long_list_a_rank_moves_by_a_tenth_of_it() -> None:
    keys = [validator(number).pk for number in range(2)]
    crowd = {-place: place for place in range(1, 301)}
    for first, second in ((1, 100), (30, 131)):
        ranks = crowd | dict(zip(keys, (first, second), strict=True))
        tell_rank_moves("m", "1", ranks, epoch=EPOCH, at=NOON)

    assert [facts["to"] for _, _, facts in told()] == [131]


def test_a_scoring_tells_by_its_headline_method_alone(endpoint: CannedEndpoint, settings: Any) -> None:
    settings.SCORE_METHODS = ["baseline-v1", "trust-v2"]
    fetch(endpoint, *ACCOUNTS)
    tasks.score_validators()

    row = ToldRanks.objects.get()
    assert (row.method, len(row.ranks)) == ("baseline-v1", 25)


@pytest.mark.django_db(transaction=True)
def test_nobody_sees_a_number_before_all_smaller_ones() -> None:
    """Two transactions that overlap: the second gets its numbers when the first has ended."""
    key = validator(1).pk
    wrote, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def first() -> None:
        with transaction.atomic():
            record_events([News(Kind.LEFT, key)] * 2, epoch=EPOCH, at=NOON)
            wrote.set()
            may_end.wait(10)
        connection.close()

    def second() -> None:
        with transaction.atomic():
            record_events([News(Kind.JOINED, key, {"returned": True})], epoch=EPOCH, at=NOON)
        connection.close()
        ended.set()

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    threads[0].start()
    assert wrote.wait(10)
    threads[1].start()
    assert not ended.wait(0.1)
    assert (events_after(0, limit=10), newest_number()) == ([], 0)
    may_end.set()
    for thread in threads:
        thread.join(20)

    assert [(one.number, one.kind) for one in events_after(0, limit=10)] == [
        (1, "left"),
        (2, "left"),
        (3, "joined"),
    ]


def test_what_is_rolled_back_takes_no_number() -> None:
    key = validator(1).pk
    with transaction.atomic():
        record_events([News(Kind.LEFT, key)], epoch=EPOCH, at=NOON)
        transaction.set_rollback(True)
    record_events([News(Kind.LEFT, key)], epoch=EPOCH, at=NOON)
    assert [one.number for one in ValidatorEvent.objects.all()] == [1]
