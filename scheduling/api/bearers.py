"""Who asks by token, and whether it may."""

from django.http import HttpRequest
from ninja.security import HttpBearer

from scheduling.api.errors import ApiError
from scheduling.clock import database_now
from scheduling.models.tokens import ApiToken, Scope, token_of


class BearerToken(HttpBearer):
    """A token made in the admin. Whether it has the scope is asked by each operation."""

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:
        return token_of(token, now=database_now())


def token_with(request: HttpRequest, scope: Scope) -> ApiToken:
    """The token that asks; raises `ApiError` when it lacks the scope."""
    token: ApiToken = request.auth  # type: ignore[attr-defined]
    if not token.may(scope):
        raise ApiError(403, code="missing_scope", detail=f"This token has no scope {scope.value!r}.")
    return token


def journal_name(token: ApiToken) -> str:
    """What is written down of who did it."""
    return f"token {token.name}"
