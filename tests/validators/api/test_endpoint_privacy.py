"""No stranger reads at whose house endpoints are asked, which keys open them, or what they said."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings
from werkzeug import Response

from scheduling.engine.wording import explained, told
from scheduling.exceptions import SkipRun
from scheduling.models import RunState
from scheduling.models.tokens import ApiToken, issue_token
from tests.scheduling.api.jobs import job
from tests.scheduling.factories import NOON, RunFactory
from tests.staking_project.addresses import addresses
from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint, reply, rpc_error
from validators import tasks
from validators.exceptions import ValidatorsError
from validators.models import EndpointState
from validators.monitoring.endpoints import endpoints_panel

pytestmark = pytest.mark.django_db

HOST, KEY = "tellinghost.invalid", "TELLINGKEY"
TELLING = f"https://user:{KEY}@{HOST}:8443/{KEY}?key={KEY}"
SAID = f"key {KEY} of {HOST} is over its plan"


@pytest.fixture(autouse=True)
def troubles(endpoint: CannedEndpoint, settings: Settings) -> None:
    """Everything that is stored of endpoints: failures, doubts, refusals, and what they said."""
    tasks.fetch_validators()
    settings.SOLANA_RPC_URLS = [TELLING, endpoint.url]
    shape = {"jsonrpc": "2.0", "id": 1, "result": replies.epoch_info() | {"epoch": SAID, SAID: SAID}}
    errors = []
    for fault in (
        rpc_error(-32603, SAID),
        Response("", status=f"403 {SAID}"),
        reply("", 302, Location=f"https://{HOST}/{KEY}"),
        reply(shape),
    ):
        endpoint.faults = [fault] * 3
        with pytest.raises(ValidatorsError) as raised:
            tasks.fetch_validators()
        errors.append(explained(raised.value))
    settings.SOLANA_RPC_URLS = [endpoint.url]
    endpoint.faults = [rpc_error(-32601, SAID)]
    with pytest.raises(SkipRun) as skipped:
        tasks.fetch_nodes()
    settings.SOLANA_RPC_URLS = [TELLING, endpoint.url]
    last_error = errors[0].partition("\n")[0]
    EndpointState.objects.update(doubt="shape", failures=1, last_error=last_error)
    fetch = job()
    for minute, error in enumerate([*errors, told(skipped.value)]):
        failed = [{"attempt": 1, "ended_at": "2026-11-23T12:00:00Z", "worker": "w", "error": error}]
        ended = {"state": RunState.FAILED, "error": error, "failed_attempts": failed}
        RunFactory(job=fetch, occurrence=NOON.replace(minute=minute), **ended)


def test_what_is_told_of_endpoints_is_their_name_or_number(client: Client, endpoint: CannedEndpoint) -> None:
    told_to_strangers = {}
    token = issue_token(ApiToken(name="robot", may_trigger=True), by="ada", now=timezone.now()).text
    asked = [*addresses(), "/api/v1/runs?format=csv", "/api/v1/runs?limit=1000", "/api/v1/schedules/fetch"]
    for headers, user in (({}, ""), ({"Authorization": f"Bearer {token}"}, ""), ({}, "eve")):
        if user:
            client.force_login(User.objects.create_user(user, is_staff=True))
        for address in asked:
            response = client.get(address, headers=headers)
            text = b"".join(response).decode(errors="replace") + str(response.headers)
            told_to_strangers[address] = text
            host = endpoint.url.split("/")[2]
            assert [word for word in (HOST, KEY, SAID, "over its plan", host) if word in text] == [], address

    assert 'endpoint="endpoint 1"' in told_to_strangers["/metrics"]
    assert "None of 2 endpoints answered: endpoint 1 getEpochInfo: " in told_to_strangers["/api/v1/runs"]
    assert "endpoint 2 getEpochInfo: error -32603: …" in told_to_strangers["/api/v1/runs"]
    assert "endpoint 2 gives answers that cannot be true" in told_to_strangers["/readyz"]


def test_staff_see_which_host_has_which_number() -> None:
    panel = endpoints_panel()

    assert panel is not None
    names = {row[0].partition(": ")[0]: row[0] for row in panel.rows}
    assert HOST in names["endpoint 1"]
    assert KEY not in names["endpoint 1"]
