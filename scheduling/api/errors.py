"""What a caller did wrong, as every reply of the API says it: `{detail, code}`."""

from django.http import HttpResponse
from ninja import Schema
from pydantic import Field

from scheduling.api.replies import private_reply


class ApiError(Exception):
    """Becomes a reply with this status; `code` is for programs, `detail` for people."""

    def __init__(self, status: int, *, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail


class Problem(Schema):
    """What every error looks like."""

    detail: str = Field(
        description="What is wrong, for people; its words may change",
        examples=["There is nothing at this address."],
    )
    code: str = Field(
        description="What is wrong, for programs; more may be added within one status", examples=["not_found"]
    )


def problem(status: int, *, code: str, detail: str, **headers: str) -> HttpResponse:
    response = private_reply({"detail": detail, "code": code}, status=status)
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response
