"""Every steering figure by name: what it is called, what it is counted in, and what it tells."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Unit(TextChoices):
    PERSONS = "persons", _("personer")
    SERVICES = "services", _("tjenester")
    HOURS = "hours", _("timer i uken")
    DAYS = "days", _("dager")
    SHARE = "share", _("andel")
    ROWS = "rows", _("uten svar")


# Decimals that are shown; of a share they are those of its per cent. Stored are four, of the figure's own unit.
DECIMALS = {Unit.HOURS: 1, Unit.SHARE: 1}


@dataclass(frozen=True)
class SteeringFigure:
    code: str
    title: Promise
    unit: Unit
    explanation: Promise

    @property
    def decimals(self) -> int:
        return DECIMALS.get(self.unit, 0)


FIGURES = (
    SteeringFigure(
        "persons",
        _("Personer med tjenester"),
        Unit.PERSONS,
        _(
            "Personer som har tjenesten ved utgangen av året. Den som har flere tjenester telles én gang i hver, og én gang "
            "i alt. De utgåtte boligtypene 12 og 13 regnes som 29."
        ),
    ),
    SteeringFigure(
        "hours-low",
        _("Timer i uken, de som har minst"),
        Unit.HOURS,
        _("En av fire har færre timer i uken enn dette."),
    ),
    SteeringFigure(
        "hours-median",
        _("Timer i uken, den midterste"),
        Unit.HOURS,
        _(
            "Den midterste: halvparten har færre timer i uken av tjenesten, halvparten flere. Tjenester uten timer er ikke med."
        ),
    ),
    SteeringFigure(
        "hours-high",
        _("Timer i uken, de som har mest"),
        Unit.HOURS,
        _("En av fire har flere timer i uken enn dette."),
    ),
    SteeringFigure(
        "technology",
        _("Personer med velferdsteknologi"),
        Unit.PERSONS,
        _("Trygghetsalarm, lokalisering, elektronisk medisineringsstøtte eller digitalt tilsyn ved utgangen av året."),
    ),
    SteeringFigure(
        "technology-share",
        _("Andel med velferdsteknologi"),
        Unit.SHARE,
        _("Av alle som har tjenester ved utgangen av året."),
    ),
    SteeringFigure("flow-services-new", _("Nye tjenester"), Unit.SERVICES, _("Tjenester som begynte i måneden.")),
    SteeringFigure(
        "flow-services-ended", _("Avsluttede tjenester"), Unit.SERVICES, _("Tjenester som sluttet i måneden.")
    ),
    SteeringFigure(
        "flow-services-at-end",
        _("Tjenester ved slutten av måneden"),
        Unit.SERVICES,
        _("Tjenester som pågikk ved utgangen av måneden. De som sluttet den siste dagen er ikke med."),
    ),
    SteeringFigure(
        "flow-persons-new",
        _("Nye personer"),
        Unit.PERSONS,
        _("Personer med tjenester ved slutten av måneden, men ikke ved slutten av måneden før."),
    ),
    SteeringFigure(
        "flow-persons-ended",
        _("Personer som sluttet"),
        Unit.PERSONS,
        _("Personer uten tjenester ved slutten av måneden, som hadde det ved slutten av måneden før."),
    ),
    SteeringFigure(
        "flow-persons-at-end",
        _("Personer ved slutten av måneden"),
        Unit.PERSONS,
        _("Personer med minst én tjeneste ved utgangen av måneden."),
    ),
    SteeringFigure(
        "round-the-clock",
        _("Heldøgnstilbud"),
        Unit.PERSONS,
        _("Personer der siste daterte svar på heldøgnstilbud er ja."),
    ),
    SteeringFigure(
        "waiting-list",
        _("På venteliste ved utgangen av året"),
        Unit.PERSONS,
        _("Personer der siste daterte svar på venteliste for langtidsplass eller lignende bolig er ja."),
    ),
    SteeringFigure(
        "waited-median",
        _("Dager på venteliste, den midterste"),
        Unit.DAYS,
        _("Den midterste ventetiden, fra ja til nei, for dem som ble tatt av ventelisten i løpet av året."),
    ),
    SteeringFigure(
        "waited-long",
        _("Dager på venteliste, de lengste"),
        Unit.DAYS,
        _("Én av ti ventet lenger enn dette."),
    ),
    SteeringFigure(
        "rehabilitation-yes",
        _("Rehabilitering utenfor institusjon, ja"),
        Unit.PERSONS,
        _("Personer med minst ett ja til habilitering eller rehabilitering."),
    ),
    SteeringFigure(
        "rehabilitation-no",
        _("Rehabilitering utenfor institusjon, bare nei"),
        Unit.PERSONS,
        _("Personer med nei og uten noe ja."),
    ),
    SteeringFigure(
        "completeness",
        _("Utfylt"),
        Unit.SHARE,
        _("Andelen der opplysningen er meldt, av dem den gjelder for."),
    ),
    SteeringFigure(
        "unanswered",
        _("Mangler"),
        Unit.ROWS,
        _("Så mange tjenester eller personer mangler opplysningen."),
    ),
)

FOLLOWUPS = (
    SteeringFigure(
        "followup-hours-missing",
        _("Personer som mangler timer der det er påkrevd"),
        Unit.PERSONS,
        _("Personer med minst én tjeneste som gis i timer og mangler timer i uken."),
    ),
    SteeringFigure(
        "followup-hours-over-168",
        _("Personer med mer enn 168 timer i uken"),
        Unit.PERSONS,
        _("Én tjeneste, eller alle ved utgangen av året til sammen."),
    ),
    SteeringFigure(
        "followup-technology-start-missing",
        _("Velferdsteknologi: personer som mangler startdato"),
        Unit.PERSONS,
        _("Personer med minst én slik tjeneste uten startdato."),
    ),
    SteeringFigure(
        "followup-organisation-missing",
        _("Tjenester som mangler påkrevd organisasjonsnummer"),
        Unit.SERVICES,
        _("Tjenester gitt i løpet av året der nummeret er påkrevd."),
    ),
    SteeringFigure(
        "followup-organisation-invalid",
        _("Tjenester med ugyldig organisasjonsnummer"),
        Unit.SERVICES,
        _("Nummeret er gitt, men er ikke et gyldig nummer."),
    ),
    SteeringFigure(
        "followup-round-the-clock",
        _("Personer med ja til heldøgnstilbud"),
        Unit.PERSONS,
        _("Minst ett ja i meldingen."),
    ),
    SteeringFigure(
        "followup-waiting-list",
        _("Personer med ja til venteliste"),
        Unit.PERSONS,
        _("Minst ett ja i meldingen."),
    ),
    SteeringFigure(
        "followup-rehabilitation-yes",
        _("Rehabilitering utenfor institusjon, ja"),
        Unit.PERSONS,
        _("Minst ett ja i meldingen."),
    ),
    SteeringFigure(
        "followup-rehabilitation-no",
        _("Rehabilitering utenfor institusjon, nei"),
        Unit.PERSONS,
        _("Nei og ikke noe ja i meldingen."),
    ),
    SteeringFigure(
        "followup-type-16",
        _("Tjenester med den utgåtte typen 16"),
        Unit.SERVICES,
        _("Re- og habilitering utenfor institusjon gikk ut som tjenestetype fra 2019."),
    ),
)

BY_CODE = {figure.code: figure for figure in (*FIGURES, *FOLLOWUPS)}
