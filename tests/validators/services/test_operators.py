"""Who runs whom: told before the transaction that stores it, and again where somebody wrote meanwhile."""

from collections.abc import Callable
from itertools import count
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection

from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint
from validators import tasks
from validators.models import SourceState, Validator
from validators.models.marks import Writer, mark_picture
from validators.services import nodes
from validators.services.operators import compared_operators, evidence_marks, mark_operators
from validators.solana.operators import operators

pytestmark = [pytest.mark.django_db, pytest.mark.database]

# Outside of transactions, of a look.
FEWEST_QUESTIONS = 8


@pytest.fixture
def cluster(endpoint: CannedEndpoint) -> CannedEndpoint:
    """Three validators with a node each, at an address of its own, and all that is asked of them."""
    endpoint.current[:] = replies.accounts(3)
    identities = [account["nodePubkey"] for account in endpoint.current]
    endpoint.results["getProgramAccounts"] = [
        replies.profile(identity, name=name)
        for identity, name in zip(identities, ("Alpha", "Beta", "Gamma"), strict=True)
    ]
    endpoint.results["getClusterNodes"] = [
        replies.node(identity, gossip=f"192.0.{number}.1:8001") for number, identity in enumerate(identities)
    ]
    tasks.fetch_validators()
    tasks.fetch_names()
    tasks.fetch_nodes()
    return endpoint


def evidence() -> list[list[str]]:
    """What each has in common with others."""
    rows = Validator.objects.order_by("pk").values_list("operator_evidence", flat=True)
    return [[one["common"] for one in row] for row in rows]


def rename_second(name: str) -> None:
    Validator.objects.filter(pk=Validator.objects.order_by("pk")[1].pk).update(name=name)


def test_a_look_that_changes_no_evidence_reads_it_and_reckons_nothing(cluster: CannedEndpoint) -> None:
    tasks.fetch_names()
    with patch("validators.services.operators.operators", side_effect=AssertionError):
        tasks.fetch_names()
        tasks.fetch_nodes()

    assert evidence() == [[], [], []]


def test_it_is_reckoned_before_the_transaction_by_what_it_will_store(cluster: CannedEndpoint) -> None:
    cluster.results["getClusterNodes"][1]["gossip"] = "192.0.0.1:8001"
    cluster.results["getProgramAccounts"][1] = replies.profile(
        cluster.current[1]["nodePubkey"], name="Alpha 2"
    )
    within: list[int] = []

    def watched(everybody: Any) -> Any:
        within.append(len(connection.savepoint_ids))
        return operators(everybody)

    outside = len(connection.savepoint_ids)
    with patch("validators.services.operators.operators", watched):
        tasks.fetch_nodes()
        assert evidence() == [["address"], ["address"], []]
        tasks.fetch_names()

    assert within == [outside] * 2
    assert evidence() == [["name_and_address", "address", "name"]] * 2 + [[]]


def test_what_somebody_stored_meanwhile_is_told_by_again(cluster: CannedEndpoint) -> None:
    told = compared_operators(evidence_marks())
    rename_second("Alpha")
    mark_picture(SourceState.Source.NAMES)

    mark_operators(told)

    assert evidence() == [["name"], ["name"], []]


def test_nodes_are_compared_again_with_what_somebody_stored_meanwhile(cluster: CannedEndpoint) -> None:
    original = nodes._store

    def late(*args: Any) -> Any:
        Validator.objects.update(version="9.9.9")
        rename_second("Alpha")
        mark_picture(Writer.IMPORTS)
        return original(*args)

    with patch.object(nodes, "_store", late):
        result = tasks.fetch_nodes()

    assert result["changed"] == 3
    assert set(Validator.objects.values_list("version", flat=True)) == {"4.2.1"}
    assert evidence() == [["name"], ["name"], []]


def test_what_somebody_changed_by_hand_is_put_right_at_the_next_look(cluster: CannedEndpoint) -> None:
    tasks.fetch_names()
    Validator.objects.update(operator_evidence=[{"common": "x"}])

    tasks.fetch_names()

    assert evidence() == [[], [], []]


@pytest.mark.parametrize(
    ("writer", "is_current"),
    [
        (Writer.SCORES, True),
        (SourceState.Source.MEV, True),
        (SourceState.Source.VOTES, False),
        (SourceState.Source.NODES, False),
        (SourceState.Source.NAMES, False),
        (SourceState.Source.VOTE_STATES, False),
        (Writer.IMPORTS, False),
        ("whoever comes", False),
    ],
)
def test_only_who_writes_evidence_makes_it_doubtful(
    cluster: CannedEndpoint, writer: str, is_current: bool
) -> None:
    told = compared_operators(evidence_marks())

    mark_picture(writer)

    assert told.is_current is is_current


class Interrupting:
    """Before one of the questions to the database somebody else writes, where a process of its own could."""

    def __init__(self, before: int, write: Callable[[], None]) -> None:
        self.left, self.write, self.outside = before, write, len(connection.savepoint_ids)

    def __call__(self, execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if len(connection.savepoint_ids) == self.outside and not sql.startswith("RELEASE"):
            self.left -= 1
            if self.left == 0:
                self.write()
        return execute(sql, *rest)


def swap_identities() -> None:
    """Of the second and the third, as a fetch of votes would that came in between."""
    _, second, third = Validator.objects.order_by("pk")
    Validator.objects.filter(pk=second.pk).update(identity=third.identity)
    Validator.objects.filter(pk=third.pk).update(identity=second.identity)
    mark_picture(SourceState.Source.VOTES)


@pytest.mark.parametrize(("look", "told"), [(tasks.fetch_names, "name"), (tasks.fetch_nodes, "address")])
def test_whoever_writes_before_any_question_of_a_look_is_told_by(
    cluster: CannedEndpoint, look: Callable[[], Any], told: str
) -> None:
    second = cluster.current[1]["nodePubkey"]
    cluster.results["getProgramAccounts"][1] = replies.profile(second, name="Alpha")
    cluster.results["getClusterNodes"][1] = replies.node(second, gossip="192.0.0.1:8001")
    look()
    of_identities = dict(Validator.objects.values_list("identity", told))
    assert evidence() == [[told], [told], []]

    for question in count(1):
        interrupting = Interrupting(question, swap_identities)
        with connection.execute_wrapper(interrupting):
            look()
        if interrupting.left > 0:
            break
        assert dict(Validator.objects.values_list("identity", told)) == of_identities
        assert evidence() in ([[told], [told], []], [[told], [], [told]]), f"before question {question}"
        assert not compared_operators(evidence_marks()).changed, f"before question {question}"

    assert question > FEWEST_QUESTIONS
