"""What people may change about a schedule."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib.admin.widgets import AdminSplitDateTime
from django_q.models import Schedule

from scheduling.clock import database_now
from scheduling.exceptions import SchedulingError
from scheduling.models import Job
from scheduling.operations import changing
from scheduling.operations.retiming import require_clock
from scheduling.operations.rules import require_room_to_stretch
from scheduling.operations.setting_up import LONGEST_MINUTES
from scheduling.pages.editing import EditedTogether
from scheduling.timing.cadence import Cadence, Cron, Every
from scheduling.timing.durations import parse_duration
from scheduling.timing.zones import require_canonical

CADENCE_FIELDS = ("schedule_type", "minutes", "every_seconds", "offset_seconds", "cron", "time_zone")
LONGEST_SECONDS = 2_147_483_647

_TYPES = (
    (Schedule.MINUTES, "Every so many minutes or seconds"),
    (Schedule.HOURLY, "Hourly"),
    (Schedule.DAILY, "Daily"),
    (Schedule.WEEKLY, "Weekly"),
    (Schedule.CRON, "Cron"),
)


def read_cadence(text: str, *, job: Job) -> Cadence:
    """An interval such as 45s, on the grid that the job has, or a cron expression in its time zone.

    Raises `CadenceError` for what is neither.
    """
    if len(text.split()) in (5, 6):
        return Cron(text.strip(), job.time_zone)
    return Every(parse_duration(text) // timedelta(seconds=1), job.offset_seconds)


class CadenceForm(EditedTogether):
    """The cadence and the next run of a schedule of ours, and nothing that names code.

    Whoever may edit `func`, `hook` or the arguments of a schedule may run any callable.
    """

    schedule_type = forms.ChoiceField(label="Cadence", choices=_TYPES)
    minutes = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=LONGEST_MINUTES,
        help_text="An interval of whole minutes.",
    )
    every_seconds = forms.IntegerField(
        label="Seconds",
        required=False,
        min_value=1,
        max_value=LONGEST_SECONDS,
        help_text="An interval that is not whole minutes; leave the minutes empty then.",
    )
    offset_seconds = forms.IntegerField(
        label="Offset",
        required=False,
        min_value=0,
        max_value=LONGEST_SECONDS,
        help_text="Puts the interval on the clock's own grid, this many seconds after it.",
    )
    # Not the model's own field, whose check has the seconds of a cron expression last.
    cron = forms.CharField(
        required=False,
        max_length=100,
        help_text="minute hour day month weekday, or six fields with the seconds first.",
    )
    time_zone = forms.CharField(
        required=False, max_length=64, help_text="An IANA name such as Europe/Berlin; for cron only."
    )
    # The page's own idea of the next run is posted back beside it: by the time somebody saves,
    # the schedule has moved on, and an untouched field must not set it back.
    next_run = forms.SplitDateTimeField(
        label="Next run",
        required=False,
        widget=AdminSplitDateTime,
        show_hidden_initial=True,
        help_text="UTC. Empty, or untouched beside a new cadence, means one interval after the last "
        "occurrence; the past means now.",
    )

    class Meta:
        model = Schedule
        fields = ("schedule_type", "minutes", "next_run")
        exclude = ("cron",)
        help_texts: ClassVar = {"name": "", "func": ""}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.job: Job = self.instance.job
        self.initial["every_seconds"] = self.job.every_seconds
        self.initial["offset_seconds"] = self.job.offset_seconds
        self.initial["time_zone"] = self.job.time_zone
        self.initial["cron"] = self.instance.cron
        if self.job.paused_at is not None:
            # What its row says lies in the pause, and may have passed.
            self.initial["next_run"] = None
        self.show_edition(self.job)

    def clean_time_zone(self) -> str:
        name: str = self.cleaned_data["time_zone"] or "UTC"
        if name != self.job.time_zone:
            try:
                require_canonical(name)
            except SchedulingError as exc:
                raise forms.ValidationError(str(exc)) from exc
        return name

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors or not self.changes_timing:
            return cleaned
        try:
            require_clock(self.job)
            self.require_unchanged()
            self._keep_untouched(cleaned)
            self._apply_cadence(cleaned)
            str(self.job.cadence)
        except SchedulingError as exc:
            raise forms.ValidationError(str(exc)) from exc
        if {*CADENCE_FIELDS} & {*self.changed_data}:
            self._require_room_to_stretch()
        self.rehearse()
        return cleaned

    def apply(self, *, by: str) -> None:
        """Write the timing alone, and only when it was edited: the dispatcher moves it on meanwhile."""
        if not self.changes_timing:
            return
        now, chosen = database_now(), self.chosen_next_run
        # An instant that has passed would count everything since as missed.
        next_run = max(chosen, now) if chosen else None
        changing.reschedule(self.job, next_run=next_run, by=by, now=now)

    @property
    def chosen_next_run(self) -> datetime | None:
        """The next run somebody typed; None when the cadence is to say it."""
        if "next_run" not in self.changed_data:
            return None
        chosen: datetime | None = self.cleaned_data["next_run"]
        return chosen

    @property
    def changes_timing(self) -> bool:
        return bool({*CADENCE_FIELDS, "next_run"} & {*self.changed_data})

    def _require_room_to_stretch(self) -> None:
        """What the operation refuses as well is told beside the cadence."""
        try:
            require_room_to_stretch(self.job)
        except SchedulingError as exc:
            raise forms.ValidationError({"schedule_type": str(exc)}) from exc

    def _keep_untouched(self, cleaned: dict[str, Any]) -> None:
        """A field that nobody touched is what it is by now, and not what this page showed."""
        stored = Schedule.objects.select_related("job").get(pk=self.instance.pk)
        for name in CADENCE_FIELDS:
            if name not in self.changed_data:
                source: Any = stored if name in ("schedule_type", "minutes", "cron") else stored.job
                cleaned[name] = getattr(source, name)

    def _apply_cadence(self, cleaned: dict[str, Any]) -> None:
        """Give the job and its row in memory what was asked for, and nothing beside it."""
        schedule_type = cleaned["schedule_type"]
        by_interval = schedule_type == Schedule.MINUTES
        if by_interval and cleaned["minutes"] and cleaned["every_seconds"]:
            raise forms.ValidationError("Give either minutes or seconds, not both.")
        if schedule_type == Schedule.CRON and not cleaned["cron"]:
            raise forms.ValidationError({"cron": "A cron cadence needs its expression."})
        cleaned["minutes"] = cleaned["minutes"] if by_interval else None
        self.job.every_seconds = cleaned["every_seconds"] if by_interval else None
        self.job.offset_seconds = None if schedule_type == Schedule.CRON else cleaned["offset_seconds"]
        self.job.time_zone = cleaned["time_zone"]
        self.job.schedule = self.instance
        self.instance.schedule_type = schedule_type
        self.instance.minutes = cleaned["minutes"]
        self.instance.cron = cleaned["cron"] if schedule_type == Schedule.CRON else None
