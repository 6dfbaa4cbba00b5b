"""What every form that edits a job has: two people may have it open at once."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.db import transaction

from scheduling.exceptions import ConflictError, SchedulingError
from scheduling.ledger.editions import edition_of
from scheduling.models import Job
from scheduling.operations import changing

if TYPE_CHECKING:
    _ModelForm = forms.ModelForm[Any]
else:
    _ModelForm = forms.ModelForm

EDITION = "edition"


class EditedTogether(_ModelForm):
    """A form that knows which edition of a job it shows, and what its user has touched.

    What it showed is posted back beside every field, so that a field counts as touched only where its user
    changed what was shown to him, whatever it has become meanwhile. When somebody else edited the job, the
    form is refused once and says so; what is then saved again is what its user touched, and nothing else.
    """

    edition = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def show_edition(self, job: Job) -> None:
        """To be called at the end of `__init__`, when the form has all of its fields."""
        self.edited = job
        self.initial[EDITION] = edition_of(job)
        for name, field in self.fields.items():
            # A program that posts the fields alone is measured by what is stored.
            is_told = any(key.startswith(self.add_initial_prefix(name)) for key in self.data)
            field.show_hidden_initial = name != EDITION and (is_told or not self.is_bound)

    def apply(self, *, by: str) -> Any:
        """Make the changes, and have them kept; raises a `SchedulingError` for what cannot be."""
        raise NotImplementedError

    def rehearse(self) -> None:
        """Make the changes and take them back, so that what refuses them is told beside what was typed.

        The rules are those of the operation, and so are the rows that it needs, which somebody may hold.
        """
        try:
            with transaction.atomic():
                self.apply(by="")
                transaction.set_rollback(True)
        except SchedulingError as exc:
            raise forms.ValidationError(str(exc)) from exc

    @property
    def touched(self) -> list[str]:
        return [name for name in self.changed_data if name != EDITION]

    def require_unchanged(self) -> None:
        """Refuse what somebody else has changed meanwhile; to be called when everything else is in order."""
        if not self.touched:
            return
        try:
            changing.require_unchanged(self.edited.name, expected=self.cleaned_data.get(EDITION))
        except ConflictError as exc:
            self.data = {**self.data.dict(), self.add_prefix(EDITION): str(edition_of(self.edited))}  # type: ignore[attr-defined]
            raise forms.ValidationError(
                f"{exc} Save once more to change, beside that, what you have changed here: "
                f"{', '.join(self.touched)}."
            ) from exc


def with_edition(fieldsets: Any, may_change: bool) -> Any:
    """The fieldsets of an admin page, with the hidden field where there is a form."""
    return (*fieldsets, (None, {"fields": (EDITION,)})) if may_change else fieldsets
