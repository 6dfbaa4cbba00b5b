"""A source: which software the endpoint runs that answers us, asked once an hour and kept with its run."""

import time
from typing import Any

from django.conf import settings
from pydantic import BaseModel, Field

from scheduling.modes import JobDeclaration
from validators.solana.asking import first_answer
from validators.solana.rpc import Endpoint
from validators.solana.schemas import Reply


class Version(BaseModel):
    """The result of getVersion, what we use of it; anything else of that name is refused."""

    version: str = Field(alias="solana-core", max_length=40)


def ask_version(endpoint: Endpoint) -> Version:
    return endpoint.call("getVersion", [], Reply[Version])


def fetch_endpoint_version() -> dict[str, Any]:
    """Raises an EndpointError when nobody answers: then the run has failed, says why, and is tried again."""
    began = time.monotonic()
    heard = first_answer(settings.SOLANA_RPC_URLS, seconds=settings.FETCH_DEADLINE_SECONDS, ask=ask_version)
    milliseconds = round((time.monotonic() - began) * 1_000)
    return {"endpoint": heard.endpoint, "version": heard.answer.version, "took_ms": milliseconds}


JOBS = [
    JobDeclaration(
        name="fetch-endpoint-version",
        task=f"{__name__}.fetch_endpoint_version",
        description="Asks which software the endpoint runs",
        every_seconds={"test": 60, "production": 3600},
        start_after_seconds={"test": 5, "production": 60},
        # It waits for strangers, and finds the same whichever occurrence it is for.
        leaves_a_worker=True,
        reads_the_present=True,
    )
]
