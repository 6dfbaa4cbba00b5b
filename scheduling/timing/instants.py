"""Instants as sentences, errors and logs tell them."""

from datetime import datetime


def show_instant(instant: datetime) -> str:
    """Of an instant in UTC, to the second: `2026-11-23 12:00:00Z`."""
    return f"{instant:%Y-%m-%d %H:%M:%S}Z"
