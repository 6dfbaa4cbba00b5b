"""Events, tokens, subscriptions, and a receiver that judges each delivery by a library of others."""

import json
from datetime import datetime
from typing import Any

from django.db import transaction
from pytest_httpserver import HTTPServer
from standardwebhooks.webhooks import Webhook
from werkzeug import Request, Response

from scheduling.clock import database_now
from scheduling.models.tokens import ApiToken, issue_token
from tests.validators.rows import NOON
from validators.models import Subscription, Validator, ValidatorEvent
from validators.services.events import News, record_events
from validators.services.subscriptions import subscribe

Kind = ValidatorEvent.Kind


class Receiver:
    """Verifies, remembers, and answers what it is told to; the last answer stays."""

    def __init__(self, server: HTTPServer, path: str = "/hook") -> None:
        self.url = server.url_for(path)
        self.secret = ""
        self.answers = [200]
        self.messages: list[tuple[str, Any]] = []
        server.expect_request(path, method="POST").respond_with_handler(self._receive)

    def _receive(self, request: Request) -> Response:
        verified = Webhook(self.secret).verify(request.data, dict(request.headers))
        assert verified == json.loads(request.data)
        self.messages.append((request.headers["webhook-id"], verified))
        status = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return Response(status=status, headers={"Location": "/hook"} if status == 302 else {})

    @property
    def numbers(self) -> list[list[int]]:
        """Of the events of each message."""
        return [[event["id"] for event in message["data"]["events"]] for _, message in self.messages]


def token(name: str = "bot", *scopes: str, **fields: Any) -> tuple[ApiToken, str]:
    """With the scope subscribe, unless others are named."""
    granted = {f"may_{scope}": True for scope in scopes or ("subscribe",)}
    made = issue_token(ApiToken(name=name, **granted, **fields), by="admin", now=NOON)
    return made.row, made.text


def subscribed(receiver: Receiver, *, by: ApiToken | None = None, **wanted: Any) -> Subscription:
    made = subscribe(
        by or token()[0],
        url=receiver.url,
        validators=wanted.get("validators", []),
        kinds=wanted.get("kinds", []),
        now=database_now(),
    )
    receiver.secret = made.secret
    return made.subscription


def happens(validator: Validator, *kinds: Kind, at: datetime = NOON) -> None:
    """One event of each of these kinds, behind all that there are."""
    facts: dict[Kind, dict[str, Any]] = {Kind.JOINED: {"returned": False}}
    with transaction.atomic():
        news = [News(kind, validator.pk, facts.get(kind, {})) for kind in kinds]
        record_events(news, epoch=990, at=at)
