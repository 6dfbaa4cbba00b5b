"""What can go wrong in reading and judging the cluster, by what a caller would do about it."""

from collections.abc import Sequence

from scheduling.exceptions import PublicError


class ValidatorsError(PublicError):
    """Base of this app's errors; its text is fit for people and never holds an API key."""


class NotConfiguredError(ValidatorsError):
    """A setting is missing, so there is nobody to ask."""


class EndpointError(ValidatorsError):
    """An endpoint gave no usable answer. Names the endpoint (key masked), the method and the cause."""

    def __init__(self, endpoint: str, method: str, cause: str) -> None:
        super().__init__(f"{endpoint} {method}: {cause}")
        self.endpoint = endpoint
        self.method = method
        self.cause = cause


class UnavailableError(EndpointError):
    """No connection, no answer in time, or an HTTP status other than 200."""


class TimedOutError(UnavailableError):
    """Connecting or the answer took longer than it may."""


class HttpStatusError(UnavailableError):
    """An HTTP status other than 200."""


class ForbiddenError(HttpStatusError):
    """HTTP 403: the endpoint does not let us ask this, or anything.

    `answers_else` tells which: whether it answered another question at the same time.
    """

    answers_else = False


class GoneError(HttpStatusError):
    """HTTP 410: the endpoint has stopped offering this method."""


class RateLimitedError(HttpStatusError):
    """HTTP 429, or its like inside a 200. `retry_after` is in seconds, None when the endpoint did not say."""

    def __init__(self, endpoint: str, method: str, cause: str, retry_after: float | None) -> None:
        super().__init__(endpoint, method, cause)
        self.retry_after = retry_after


class RpcError(EndpointError):
    """The endpoint answered with a JSON-RPC error, for example -32005: the node is behind."""

    def __init__(self, endpoint: str, method: str, cause: str, code: int) -> None:
        super().__init__(endpoint, method, cause)
        self.code = code


class MalformedReplyError(EndpointError):
    """Not what the method promises: HTML, half a JSON, a wrong shape, too many bad records."""


class ImplausibleError(EndpointError):
    """A readable reply that cannot be the chain's truth, as far as the last good look binds it.

    `kind` is one of validators.solana.plausibility.Kind; `slots_behind` tells how far the endpoint is
    behind that look, where that is what is wrong.
    """

    def __init__(
        self, endpoint: str, method: str, cause: str, *, kind: str = "", slots_behind: int | None = None
    ) -> None:
        super().__init__(endpoint, method, cause)
        self.kind = kind
        self.slots_behind = slots_behind


class NoEndpointAnsweredError(ValidatorsError):
    """Every one of several endpoints failed; the text holds each one's reason."""

    def __init__(self, failures: Sequence[EndpointError]) -> None:
        super().__init__(f"None of {len(failures)} endpoints answered: " + "; ".join(map(str, failures)))
        self.failures = failures


class ImpossibleCreditsError(ValidatorsError):
    """An account's epoch credits contradict themselves or the protocol."""


class LayoutError(ValidatorsError, ValueError):
    """An account's bytes, or its parsed form, are not what its layout says."""


class PictureChangedError(ValidatorsError):
    """Fetches kept being stored while we read; nothing consistent could be read."""


class HistoryFileError(ValidatorsError):
    """A file that holds no history, or that cannot be read to its end."""
