"""How the message's own names and values are written for people."""

from __future__ import annotations

import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from django.db.models import Model
from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from municipalities import reference_data
from submissions.models import Answer, Contact, Person, Service, Submission, Topic

SUBJECTS: dict[type[Model], Promise] = {
    Submission: gettext_lazy("Meldingen"),
    Contact: gettext_lazy("Kontaktpersoner"),
    Person: gettext_lazy("Personer"),
    Service: gettext_lazy("Tjenester"),
    Answer: gettext_lazy("Daterte ja- og nei-svar"),
}
FIELDS: dict[str, Promise] = {
    "brukerNr": gettext_lazy("Brukernummer"),
    "tjenesteID": gettext_lazy("Tjeneste-ID"),
    "tjenesteType": gettext_lazy("Tjenestetype"),
    "soknadDato": gettext_lazy("Søknadsdato"),
    "vedtakDato": gettext_lazy("Vedtaksdato"),
    "startDato": gettext_lazy("Startdato"),
    "sluttDato": gettext_lazy("Sluttdato"),
    "timerPerUke": gettext_lazy("Timer i uken"),
    "tjenesteOrgNr": gettext_lazy("Organisasjonsnummer"),
    "typeID": gettext_lazy("Identtype"),
    "fodselsar": gettext_lazy("Fødselsår"),
    "kjonn": gettext_lazy("Kjønn"),
    "navn": gettext_lazy("Opplysning"),
    "svar": gettext_lazy("Svar"),
    "dato": gettext_lazy("Dato"),
}
YEARS = {"fodselsar"}


def field_label(name: str) -> str:
    """The field's name for people; of a field that has none, the message's own with spaces."""
    return str(FIELDS.get(name, name.replace("_", " ")))


@cache
def service_types() -> dict[str, str]:
    """Names of service types (code list 9151) by number."""
    return {row["code"]: row["name_nb"] for row in reference_data.rows("codelists/9151_tjenestetype")}


@cache
def topics() -> dict[str, Any]:
    return dict(Topic.choices)


def shown(name: str, value: Any) -> str:
    """A value as text in the active language; empty where the message had none. A service without an end goes on."""
    if value is None or value == "":
        return _("pågår") if name == "sluttDato" else ""
    if isinstance(value, bool):
        return _("ja") if value else _("nei")
    if isinstance(value, datetime.date):
        return date_format(value, "SHORT_DATE_FORMAT")
    if name == "tjenesteType":
        return _coded(str(value), service_types().get(str(value).lstrip("0").split(".")[0], ""))
    if name == "navn" and value in topics():
        return str(topics()[value])
    if isinstance(value, int | float | Decimal) and name not in YEARS:
        return number_format(value, use_l10n=True, force_grouping=True)
    return str(value)


def _coded(code: str, name: str) -> str:
    return f"{code} {name}" if name else code


def rows_removed(submission: Submission) -> str:
    """Why a submission whose rows were removed shows counts only; empty while they are there."""
    if submission.rows_removed_at is None:
        return ""
    return _(
        "Radene ble slettet %(day)s, fordi rader fra en slik innsending bare lagres i %(days)s dager. Antallene står fortsatt."
    ) % {"day": date_format(submission.rows_removed_at, "j. F Y"), "days": submission.rows_kept_days}
