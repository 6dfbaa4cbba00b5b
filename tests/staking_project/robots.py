"""Programs that ask with a token, and what belongs to them."""

from scheduling.models.tokens import ApiToken, Scope, issue_token
from tests.scheduling.factories import NOON
from validators.models import Subscription
from validators.services.subscriptions import subscribe


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def robot(*, subscription: int | None = None) -> dict[str, str]:
    """The header of one that may do everything, but reads no more than strangers; with a subscription."""
    scopes = {f"may_{scope.value}": True for scope in Scope if scope is not Scope.READ}
    made = issue_token(ApiToken(name="robot", **scopes), by="ada", now=NOON)
    if subscription is not None:
        # No address in the internet, so that a test of it is refused before anything is sent.
        subscribe(made.row, url="https://127.0.0.1/", validators=[], kinds=[], now=NOON)
        Subscription.objects.update(id=subscription)
    return bearer(made.text)
