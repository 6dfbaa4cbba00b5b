"""What people may change about a job beside its cadence: what `scheduler set` can change."""

from datetime import timedelta
from typing import Any, ClassVar

from django import forms

from scheduling.clock import database_now
from scheduling.conditions import condition_names
from scheduling.exceptions import CadenceError
from scheduling.models import Job
from scheduling.operations import changing
from scheduling.operations.rules import DURATIONS
from scheduling.pages.editing import EditedTogether
from scheduling.timing.durations import parse_duration, show_duration

# Those that say how a job is chained and when it ends, which are not fields of `operations.change`.
_ARGUMENTS = ("after", "repeats")


class DurationText(forms.CharField):
    """A duration as it is written everywhere else here: 45s, 10min, 6h or 1d12h."""

    def prepare_value(self, value: Any) -> Any:
        return show_duration(value) if isinstance(value, timedelta) else value

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        try:
            return parse_duration(text) if text else None
        except CadenceError as exc:
            raise forms.ValidationError(str(exc)) from exc

    def has_changed(self, initial: Any, data: Any) -> bool:
        return (self.prepare_value(initial) or "") != (data or "").strip()


class JobForm(EditedTogether):
    """The policies of a job. What makes no sense is refused by the same rules as on the command line."""

    repeats = forms.IntegerField(
        label="Count", min_value=-1, help_text="So many occurrences are left; -1 is no end."
    )

    class Meta:
        model = Job
        fields = (
            "after",
            "ends_at",
            "overlap",
            "catch_up",
            "max_attempts",
            "pause_after_failures",
            "keep_newest",
            "parameters",
            "parameters_b",
            *DURATIONS,
        )
        field_classes: ClassVar = dict.fromkeys(DURATIONS, DurationText)
        # The admin's own widgets would split or translate these.
        widgets: ClassVar = dict.fromkeys(DURATIONS, forms.TextInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        schedule = self.instance.schedule
        assert schedule is not None, "only a job that has a schedule is edited"
        self.initial["repeats"] = schedule.repeats
        names = ["", *condition_names()]
        self.fields["condition"] = forms.ChoiceField(
            required=False,
            choices=[(name, name or "none") for name in names],
            initial=self.instance.condition,
            help_text="A run that it refuses is skipped.",
        )
        leaders = Job.objects.filter(schedule__isnull=False).exclude(pk=self.instance.pk)
        self.fields["after"].queryset = leaders  # type: ignore[attr-defined]
        self.show_edition(self.instance)

    def clean_parameters(self) -> Any:
        """Nothing typed is no parameters, which are never absent."""
        return self.cleaned_data["parameters"] or {}

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            self.rehearse()
            self.require_unchanged()
        return cleaned

    def apply(self, *, by: str) -> str:
        """Make the changes, and have them kept; returns them in words, empty when there are none."""
        chosen = {name: self.cleaned_data[name] for name in self.touched}
        leader: Job | None = chosen.get("after")
        return changing.change(
            self.instance.name,
            by=by,
            now=database_now(),
            after=(leader.name if leader else "") if "after" in chosen else None,
            repeats=chosen.get("repeats"),
            fields={name: value for name, value in chosen.items() if name not in _ARGUMENTS},
        )
