"""What we send to others, in the document: a receiver can be generated from it as a client can."""

from typing import Any, Final

from ninja.schema import NinjaGenerateJsonSchema

from staking_project.openapi.schemas import PREFIX, plain_copy
from validators.api.subscription_documents import EventsMessage

Json = dict[str, Any]

_HEADERS: Final = {
    "webhook-id": ("Of this message: the same when it is sent again", "msg_7_811_812"),
    "webhook-timestamp": ("When it was sent, in seconds of Unix; refuse what is minutes old", "1798200004"),
    "webhook-signature": (
        "`v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`, by what `secret` is in base64 behind "
        "`whsec_`; several with spaces between while a secret is changed, of which one has to fit",
        "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
    ),
}
_DESCRIPTION: Final = (
    "What happened, to the address of a subscription, at least once and in order: the next batch is not sent "
    "before this one was taken. Signed by the Standard Webhooks scheme; verify it over the bytes of the body "
    "as they came. Keep the highest `id` of an event that you are done with, and drop what is not above it."
    "\n\nWhat is not taken within 15 s is sent again after 5 s, 10 s, 20 s and so on up to an hour; after a "
    "day of that the subscription is paused."
)
_ANSWERS: Final = {
    "2XX": {"description": "It was taken; what else the answer says is not read"},
    "410": {"description": "Nobody wants it any more: the subscription is paused at once"},
    "default": {"description": "It is sent again; no redirect is followed"},
}


def webhooks(components: Json) -> Json:
    """The messages by name; their shapes are added to the components."""
    schema = EventsMessage.model_json_schema(
        ref_template=f"{PREFIX}{{model}}", schema_generator=NinjaGenerateJsonSchema, mode="serialization"
    )
    shapes = schema.pop("$defs") | {EventsMessage.__name__: schema}
    components["schemas"] = plain_copy({"schemas": shapes})["schemas"] | components["schemas"]
    return {
        "events": {
            "post": {
                "operationId": "receive_events",
                "summary": "Events of a subscription",
                "description": _DESCRIPTION,
                "tags": ["subscriptions"],
                "parameters": [_header(name, *said) for name, said in _HEADERS.items()],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": PREFIX + EventsMessage.__name__}}},
                },
                "responses": _ANSWERS,
            }
        }
    }


def _header(name: str, said: str, example: str) -> Json:
    return {
        "name": name,
        "in": "header",
        "required": True,
        "description": said,
        "schema": {"type": "string"},
        "example": example,
    }
