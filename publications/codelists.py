"""The codes in published figures and what they mean, in the active language."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from indicators.models import Level
from municipalities.models import County, Municipality
from publications.suppression.table import NATION

# The standard signs of Statistics Norway (standardtegn) for what is missing, by status.
SIGNS = {"suppressed": ":", "not_reported": "..", "not_applicable": ".", "not_released": "..."}
# Why a figure is suppressed: the `note` of its row.
NOTES = {
    "few": gettext_lazy("det gjelder få personer"),
    "protects": gettext_lazy("et annet skjult tall kunne ellers regnes ut"),
    "level": gettext_lazy("indikatoren utgis ikke for så små kommuner"),
}
# An area that did not exist in the year stands in a cube all the same.
CANNOT_OCCUR = "."
MEANINGS = {
    ":": gettext_lazy(
        "Tallet kan ikke offentliggjøres: det gjelder for få personer, kunne røpe et annet tall, eller gis ikke ut for så små kommuner"
    ),
    "..": gettext_lazy("Tallet mangler: kommunen har ikke rapportert"),
    "...": gettext_lazy(
        "Tallet er ikke utgitt ennå: det venter til flere kommuner i fylket har rapportert, så ingen kan kjennes igjen på endringen"
    ),
    ".": gettext_lazy("Tallet kan ikke forekomme: det er ingen å telle, eller området fantes ikke det året"),
}
STATUSES = {
    "published": gettext_lazy("publisert"),
    "suppressed": gettext_lazy("skjult"),
    "not_reported": gettext_lazy("ikke rapportert"),
    "not_applicable": gettext_lazy("ikke aktuelt"),
    "not_released": gettext_lazy("ikke utgitt ennå"),
}
PUBLIC_LEVELS = (Level.NATION, Level.COUNTY, Level.MUNICIPALITY)
ORDER = {level.value: place for place, level in enumerate(PUBLIC_LEVELS)}


@dataclass(frozen=True)
class Area:
    """The nation, a county or a municipality number, with the first and last data year in which it was in use."""

    code: str
    name: str
    level: str
    county: str | None = None
    valid_from: int | None = None
    valid_to: int | None = None

    @property
    def label(self) -> str:
        """A name that no other area has, for readers who see it without number, level and year."""
        name = _("%(name)s fylke") % {"name": self.name} if self.level == Level.COUNTY.value else self.name
        return f"{name} ({self.valid_from}–{self.valid_to})" if self.valid_to else name


def areas(codes: Collection[str] = ()) -> dict[str, Area]:
    """Areas that figures may be of, through time, in the order of published rows: those named, or all. Two queries."""
    counties = {county.pk: county for county in County.objects.order_by("pk")}
    municipalities = Municipality.objects.order_by("pk").filter(**({"pk__in": codes} if codes else {}))
    found = [
        Area(NATION, _("Norge"), Level.NATION.value),
        *(_county(county) for county in counties.values()),
        *(_municipality(each, counties[each.county_id]) for each in municipalities),
    ]
    return {area.code: area for area in found if not codes or area.code in codes}


def _county(county: County) -> Area:
    return Area(county.pk, county.name, Level.COUNTY.value, None, county.valid_from, county.valid_to)


def _municipality(each: Municipality, county: County) -> Area:
    # So that the name, which may tell the county, asks no further query.
    each.county = county
    return Area(each.pk, str(each), Level.MUNICIPALITY.value, county.pk, each.valid_from, each.valid_to)
