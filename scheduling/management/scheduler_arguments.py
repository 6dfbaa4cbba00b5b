"""The arguments of `scheduler` that take more than a line."""

import getpass
from argparse import ArgumentParser

from scheduling.management.options import given


def add_one_or_all(parser: ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("name", nargs="?", help="a schedule's name")
    which.add_argument("--all", action="store_true", help="every schedule")
    parser.add_argument("--by", default=user_name(), help="who does it (default: your user name)")


def add_pause_arguments(parser: ArgumentParser) -> None:
    add_one_or_all(parser)
    parser.add_argument("--note", default="", help="why")
    parser.add_argument("--until", type=given, help="when it goes on by itself, like 2026-11-23T12:00Z")


def add_backfill_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--from", dest="start", required=True, help="the first time, like 2026-11-23T12:00Z")
    parser.add_argument("--to", dest="end", required=True, help="the last time")


def add_retry_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("words", nargs="*", metavar="NAME|ID", help="a schedule's name, or ids of runs")
    parser.add_argument(
        "--occurrence",
        type=given,
        help="which of NAME, like 2026-11-23T12:00:10Z (default: the newest that failed)",
    )
    parser.add_argument(
        "--failed",
        nargs="?",
        const=True,
        type=given,
        metavar="NAME",
        help="all that failed: of NAME, without it of every schedule",
    )
    parser.add_argument(
        "--from", dest="start", type=given, help="of those that failed: from this occurrence on"
    )
    parser.add_argument("--to", dest="end", type=given, help="of those that failed: up to this occurrence")
    parser.add_argument("--by", default=user_name(), help="who does it (default: your user name)")


def add_cancel_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--backfill", action="store_true", help="the occurrences of the past")
    parser.add_argument("--all", action="store_true", dest="everything", help="whatever waits")


def add_audit_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", help="a schedule's name (default: all)")
    parser.add_argument(
        "--from", dest="start", type=given, help="the first time (default: a day before the last)"
    )
    parser.add_argument(
        "--to", dest="end", type=given, help="the last time, like 2026-11-23T12:00Z (default: now)"
    )


def user_name() -> str:
    """The name of whoever runs this command; a container may have a user without one."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
