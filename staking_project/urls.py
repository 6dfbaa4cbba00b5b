"""Where each address leads."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import include, path

from scheduling.pages.access import only_read
from staking_project.api import api, older_document
from staking_project.llms import llms_text

admin.site.site_header = admin.site.site_title = "Solana staking"


@only_read
def favicon(request: HttpRequest) -> HttpResponse:
    """Browsers ask for this where a page names no icon, as in the admin."""
    return redirect(static("scheduling/icon.svg"), permanent=True)


# A dotted path, as Django wants it.
handler500 = "staking_project.front.refusals.broken"

urlpatterns = [
    path("", include("validators.urls")),
    path("", include("scheduling.urls")),
    path("api/openapi-3.0.json", older_document),
    path("api/", api.urls),
    path("admin/", admin.site.urls),
    path("favicon.ico", favicon),
    path("llms.txt", llms_text),
]
