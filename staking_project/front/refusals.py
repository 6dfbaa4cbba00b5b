"""How somebody is told no before any view is asked: as the API tells of problems, or in a line of text."""

from django.http import HttpRequest, HttpResponse

from scheduling.api.errors import problem


def refusal(request: HttpRequest, status: int, *, code: str, detail: str, **headers: str) -> HttpResponse:
    if request.path.startswith("/api/"):
        response = problem(status, code=code, detail=detail, **headers)
    else:
        response = HttpResponse(f"{detail}\n", status=status, content_type="text/plain; charset=utf-8")
        response.headers["Cache-Control"] = "no-store"
        for name, value in headers.items():
            response.headers[name.replace("_", "-")] = value
    response.headers["Content-Length"] = str(len(response.content))
    # Django would write a line for each: a flood of them fills a disk.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response
