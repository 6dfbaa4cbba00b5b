"""Where each address leads."""

from django.contrib import admin
from django.urls import include, path

from staking_project.api import api

admin.site.site_header = admin.site.site_title = "Solana staking"

urlpatterns = [
    path("", include("validators.urls")),
    path("", include("scheduling.urls")),
    path("api/", api.urls),
    path("admin/", admin.site.urls),
]
