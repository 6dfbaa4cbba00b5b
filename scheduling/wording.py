"""Counts in sentences."""


def counted(number: int, noun: str) -> str:
    """Such as: 1 run, 1,200 runs."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def were(number: int) -> str:
    """The verb of so many."""
    return "was" if number == 1 else "were"
