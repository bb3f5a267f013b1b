"""Forms of login and of units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.utils.translation import gettext_lazy as _

from municipalities.models import Unit


class LoginForm(AuthenticationForm):
    """Says the same whether the name or the password was wrong."""

    error_messages = {
        "invalid_login": _("Brukernavnet eller passordet er feil. Kontroller begge, og prøv igjen."),
        "inactive": _("Brukernavnet eller passordet er feil. Kontroller begge, og prøv igjen."),
    }


class UnitNamesForm(forms.Form):
    """One field for the name of each unit."""

    def __init__(self, units: Sequence[Unit], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.units = units
        for unit in units:
            self.fields[unit.organisation_number] = forms.CharField(
                label=unit.organisation_number, max_length=100, required=False, initial=unit.name
            )

    def save(self) -> list[Unit]:
        """Store the names that differ; returns those units."""
        changed = [unit for unit in self.units if self.cleaned_data[unit.organisation_number] != unit.name]
        for unit in changed:
            unit.name = self.cleaned_data[unit.organisation_number]
        Unit.objects.bulk_update(changed, ["name"])
        return changed
