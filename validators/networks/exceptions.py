"""What can be wrong with a database of networks."""


class NetworksError(Exception):
    """A file of ASN_DATABASE cannot be used; the message names it and says what to do."""
