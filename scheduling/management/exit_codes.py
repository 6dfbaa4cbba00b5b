"""What a shell says of a command that a signal ended. Without Django: it may be interrupted as it loads."""

from typing import Final

INTERRUPTED: Final = 130
# By SIGPIPE, as of a command whose output `head` has enough of.
READER_GONE: Final = 141
