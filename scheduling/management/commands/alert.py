import json
from argparse import ArgumentParser
from functools import partial
from typing import Any

from django.core.management.base import CommandError

from scheduling.clock import database_now
from scheduling.engine.time_limits import time_limit
from scheduling.ledger.presentation import clock_time, iso
from scheduling.management.command import WRONG_USAGE, OperatorCommand
from scheduling.management.tables import table
from scheduling.monitoring.alert_delivery import (
    DELIVERY_DEADLINE,
    EMAIL,
    WEBHOOK,
    News,
    channels,
    send_chat,
    send_email,
    send_webhook,
)
from scheduling.monitoring.alerts import open_alerts
from scheduling.monitoring.database_state import require_tables

NOBODY = "Nobody is to be told: set ALERT_EMAILS, ALERT_URLS or ALERT_WEBHOOK_URL."


class Command(OperatorCommand):
    help = "Shows the open alerts, or tells everybody who is to be told that this is a test."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "action", choices=("list", "test"), help="show the open alerts, or tell of a test"
        )
        parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        if action == "test":
            self._test(**options)
        else:
            self._list(**options)

    def _list(self, **options: Any) -> None:
        # Without them nobody looks for what is wrong.
        require_tables()
        alerts = open_alerts()
        if options["json"]:
            document = [
                {
                    "rule": alert.rule,
                    "subject": alert.subject,
                    "message": alert.message,
                    "opened_at": iso(alert.opened_at),
                    "told_at": iso(alert.told_at),
                }
                for alert in alerts
            ]
            self.stdout.write(json.dumps(document, indent=2))
            return
        cells = [(alert.rule, alert.subject, clock_time(alert.opened_at), alert.message) for alert in alerts]
        text = table(("rule", "subject", "opened (UTC)", "message"), cells) if cells else "No alert is open."
        self.stdout.write(text)

    def _test(self, **options: Any) -> None:
        """Right here and not through the queue, so that what goes wrong is seen."""
        now = database_now()
        news = [
            News(
                event="test",
                rule="test",
                subject="nothing",
                message="This is a test; nothing is wrong.",
                opened_at=now,
            ).document()
        ]
        if not channels():
            raise CommandError(NOBODY, returncode=WRONG_USAGE)
        told, failed = [], []
        for channel in channels():
            ways = {EMAIL: send_email, WEBHOOK: send_webhook}
            send = ways.get(channel, partial(send_chat, channel=channel))
            try:
                with time_limit(DELIVERY_DEADLINE):
                    send(news)
                told.append(channel)
            except Exception as exc:
                failed.append(f"{channel}: {type(exc).__name__}: {exc}")
        self.stdout.write(
            json.dumps({"told": told, "failed": failed})
            if options["json"]
            else f"told: {', '.join(told) or 'nobody'}"
        )
        if failed:
            raise CommandError("; ".join(failed))
