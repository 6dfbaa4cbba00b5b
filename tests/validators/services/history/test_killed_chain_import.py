"""An import from the chain that is killed with kill -9 in the middle loses nothing, and goes on there."""

import json
import threading
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from tests.installation import PATIENCE, Installation, wait_until
from tests.validators import replies
from tests.validators.chain_histories import HistoriesEndpoint, usual

pytestmark = [pytest.mark.django_db, pytest.mark.database, pytest.mark.processes]


class PatientEndpoint(HistoriesEndpoint):
    """Keeps who asks for the second page of histories waiting."""

    def __init__(self, server: HTTPServer) -> None:
        super().__init__(server)
        self.pages = 0
        self.go_on = threading.Event()

    def _result(self, method: str) -> Any:
        if method == "getMultipleAccounts":
            self.pages += 1
            if self.pages == 2:
                self.go_on.wait(PATIENCE)
        return super()._result(method)


def test_an_import_that_is_killed_goes_on_behind_its_last_page(
    stack: Installation, httpserver: HTTPServer
) -> None:
    node = PatientEndpoint(httpserver)
    node.current = replies.accounts(60)
    for account in node.current:
        node.has(account["votePubkey"], *(usual(replies.EPOCH - age) for age in range(3, -1, -1)))
    url: Any = {"SOLANA_RPC_URL": node.url, "FETCH_DEADLINE_SECONDS": "60"}
    stack.manage("fetch", "votes", **url)
    killed = stack.start("import_history", "--from", "chain", **url)
    wait_until(lambda: node.pages == 2)
    killed.kill()
    killed.wait()
    node.go_on.set()
    # Of the fetch there are the running epoch and five before.
    told = "SELECT count(*) FROM validators_validatorepoch WHERE activated_stake = 5000000000000"
    assert stack.rows(told) == [(50 * 3,)]

    result = json.loads(stack.manage("import_history", "--from", "chain", "--json", **url).stdout)

    assert (result["read_before"], result["accounts"], result["requests"]) == (50, 10, 1)
    assert stack.rows(told) == [(60 * 3,)]
    total = "SELECT total_stake FROM validators_clusterepoch WHERE epoch = %s"
    assert stack.rows(total % (replies.EPOCH - 2)) == [(60 * 5_000_000_000_000,)]
