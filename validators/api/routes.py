"""Validators, their scores and the cluster, for everybody."""

from django.http import HttpRequest, HttpResponse
from ninja import Body, Query, Router

from scheduling.api.errors import Problem
from scheduling.api.replies import Format, json_reply, list_reply, wanted_format
from validators.api import (
    cluster_documents,
    epoch_documents,
    included_documents,
    pages,
    pool_documents,
    rows,
    score_documents,
    selection_documents,
)
from validators.api.answers import answer
from validators.api.details import known_validator, validator_reply
from validators.api.parameters import (
    DetailQuery,
    Formatted,
    Method,
    MethodPage,
    Page,
    ValidatorQuery,
    VoteAccount,
)
from validators.api.selections import SelectionBody, SelectionQuery, selection_reply
from validators.api.validator_lists import validator_page
from validators.reading.cluster import chain_state, cluster_epochs, sources
from validators.reading.histories import epochs_before, runs_before, score_in, scores_before
from validators.reading.picture import current_picture, envelope
from validators.reading.stake_pools import stake_pools

# A flag has a field named "from", which no attribute can be.
router = Router(tags=["validators"], by_alias=True)

_CURSOR_PROBLEM = {400: Problem}
_MISSING = {404: Problem}


@router.get(
    "/validators",
    response={200: included_documents.ValidatorList, 410: Problem, **_CURSOR_PROBLEM, **_MISSING},
)
def list_validators(request: HttpRequest, query: Query[ValidatorQuery]) -> HttpResponse:
    """Validators with their newest score. All pages behind one cursor are of the scores of its first.

    Narrowed by what is known of them now, or as an earlier epoch left them (`epoch`), in an order of your
    choice, by rank unless `sort` says otherwise. Those that left are only among them where they are named
    or `left` says so. A run of the scores that ends between two pages moves nobody from one to the other.
    """
    return answer(request, query.format, lambda form: validator_page(request, query, form))


@router.get("/selection", response=selection_documents.SelectionReply)
def select_validators(request: HttpRequest, query: Query[SelectionQuery]) -> HttpResponse:
    """What to hold of those asked for: held ones stay until they fall behind a band.

    Give what is held now as `held`: the best `size` enter, and who is held leaves only when he falls behind
    place `size` x `band`, so that a place more or less moves no stake. Each is told `action` and why; a held
    key that no fetch ever saw, or that a filter leaves out, leaves. With `cap` at most so many of one group
    are held: the worst held ones above it leave, others are `passed_over`, each with the group that is full.
    Who is delinquent now never enters, and is `passed_over` too. Held, it stays for as long as a single look
    saw it so, whatever `delinquent` and `min_score` ask for; from the second on as others do.
    All comes in one reply.
    """
    return answer(request, query.format, lambda form: selection_reply(request, query, form))


@router.post("/selection", response=selection_documents.SelectionReply)
def select_validators_of_many(request: HttpRequest, body: Body[SelectionBody]) -> HttpResponse:
    """The same for who holds more than an address has room for.

    A JSON object of the names that the GET takes, `held` and `cap` as lists. It changes nothing, and no cache
    keeps its answer. It is for programs: a page of another site may only GET.
    """
    response = selection_reply(request, body, wanted_format(request, body.format))
    response.headers["Cache-Control"] = "no-store"
    return response


@router.get("/validators/{vote_account}", response={200: included_documents.ValidatorReply, **_MISSING})
def get_validator(request: HttpRequest, vote_account: VoteAccount, query: Query[DetailQuery]) -> HttpResponse:
    """One validator, also one that left, with its incidents and commission changes.

    What the list tells of it, and beside that the account as the chain holds it (`vote_state`), what it says
    of itself, and its newest incidents of delinquency and changes of commission.
    The key is its vote account; of a node key the 404 names the vote accounts.
    """
    return answer(request, "json", lambda _: validator_reply(vote_account, query))


@router.get(
    "/validators/{vote_account}/epochs",
    response={200: epoch_documents.EpochList, **_CURSOR_PROBLEM, **_MISSING},
)
def list_epochs(request: HttpRequest, vote_account: VoteAccount, query: Query[Page]) -> HttpResponse:
    """What it did in each epoch, newest first.

    Credits, vote performance against the cluster, blocks, commission and stake of one epoch in a row. In
    the row of the epoch that runs they are as far as it has got; what is `final` stays. `source` says where
    a row is from, for not every epoch was seen by fetches of ours.
    """

    def build(form: Format) -> HttpResponse:
        found = epochs_before(known_validator(vote_account), pages.key_of(query), limit=query.limit + 1)
        about = {**envelope(), "vote_account": vote_account}
        return pages.page(request, query, form, found, listing=pages.EPOCHS, about=about)

    return answer(request, query.format, build)


@router.get("/validators/{vote_account}/score", response={200: score_documents.ScoreReply, **_MISSING})
def get_score(request: HttpRequest, vote_account: VoteAccount, method: Method = None) -> HttpResponse:
    """Its newest score, and what it is made of.

    By the headline method unless `method` names another: each part with its value, its weight and the points
    that it brings, and a sentence. `score` is null where that method has not scored it.
    """

    def build(form: Format) -> HttpResponse:
        picture, validator = current_picture(method), known_validator(vote_account)
        score = score_in(picture.scoring_run, validator)
        breakdown = rows.score_breakdown(score) if score else None
        return json_reply({**envelope(picture), "vote_account": vote_account, "score": breakdown})

    return answer(request, "json", build)


@router.get(
    "/validators/{vote_account}/scores",
    response={200: score_documents.ScoreList, **_CURSOR_PROBLEM, **_MISSING},
)
def list_scores(request: HttpRequest, vote_account: VoteAccount, query: Query[MethodPage]) -> HttpResponse:
    """What each stored run of a method said of it, newest first.

    Score and rank in each; runs of several methods are told apart by `method` and `version`, and what one
    is made of is told of the newest alone. Older runs are deleted by age.
    """

    def build(form: Format) -> HttpResponse:
        validator, place = known_validator(vote_account), pages.key_of(query)
        found = scores_before(validator, place, method=query.method, limit=query.limit + 1)
        about = {**envelope(current_picture(query.method)), "vote_account": vote_account}
        return pages.page(request, query, form, found, listing=pages.SCORES, about=about)

    return answer(request, query.format, build)


@router.get("/scoring-runs", response={200: score_documents.ScoringRunList, **_CURSOR_PROBLEM})
def list_scoring_runs(request: HttpRequest, query: Query[MethodPage]) -> HttpResponse:
    """Each application of a method, or of all, that is still stored, newest first.

    When it was, of which fetch and epoch, how many it scored, and, where it scored nobody, the reason.
    `id` is what scores call their `scoring_run`.
    """

    def build(form: Format) -> HttpResponse:
        found = runs_before(pages.key_of(query), method=query.method, limit=query.limit + 1)
        about = envelope(current_picture(query.method))
        return pages.page(request, query, form, found, listing=pages.SCORING_RUNS, about=about)

    return answer(request, query.format, build)


@router.get("/cluster", response=cluster_documents.ClusterReply)
def get_cluster(request: HttpRequest) -> HttpResponse:
    """The cluster as a whole in the running epoch, and how old each source is.

    Stake, validators, versions and clients, slot times, inflation, the superminority and how far Alpenglow
    is. `sources` tells of each kind of question how old its answer is.
    """

    def build(form: Format) -> HttpResponse:
        picture = current_picture()
        newest = cluster_epochs(running=picture.epoch, limit=1)
        cluster = rows.cluster_document(newest[0], sources(), chain_state()) if newest else None
        return json_reply({**envelope(picture), "cluster": cluster})

    return answer(request, "json", build)


@router.get("/cluster/epochs", response={200: cluster_documents.ClusterEpochList, **_CURSOR_PROBLEM})
def list_cluster_epochs(request: HttpRequest, query: Query[Page]) -> HttpResponse:
    """The cluster as a whole in each epoch, newest first.

    One row for each epoch that a fetch saw or an import brought; that of the running epoch still changes.
    The mean credits are those that vote performances of that epoch are measured against.
    """

    def build(form: Format) -> HttpResponse:
        picture = current_picture()
        found = cluster_epochs(running=picture.epoch, before=pages.key_of(query), limit=query.limit + 1)
        about = envelope(picture)
        return pages.page(request, query, form, found, listing=pages.CLUSTER_EPOCHS, about=about)

    return answer(request, query.format, build)


@router.get("/pools", response=pool_documents.StakePoolList)
def list_pools(request: HttpRequest, query: Query[Formatted]) -> HttpResponse:
    """Stake pools: what each holds, what its token is worth, and how many it stakes with.

    Those that were looked at, the largest first, each by its own accounts in the newest look at it. A pool
    reckons its stakes anew some time into each epoch: `stale` says that it has not yet. Who stakes with one
    validator is told by `include=pools` of `/validators`.
    """

    def build(form: Format) -> HttpResponse:
        columns = list(pool_documents.StakePoolDocument.model_fields)
        written = map(pool_documents.stake_pool_document, stake_pools())
        return list_reply(request, written, columns=columns, form=form, about=envelope(), next_cursor=None)

    return answer(request, query.format, build)
