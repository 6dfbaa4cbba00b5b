"""What is said while nothing was fetched yet: what is wrong, and no promise that nobody keeps."""

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from tests.commands import printed
from tests.scheduling.factories import JobFactory
from tests.validators.endpoints import CannedEndpoint, reply
from tests.validators.looking import page, words
from validators import tasks
from validators.assistants import answers
from validators.exceptions import EndpointError
from validators.monitoring import alerts, readiness

pytestmark = [pytest.mark.django_db, pytest.mark.database]

FAILED = "The last attempt failed: endpoint 1 getEpochInfo: HTTP 403 FORBIDDEN."
WHOLE = f"Nothing has been fetched yet. {FAILED} SOLANA_RPC_URL says whom to ask."
PAGES = ("/", "/selection/", "/events/", "/cluster/", "/scores/compare/?other=baseline-v1")


@pytest.fixture
def refused(endpoint: CannedEndpoint) -> CannedEndpoint:
    endpoint.faults = [reply("no", 403)] * 9
    with pytest.raises(EndpointError, match="HTTP 403"):
        tasks.fetch_validators()
    return endpoint


@pytest.mark.parametrize(
    "address", ["/", "/selection/", "/events/", "/cluster/", "/scores/compare/?other=baseline-v1"]
)
@pytest.mark.usefixtures("refused")
def test_pages_say_what_the_endpoints_said_and_promise_nothing(client: Client, address: str) -> None:
    said = words(page(client, address))

    assert FAILED in said
    assert "SOLANA_RPC_URL" in said
    assert "within seconds" not in said


@pytest.mark.usefixtures("refused")
def test_readiness_commands_and_assistants_say_it_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert readiness.neglected_data(now=timezone.now()) == WHOLE
    assert WHOLE in printed("health")
    assert answers._seen({"as_of": None}) == WHOLE
    call_command("show_validators")
    assert WHOLE in capsys.readouterr().err
    with pytest.raises(CommandError, match=WHOLE):
        call_command("select_validators")


@pytest.mark.usefixtures("refused")
def test_it_is_no_alert_of_stale_data() -> None:
    assert alerts.stale_data(now=timezone.now()) == []


def test_the_first_success_takes_its_words_back(refused: CannedEndpoint, client: Client) -> None:
    refused.faults = []
    tasks.fetch_validators()

    assert readiness.stale_data(now=timezone.now()) == ""
    assert "The last attempt failed" not in page(client)


def test_a_paused_fetch_is_named() -> None:
    JobFactory(schedule__name="fetch-repeatable", paused_at=timezone.now())

    assert readiness.stale_data(now=timezone.now()) == "Nothing has been fetched yet. Fetching is paused."
