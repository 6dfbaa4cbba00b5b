"""What a receiver verifies, by the library that the scheme's authors publish; and where nothing is sent."""

import json
import socket
from typing import Any

import pytest
from pytest_django.fixtures import Settings
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from scheduling.clock import database_now
from staking_project.api import api
from tests.staking_project.openapi.complaints import misfits
from tests.validators.rows import validator
from tests.validators.subscriptions.receiving import Kind, Receiver, happens, subscribed
from validators.models import ValidatorEvent
from validators.services.secrets import BOTH_SIGN_FOR
from validators.services.subscriptions import renew_secret
from validators.subscriptions.addresses import HTTPS_ONLY, NOT_PUBLIC, problem_of
from validators.subscriptions.sending import message_of, post, send_test

pytestmark = pytest.mark.django_db


def test_a_test_is_sent_signed_and_says_what_came_back(receiver: Receiver) -> None:
    made = subscribed(receiver)
    receiver.answers = [204, 418]

    taken, refused = (send_test(made, now=database_now()) for _ in range(2))

    assert (taken.status, taken.error) == (204, "")
    assert (refused.status, refused.error) == (418, "It answered 418.")
    assert [message["type"] for _, message in receiver.messages] == ["test", "test"]


def test_a_message_is_as_the_document_tells_receivers(receiver: Receiver) -> None:
    document = api.get_openapi_schema()
    sent = document["webhooks"]["events"]["post"]
    made, one = subscribed(receiver), validator(1)
    happens(one, Kind.JOINED, Kind.LEFT)
    body, headers = message_of(made, list(ValidatorEvent.objects.order_by("number")), now=database_now())

    assert (
        misfits(document, sent["requestBody"]["content"]["application/json"]["schema"], json.loads(body))
        == []
    )
    assert {one["name"] for one in sent["parameters"]} < set(headers)


def test_after_a_renewal_both_secrets_verify_for_a_day_and_then_the_new_one_alone(receiver: Receiver) -> None:
    made = subscribed(receiver)
    former, now = receiver.secret, database_now()

    renewed = renew_secret(made, now=now)

    assert renewed.secret != former
    send_test(renewed.subscription, now=now)
    receiver.secret = renewed.secret
    send_test(renewed.subscription, now=now)
    assert len(receiver.messages) == 2
    renewed.subscription.former_until = now - BOTH_SIGN_FOR
    send_test(renewed.subscription, now=now)
    receiver.secret = former
    assert send_test(renewed.subscription, now=now).status == 500  # the receiver's verifier refuses


def test_a_secret_is_not_in_the_database(receiver: Receiver) -> None:
    made = subscribed(receiver)
    made.refresh_from_db()

    stored = " ".join(str(value) for value in vars(made).values())

    assert receiver.secret.startswith("whsec_")
    assert receiver.secret.removeprefix("whsec_") not in stored


def test_a_forged_message_is_refused_by_the_verifier() -> None:
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 43 + "=").verify(
            b"{}", {"webhook-id": "x", "webhook-timestamp": "1", "webhook-signature": "v1,x"}
        )


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("https://hooks.example.org/x?key=1", ""),
        ("https://8.8.8.8/x", ""),
        ("http://hooks.example.org/x", HTTPS_ONLY),
        ("http://10.0.0.5/x", HTTPS_ONLY),
        ("ftp://hooks.example.org/", HTTPS_ONLY),
        ("https://", HTTPS_ONLY),
        ("https://hooks.example.org:99999/", "That is no address."),
        ("https://[broken", "That is no address."),
        ("https://ada:hush@hooks.example.org/", "Leave the user and the password out"),
        ("https://hooks.example.org/\r\nHost: x", "An address has neither spaces"),
        ("http://127.0.0.1:8000/", NOT_PUBLIC),
        ("https://localhost/", NOT_PUBLIC),
        ("https://[::1]/", NOT_PUBLIC),
        ("https://[::ffff:169.254.169.254]/", NOT_PUBLIC),
        ("https://169.254.169.254/latest/meta-data", NOT_PUBLIC),
        ("https://192.168.1.1/", NOT_PUBLIC),
    ],
)
def test_what_is_seen_wrong_with_an_address_at_once(url: str, problem: str) -> None:
    assert problem_of(url).startswith(problem)
    assert bool(problem_of(url)) is bool(problem)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "127.1", "0"])
def test_a_receiver_of_this_machine_is_reached_by_none_of_its_names(
    receiver: Receiver, settings: Settings, host: str
) -> None:
    settings.SUBSCRIPTION_NETWORKS = []
    port = receiver.url.split(":")[2].partition("/")[0]

    outcome = post(f"http://{host}:{port}/hook", b"{}", {})

    assert outcome.error == "It could not be reached: its address is not a public one."
    assert receiver.messages == []


def test_a_name_is_judged_by_the_address_that_is_connected_to(
    receiver: Receiver, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is looked up once: one that leads elsewhere the second time gains nothing."""
    settings.SUBSCRIPTION_NETWORKS = ["198.51.100.0/24"]
    port = int(receiver.url.split(":")[2].partition("/")[0])
    answers = ["198.51.100.1", "127.0.0.1", "127.0.0.1"]
    connected: list[Any] = []

    def looked_up(host: str, port: int, **kwargs: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers.pop(0), port))]

    def connect(address: Any, timeout: float) -> socket.socket:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr("scheduling.public_addresses.socket.getaddrinfo", looked_up)
    monkeypatch.setattr("scheduling.outgoing.socket.create_connection", connect)

    outcome = post(f"http://rebinding.example.org:{port}/hook", b"{}", {})

    assert connected == [("198.51.100.1", port)]
    assert outcome.error == "It could not be reached: ConnectionError."
    assert post(f"http://rebinding.example.org:{port}/hook", b"{}", {}).error.endswith("not a public one.")
    assert len(connected) == 1
