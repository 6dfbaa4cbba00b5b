"""What a caller did wrong, as every reply of the API says it: `{detail, code}`."""

from ninja import Schema
from pydantic import Field


class ApiError(Exception):
    """Becomes a reply with this status; `code` is for programs, `detail` for people."""

    def __init__(self, status: int, *, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail


class Problem(Schema):
    """What every error looks like."""

    detail: str = Field(description="What is wrong, for people")
    code: str = Field(description="What is wrong, for programs", examples=["not_found"])
