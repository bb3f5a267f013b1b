"""The form that takes a message."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class MessageForm(forms.Form):
    file = forms.FileField(
        label=_("Årsmeldingen fra fagsystemet"),
        help_text=_("En XML-fil (.xml), eller den samme pakket (.xml.gz)."),
        allow_empty_file=True,
        error_messages={"required": _("Velg filen med årsmeldingen før du sender.")},
    )
    dry_run = forms.BooleanField(
        label=_("Dette er en prøve som ikke skal telle"),
        help_text=_("Du ser alle feil og advarsler, men dataene hos registeret blir ikke endret."),
        required=False,
    )
