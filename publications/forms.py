"""The form by which registry staff order a correction."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from publications.current_counts import reported_years

MOST_LETTERS = 500


class CorrectionForm(forms.Form):
    year = forms.TypedChoiceField(label=_("Dataår"), coerce=int)
    public_reason = forms.CharField(
        label=_("Hvorfor tallene rettes"),
        help_text=_("Begrunnelsen vises åpent sammen med utgaven. Skriv ikke noe om enkeltpersoner."),
        max_length=MOST_LETTERS,
        widget=forms.Textarea(attrs={"rows": 3, "class": "ds-input"}),
        error_messages={"required": _("Skriv hvorfor tallene rettes, så leserne vet det.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["year"].choices = [(year, str(year)) for year in reversed(reported_years())]  # type: ignore[attr-defined]
