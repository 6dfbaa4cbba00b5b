"""What any operation may answer beside what its router says: unchanged, refused, throttled, unavailable."""

from collections.abc import Mapping, Set
from typing import Any, Final, NamedTuple

Json = dict[str, Any]


class Refusal(NamedTuple):
    """A name for the document, what it means, and the `code` and `detail` of an example."""

    name: str
    meaning: str
    code: str
    detail: str
    headers: tuple[str, ...] = ()


def _header(description: str, example: str | int, kind: str = "string") -> Json:
    return {"description": description, "schema": {"type": kind}, "example": example}


HEADERS: Final[Json] = {
    "ETag": _header("The version of this answer; send it back as If-None-Match", 'W/"7-4021-json"'),
    "Cache-Control": _header("How long it stays as it is, in seconds", "public, max-age=7200"),
    "Retry-After": _header("Seconds after which to ask again", 15, "integer"),
    "WWW-Authenticate": _header("How to say who asks", "Bearer"),
    "RateLimit-Policy": _header(
        "What an address may spend: q units in w seconds. A request is one, and one more for each 20 ms that "
        "it took a processor; one with a wrong token is ten more",
        '"address";q=300;w=60',
    ),
    "RateLimit": _header("What is left of it: r units", '"address";r=287'),
    "Deprecation": _header("Since when one should not begin with this: @ and seconds of Unix", "@1798761600"),
    "Sunset": _header("From when it may be gone", "Thu, 01 Jul 2027 00:00:00 GMT"),
    "Link": _header("Of a CSV: where its next page is", '</api/v1/validators?cursor=eyJ9>; rel="next"'),
    "Cursor": _header("Of a CSV: what to give back as `since`, also where it has no rows", "812"),
    "More": _header("Of a CSV: whether there is more behind it already, true or false", "true"),
    "As-Of": _header("Of a CSV: when the newest picture was stored, UTC", "2026-11-26T12:00:00Z"),
    "Epoch": _header("Of a CSV: the cluster's epoch in that picture", 1010, "integer"),
    "Method": _header("Of a CSV: which method the scores are of", "trust-v3"),
    "Version": _header("Of a CSV: the version of that method", "3.4.0"),
    "Scored-At": _header("Of a CSV: when the method was applied, UTC", "2026-11-26T12:00:05Z"),
    "Unknown": _header("Of a CSV: the keys asked for that nobody ever saw, as JSON", '["1111"]'),
    "Vote-Account": _header("Of a CSV: whose it is", "CertusDeBmqN8ZawdkxK5kFGMwBXdudvWHYwtNgNhvLu"),
    "Doubt": _header(
        "Of a CSV: why nothing is to be moved by this now; empty where nothing speaks against it",
        "40.00 % of the stake is delinquent, more than a third: …",
    ),
    "Caps": _header(
        "Of a CSV: what was capped, and of how many nobody knows the group", "operator:2 (0 unknown)"
    ),
    "Other-Method": _header("Of a CSV: which method the first is set beside", "trust-v2"),
    "Other-Version": _header("Of a CSV: the version of that method", "2.1.0"),
    "Other-Scored-At": _header("Of a CSV: when that method was applied, UTC", "2026-11-26T12:00:05Z"),
    "Same-Fetch": _header("Of a CSV: whether both judged the same look, true or false", "true"),
    "Agreement": _header("Of a CSV: how far they agree, as JSON", '{"both":1493,"rank_correlation":0.93}'),
}
_ALWAYS: Final = ("RateLimit-Policy", "RateLimit")
# What is beside the rows, where there is no JSON to hold it: the fields of the reply by other names.
_OF_CSV: Final = (
    *("As-Of", "Epoch", "Method", "Version", "Scored-At", "Unknown", "Vote-Account"),
    *("Doubt", "Caps"),
    *("Other-Method", "Other-Version", "Other-Scored-At", "Same-Fetch", "Agreement"),
)
# Refused before anything is counted.
_UNCOUNTED: Final = ("413", "414")
_NOT_MODIFIED: Final = "NotModified"
REFUSALS: Final[Mapping[str, Refusal]] = {
    "400": Refusal(
        "BadRequest",
        "Not understood: a cursor that this list did not give out (`invalid_cursor`), a body that is no JSON "
        "(`malformed`), more than 1,000 fields (`too_many_fields`)",
        "invalid_cursor",
        "This cursor is none that this list gave out.",
    ),
    "401": Refusal(
        "Unauthenticated",
        "No token, or one that is wrong, revoked or over",
        "unauthenticated",
        "This needs a token that is neither wrong nor revoked, as `Authorization: Bearer …`.",
        ("WWW-Authenticate",),
    ),
    "403": Refusal(
        "Forbidden",
        "Not for who asks: the token lacks the scope, or is for other schedules",
        "missing_scope",
        "This token has no scope 'pause'.",
    ),
    "404": Refusal(
        "NotFound",
        "There is none of this name or key, or nothing is stored of that epoch",
        "unknown_validator",
        "No fetch ever saw the vote account 1111.",
    ),
    "409": Refusal(
        "Conflict",
        "Not as things stand (`refused`), or somebody changed it meanwhile (`changed_meanwhile`)",
        "changed_meanwhile",
        "Somebody has edited 'fetch-repeatable' since; look at it again.",
    ),
    "410": Refusal(
        "Gone",
        "What the cursor leads to was deleted (`expired_cursor`), or never was (`unknown_cursor`)",
        "expired_cursor",
        "These scores were deleted; begin anew.",
    ),
    "413": Refusal(
        "TooLarge",
        "A request of more than 1 MB",
        "too_large",
        "That is too large: a request may have 1,048,576 bytes.",
    ),
    "414": Refusal(
        "TooLong",
        "An address of more than 16,380 bytes",
        "too_long",
        "This address is too long: it may have 16,380 bytes. Ask for fewer at once.",
    ),
    "422": Refusal(
        "Invalid",
        "A parameter or a field is out of its bounds (`invalid`), given twice (`doubled_parameter`), or none "
        "has that name (`unknown_parameter`, `unknown_field`); the text names it",
        "invalid",
        "limit: Input should be greater than or equal to 1",
    ),
    "429": Refusal(
        "TooManyRequests",
        "This address has spent what it may within a minute",
        "too_many_requests",
        "Too many requests from your address; go on in 15 s.",
        ("Retry-After",),
    ),
    "500": Refusal("Internal", "A fault of ours", "internal", "This is a fault of ours; it was recorded."),
    "503": Refusal(
        "Unavailable",
        "Not now: the database does not answer (`unavailable`), or too many streams are open "
        "(`too_many_streams`)",
        "unavailable",
        "The database does not answer (OperationalError). Try again.",
        ("Retry-After",),
    ),
}
# What whoever asks for anything may meet.
_EVERYWHERE: Final = ("400", "413", "414", "422", "429", "500", "503")
_WITH_A_TOKEN: Final = ("401", "403")


def add_answers(method: str, operation: Json, known: Json) -> None:
    """Give each answer its headers, and name the ones that the router need not know of.

    `known` are the schemas by their names.
    """
    declared = operation["responses"]
    unknown = [status for status in declared if not status.startswith("2") and status not in REFUSALS]
    if unknown:
        raise ValueError(f"{operation['operationId']}: no words for {', '.join(unknown)}; add to REFUSALS")
    answered = {status: answer for status, answer in declared.items() if status.startswith("2")}
    # What is for one token alone is kept by nobody.
    guarded = "security" in operation
    is_json = any("application/json" in one.get("content", {}) for one in answered.values())
    kept = method == "get" and is_json and not guarded
    for answer in answered.values():
        _add_headers(answer, operation, kept=kept)
        _add_csv(answer, _asked_by(operation, known), known)
    statuses = {*declared, *_EVERYWHERE, *(_WITH_A_TOKEN if guarded else ())}
    refused = {status: _reference(REFUSALS[status].name) for status in statuses if status in REFUSALS}
    unchanged = {"304": _reference(_NOT_MODIFIED)} if kept else {}
    operation["responses"] = dict(sorted((answered | unchanged | refused).items()))


def problems() -> Json:
    """The components that `add_answers` refers to."""
    unchanged = {
        "description": "Unchanged since the answer of this ETag; it has no body",
        "headers": _headers("ETag", "Cache-Control", *_ALWAYS),
    }
    return {_NOT_MODIFIED: unchanged} | {
        one.name: {
            "description": one.meaning,
            "headers": _headers("Cache-Control", *one.headers, *(() if status in _UNCOUNTED else _ALWAYS)),
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "example": {"detail": one.detail, "code": one.code},
                }
            },
        }
        for status, one in REFUSALS.items()
    }


def _add_headers(answer: Json, operation: Json, *, kept: bool) -> None:
    leaving = ("Deprecation", "Sunset") if operation.get("deprecated") else ()
    tagged = ("ETag",) if kept else ()
    answer["headers"] = _headers(*tagged, "Cache-Control", *leaving, *_ALWAYS) | answer.get("headers", {})


def _asked_by(operation: Json, known: Json) -> Set[str]:
    """The names that the address or the body may have."""
    body = _fields(operation.get("requestBody", {}), known)
    return body | {one["name"] for one in operation.get("parameters", ())}


def _fields(one: Json, known: Json) -> Set[str]:
    """Of a body or an answer in JSON."""
    schema = one.get("content", {}).get("application/json", {}).get("schema", {})
    return {*known[schema["$ref"].rpartition("/")[-1]].get("properties", ())} if "$ref" in schema else set()


def _add_csv(answer: Json, asked_by: Set[str], known: Json) -> None:
    """The fields of an item as columns; what the reply says beside them is in headers."""
    if "format" in asked_by:
        told = _fields(answer, known)
        answer.setdefault("content", {})["text/csv"] = {"schema": {"type": "string"}}
        # What comes in one piece has no next one.
        next_page = ("Link",) if asked_by & {"cursor", "since"} else ()
        place = ("Cursor", "More") if "since" in asked_by else ()
        beside = (name for name in _OF_CSV if name.replace("-", "_").lower() in told)
        answer["headers"] |= _headers(*next_page, *place, *beside)


def _headers(*names: str) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _reference(name: str) -> Json:
    return {"$ref": f"#/components/responses/{name}"}
