"""Where each address leads."""

from django.contrib import admin
from django.urls import include, path

admin.site.site_header = admin.site.site_title = "Solana staking"

urlpatterns = [
    path("", include("validators.urls")),
    path("admin/", admin.site.urls),
]
