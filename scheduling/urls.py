"""The addresses for operators and for machines."""

from django.urls import path

from scheduling.pages import action_views, dashboard_views, run_views
from scheduling.pages.views import health, metrics, ready

app_name = "scheduling"
urlpatterns = [
    path("healthz", health, name="health"),
    path("readyz", ready, name="ready"),
    path("metrics", metrics, name="metrics"),
    path("operations/", dashboard_views.operations_page, name="operations"),
    path("operations/live/", dashboard_views.operations_live, name="live"),
    path("operations/pause-all/", action_views.pause_every, name="pause_every"),
    path("operations/resume-all/", action_views.resume_every, name="resume_every"),
    path("operations/runs/", run_views.runs_page, name="runs"),
    path("operations/runs/retry/", action_views.retry_many, name="retry_many"),
    path("operations/runs/<int:run_id>/retry/", action_views.retry, name="retry"),
    path("operations/jobs/<int:job_id>/run-now/", action_views.run_now, name="run_now"),
    path("operations/jobs/<int:job_id>/pause/", action_views.pause, name="pause"),
    path("operations/jobs/<int:job_id>/resume/", action_views.resume, name="resume"),
    path("operations/jobs/<int:job_id>/cancel/", action_views.cancel_waiting, name="cancel_waiting"),
    path("operations/jobs/<int:job_id>/cadence/", action_views.change_cadence, name="change_cadence"),
    # A name may hold slashes, so nothing follows it.
    path("operations/schedules/<path:name>/", dashboard_views.schedule_page, name="schedule"),
    path("operations/live/<path:name>/", dashboard_views.schedule_live, name="schedule_live"),
]
