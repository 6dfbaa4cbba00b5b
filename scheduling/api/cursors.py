"""Where the next page of a list begins, as a word that callers pass back unread."""

import base64
import binascii
from typing import Any, Final, TypeVar

from pydantic import BaseModel, Field, ValidationError
from pydantic_core import to_json

from scheduling.api.errors import ApiError

Place = TypeVar("Place", bound=BaseModel)
_LARGEST: Final = 2**63 - 1


class KeyPlace(BaseModel):
    """Where a page of rows ended that come by falling number."""

    key: int = Field(ge=0, le=_LARGEST)


def written(place: BaseModel) -> str:
    return base64.urlsafe_b64encode(to_json(place)).decode().rstrip("=")


def read(cursor: str, place: type[Place]) -> Place:
    """Raises `ApiError` for what we never wrote."""
    try:
        text: Any = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        return place.model_validate_json(text)
    except (binascii.Error, ValueError, ValidationError) as exc:
        raise ApiError(
            400, code="invalid_cursor", detail="This cursor is none that this list gave out."
        ) from exc
