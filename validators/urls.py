"""This app's public addresses."""

from django.urls import path, re_path

from validators.pages.feeds import event_feed
from validators.pages.rules_page import rule_set_page, rules_page
from validators.pages.stars import star_view, watch_view
from validators.pages.views import (
    cluster_page,
    compare_page,
    methods_page,
    scores_page,
    selection_page,
    standings_page,
    validator_page,
    what_changed_page,
)

app_name = "validators"
urlpatterns = [
    path("", standings_page, name="standings"),
    re_path(r"^validators/(?P<vote_account>[0-9A-Za-z]{1,44})/$", validator_page, name="validator"),
    re_path(
        r"^validators/(?P<vote_account>[0-9A-Za-z]{1,44})/events\.atom$",
        event_feed,
        name="validator-feed",
    ),
    path("events/", what_changed_page, name="events"),
    path("events/events.atom", event_feed, name="events-feed"),
    path("watched/star/", star_view, name="star"),
    path("watched/alerts/", watch_view, name="watch"),
    path("compare/", compare_page, name="compare"),
    path("selection/", selection_page, name="selection"),
    path("scores/", scores_page, name="scores"),
    path("scores/compare/", methods_page, name="methods"),
    path("cluster/", cluster_page, name="cluster"),
    path("rules/", rules_page, name="rules"),
    re_path(r"^rules/(?P<name>[a-z0-9][a-z0-9_-]{0,39})/$", rule_set_page, name="rule-set"),
]
