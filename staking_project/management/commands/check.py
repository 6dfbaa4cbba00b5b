"""Django's own, which answers a mistyped `check deploy` by a traceback."""

from typing import Any

from django.apps import apps
from django.core.management.base import CommandError
from django.core.management.commands import check

from scheduling.management.command import WRONG_USAGE


class Command(check.Command):
    def handle(self, *app_labels: Any, **options: Any) -> None:
        for label in app_labels:
            if label not in apps.app_configs:
                raise CommandError(
                    f"There is no app {label!r}; options have two dashes before them.", returncode=WRONG_USAGE
                )
        super().handle(*app_labels, **options)
