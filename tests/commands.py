"""Management commands as tests call them."""

from io import StringIO

from django.core.management import call_command


def printed(*words: str) -> str:
    """What a command writes to its standard output."""
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()
