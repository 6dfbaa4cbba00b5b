"""The addresses for operators and for machines."""

from django.urls import path

from scheduling.pages import dashboard_views
from scheduling.pages.views import health, metrics, ready

app_name = "scheduling"
urlpatterns = [
    path("healthz", health, name="health"),
    path("readyz", ready, name="ready"),
    path("metrics", metrics, name="metrics"),
    path("operations/", dashboard_views.operations_page, name="operations"),
    path("operations/live/", dashboard_views.live_part, name="live"),
    path("operations/jobs/<int:job_id>/run-now/", dashboard_views.run_now, name="run_now"),
    path("operations/jobs/<int:job_id>/pause/", dashboard_views.pause, name="pause"),
    path("operations/jobs/<int:job_id>/resume/", dashboard_views.resume, name="resume"),
    path("operations/jobs/<int:job_id>/cadence/", dashboard_views.change_cadence, name="change_cadence"),
    path("operations/runs/<int:run_id>/retry/", dashboard_views.retry, name="retry"),
]
