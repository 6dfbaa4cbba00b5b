"""The validators that alerts are about."""

from dataclasses import asdict

from django.http import HttpRequest, HttpResponse
from ninja import Body, Router

from scheduling.api.bearers import BearerToken, journal_name, token_with
from scheduling.api.errors import ApiError, Problem
from scheduling.api.replies import nothing_reply, private_reply
from scheduling.clock import database_now
from scheduling.exceptions import RefusedError, UnknownNameError
from scheduling.models.tokens import Scope
from validators.api.parameters import VoteAccount
from validators.api.subscription_documents import WatchedList, WatchedReply, WatchNote
from validators.models import Validator
from validators.reading.watching import told, watched
from validators.services import watching

_REFUSALS = {401: Problem, 403: Problem}

router = Router(tags=["watched validators"], auth=BearerToken())


@router.get("/watched-validators", response={200: WatchedList, **_REFUSALS})
def list_watched(request: HttpRequest) -> HttpResponse:
    """Those of the rows and those of the setting WATCHED_VALIDATORS. Scope: watch.

    `origin` tells them apart. Of each of them alerts tell when its commission jumps or it is not let into
    an epoch to come.
    """
    token_with(request, Scope.WATCH)
    return private_reply({"items": [asdict(one) for one in watched()]})


@router.put("/watched-validators/{vote_account}", response={200: WatchedReply, **_REFUSALS})
def watch_validator(request: HttpRequest, vote_account: VoteAccount, body: Body[WatchNote]) -> HttpResponse:
    """Have alerts tell of it, also of one that no fetch has seen yet, as `seen` says. Scope: watch.

    Put again, its note is the new one. Whatever is no key of 32 bytes, or a node's, is a 422.
    """
    token = token_with(request, Scope.WATCH)
    try:
        row = watching.watch(vote_account, by=journal_name(token), note=body.note, now=database_now())
    except RefusedError as exc:
        raise ApiError(422, code="invalid", detail=f"vote_account: {exc}") from exc
    seen = Validator.objects.of_account(vote_account) is not None
    return private_reply({"watched": asdict(told(row, seen=seen))})


@router.delete(
    "/watched-validators/{vote_account}", response={204: None, 404: Problem, 409: Problem, **_REFUSALS}
)
def unwatch_validator(request: HttpRequest, vote_account: VoteAccount) -> HttpResponse:
    """Tell of it no more; one that the setting names is refused. Scope: watch.

    That one is a 409, for it would be back at once: take it out of WATCHED_VALIDATORS. One that is not
    watched is a 404.
    """
    token_with(request, Scope.WATCH)
    try:
        watching.unwatch(vote_account)
    except UnknownNameError as exc:
        raise ApiError(404, code="not_watched", detail=str(exc)) from exc
    return nothing_reply()
