"""History by epoch, from the chain or from a file."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from django.core.management.base import CommandError

from scheduling.api.unknown import did_you_mean, shortened
from scheduling.exceptions import SkipRun
from scheduling.management.command import WRONG_USAGE
from scheduling.management.exit_codes import INTERRUPTED
from scheduling.wording import counted, were
from validators.exceptions import ValidatorsError
from validators.management.commands import import_epochs
from validators.services.history.chain_store import ChainSummary
from validators.services.history.from_chain import Progress, import_from_chain
from validators.services.memory import collector_paused

CHAIN: Final = "chain"


class Command(import_epochs.Command):
    help = "Load per-epoch history from Jito's accounts on the chain, or from a file; as often as you like."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--from",
            required=True,
            dest="origin",
            metavar="chain|FILE",
            help="chain: up to 512 epochs of each validator. Else a file that export_epochs wrote.",
        )
        parser.add_argument(
            "--everybody",
            action="store_true",
            help="From the chain: also who left before we looked, by one getProgramAccounts.",
        )
        parser.add_argument(
            "--requests",
            type=int,
            metavar="N",
            help="From the chain: stop before more than N requests; the next import goes on there.",
        )
        parser.add_argument("--json", action="store_true", help="Print the result as one JSON document.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["origin"] != CHAIN:
            if options["everybody"] or options["requests"] is not None:
                raise CommandError(
                    "--everybody and --requests are about the chain, not a file.", returncode=WRONG_USAGE
                )
            file = Path(options["origin"])
            if did_you_mean(options["origin"], [CHAIN]) and not file.exists():
                raise CommandError(
                    f"There is no file {shortened(options['origin'])}; did you mean {CHAIN}?",
                    returncode=WRONG_USAGE,
                )
            super().handle(*args, **options, file=file)
            return
        if options["requests"] is not None and options["requests"] < 1:
            raise CommandError("--requests must be at least 1.", returncode=WRONG_USAGE)
        summary = self._imported(options)
        if options["json"]:
            self.stdout.write(json.dumps(_document(summary)))
            return
        for line in _lines(summary):
            self.stdout.write(line)

    @collector_paused()
    def _imported(self, options: dict[str, Any]) -> ChainSummary:
        try:
            return import_from_chain(
                everybody=options["everybody"],
                budget=options["requests"],
                on_progress=self._show_accounts,
            )
        except ValidatorsError as exc:
            raise CommandError(
                f"{str(exc).rstrip('.')}. What was read before is stored; the next import goes on there."
            ) from exc
        except KeyboardInterrupt:
            raise CommandError(
                "Stopped before the end. What was read before is stored; the next import goes on there.",
                returncode=INTERRUPTED,
            ) from None
        except SkipRun as exc:
            raise CommandError(f"{exc}: run `manage.py fetch votes cluster` first.") from exc
        finally:
            self._clear_progress()

    def _show_accounts(self, progress: Progress) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r{progress.read:,} of {progress.wanted:,} accounts", ending="")
            self.stderr.flush()


def _document(summary: ChainSummary) -> dict[str, Any]:
    rejected = [one._asdict() for one in summary.rejected]
    agreement = summary.agreement.document()
    return {**asdict(summary), "rejected": rejected, "agreement": agreement}


def _lines(summary: ChainSummary) -> list[str]:
    span = f" ({summary.first_epoch} to {summary.last_epoch})" if summary.rows else ""
    said = [
        f"{counted(summary.accounts, 'account')} read with {counted(summary.requests, 'request')}, "
        f"{summary.without_history:,} of them without a history; {summary.read_before:,} "
        f"{were(summary.read_before)} read in this epoch already, {summary.left:,} "
        f"{'is' if summary.left == 1 else 'are'} left.",
        f"{counted(summary.rows, 'epoch')} of validators{span}: {summary.added:,} added, "
        f"{summary.changed:,} changed; {counted(summary.validators_added, 'validator')} "
        f"{were(summary.validators_added)} new.",
    ]
    if summary.rejected_count:
        said.append(f"{counted(summary.rejected_count, 'record')} {were(summary.rejected_count)} left out:")
        said += [f"  {one.key}: {one.reason}" for one in summary.rejected]
    return said + summary.agreement.lines() if summary.rows else said
