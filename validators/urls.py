"""This app's public addresses."""

from django.urls import path

from validators.views import standings_page

app_name = "validators"
urlpatterns = [path("", standings_page, name="standings")]
