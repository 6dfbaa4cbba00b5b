from typing import Any

from django.core.management.base import BaseCommand

from staking_project.variables import example


class Command(BaseCommand):
    help = (
        "Prints every variable of the environment with its default and a sentence, as `.env.example` has it."
    )
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write("\n".join(example()))
