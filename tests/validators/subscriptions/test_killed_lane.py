"""A `qcluster` delivers events by itself, and goes on when the process that does is killed in the middle."""

import json
import os
import signal

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.installation import Installation, children, wait_until

pytestmark = pytest.mark.processes

# Somebody subscribes, and then a validator leaves.
STORY = """
from scheduling.clock import database_now
from tests.validators.rows import validator
from tests.validators.subscriptions.receiving import Kind, happens, token
from validators.services.subscriptions import subscribe
made = subscribe(token()[0], url="{url}", validators=[], kinds=[], now=database_now())
happens(validator(1), Kind.LEFT)
"""


def test_who_kills_the_lane_in_the_middle_gets_the_same_message_again(
    stack: Installation, httpserver: HTTPServer
) -> None:
    seen: list[tuple[str, int]] = []

    def receive(request: Request) -> Response:
        [event] = json.loads(request.data)["data"]["events"]
        seen.append((request.headers["webhook-id"], event["id"]))
        if len(seen) == 1:
            # Of the children of `qcluster` the pool's sentinel was started first.
            _, lane = children(stack.processes[0].pid)
            os.kill(lane, signal.SIGKILL)
        return Response(status=204)

    httpserver.expect_request("/hook").respond_with_handler(receive)
    stack.environment["SUBSCRIPTION_NETWORKS"] = "127.0.0.0/8,::1/128"
    stack.manage("shell", "-v0", "-c", STORY.format(url=httpserver.url_for("/hook")))

    stack.start("qcluster")
    wait_until(lambda: seen, saying="a delivery")
    # As if the minute after which whoever holds it counts as dead were over.
    stack.rows("UPDATE validators_subscription SET held_until = '2020-01-01 00:00:00'")

    wait_until(lambda: len(seen) > 1, saying="the same delivery again")
    assert seen == [("msg_1_1_1", 1)] * 2
    wait_until(
        lambda: stack.rows('SELECT "cursor", claim FROM validators_subscription') == [(1, "")],
        saying="the cursor's move",
    )
