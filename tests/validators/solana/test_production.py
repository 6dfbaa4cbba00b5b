"""Blocks by leader: one that led more slots than there were is left out, and many are not believed."""

import time

import pytest
from pytest_httpserver import HTTPServer

from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint
from validators.exceptions import MalformedReplyError
from validators.solana.production import Production, ask_production
from validators.solana.records import Rejected
from validators.solana.rpc import Endpoint

LEADERS = [replies.key(f"node {number}") for number in range(20)]
COUNTED = replies.SLOTS // 2 + 1


@pytest.fixture
def node(httpserver: HTTPServer) -> CannedEndpoint:
    return CannedEndpoint(httpserver)


def told(node: CannedEndpoint, *absurd: str) -> Production:
    sent = replies.block_production(LEADERS)
    sent["value"]["byIdentity"] |= {key: [COUNTED + 1, 5] for key in absurd}
    node.results["getBlockProduction"] = sent
    with Endpoint(node.url, deadline=time.monotonic() + 5) as endpoint:
        return ask_production(endpoint)


def test_one_with_more_slots_than_there_were_takes_no_other_down(node: CannedEndpoint) -> None:
    leaders = told(node, LEADERS[3]).leaders

    assert leaders.rejected == (Rejected(LEADERS[3], f"{COUNTED + 1} leader slots in {COUNTED} slots"),)
    assert [one.identity for one in leaders.good] == [one for one in LEADERS if one != LEADERS[3]]


def test_a_reply_with_many_of_them_is_refused(node: CannedEndpoint) -> None:
    with pytest.raises(MalformedReplyError, match="2 of 20 records are invalid"):
        told(node, *LEADERS[:2])
