"""Charts of the whole country, put together of figures that were published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from django.db.models import Sum
from django.utils.translation import gettext as _

import charts
from charts import Against, Chart, Kind, MapPlace, Series, Subject, Value
from charts.comparison import LEVEL, discovery_cutoff
from charts.trend import trend_of
from indicators.benchmark import Benchmark, benchmark_of
from indicators.indicator import Indicator
from indicators.models import Level
from municipalities.models import Municipality
from municipalities.population import populations
from publications.figures import Figure, FigureKey
from publications.formats.extract import source
from publications.selectors import Release
from publications.suppression.table import NATION

MOST_CHOSEN = 6
TREND = "utvikling"  # the one drawing of several years


class County(NamedTuple):
    name: str
    value: Value
    municipalities: list[Value]


@dataclass(frozen=True)
class NationCharts:
    """One indicator in one year over the whole country. `figures` hold all its years. `chosen` are the areas that the reader
    asked for; the page is about the first of them, else about the nation."""

    indicator: Indicator
    year: int
    release: Release
    figures: Mapping[FigureKey, Figure]
    chosen: Sequence[str] = ()

    @property
    def subject(self) -> str:
        return self.chosen[0] if self.chosen else NATION

    @cached_property
    def municipalities(self) -> list[Municipality]:
        return list(Municipality.objects.in_year(self.year).select_related("county"))

    @cached_property
    def names(self) -> dict[str, str]:
        counties = {each.county_id: each.county.name for each in self.municipalities}
        return {NATION: _("Norge"), **counties, **{each.pk: str(each) for each in self.municipalities}}

    @property
    def years(self) -> list[int]:
        return sorted({year for _code, year, _area in self.figures})

    def value(self, area: str, year: int | None = None, label: str = "") -> Value:
        figure = self.figures.get((self.indicator.code, year or self.year, area))
        named = label or self.names.get(area, area)
        own = area == self.subject != NATION
        return (figure or Figure(area, Level.MUNICIPALITY, year or self.year)).value(named, own=own)

    @property
    def subject_value(self) -> Value:
        return self.value(self.subject)

    @property
    def beside_nation(self) -> Benchmark | None:
        return self._beside_nation(self.cutoff)

    def _beside_nation(self, cutoff: float = LEVEL) -> Benchmark | None:
        """The subject held against the rest of the nation."""
        if self.subject == NATION or self.nation.share is None:
            return None
        own = self.subject_value
        return benchmark_of(self.indicator, own, self.nation, words=_("landet"), part=own, cutoff=cutoff)

    @cached_property
    def cutoff(self) -> float:
        """The p-value up to which what the page says of the subject is probably real: beside the nation, and through the years."""
        beside, through_years = self._beside_nation(), trend_of(self._line(self.subject, Kind.OWN).values)
        return discovery_cutoff([beside.p_value if beside else None, through_years])

    @cached_property
    def nation(self) -> Value:
        return self.value(NATION)

    @property
    def _against(self) -> Against | None:
        if self.nation.share is None:
            return None
        benchmark = self.beside_nation
        return benchmark.against if benchmark else Against(self.nation, words=_("landet"))

    @property
    def values(self) -> list[Value]:
        return [self.value(each.pk) for each in self.municipalities]

    @property
    def counties(self) -> list[County]:
        """By name, each with its municipalities by name."""
        inside: dict[str, list[Municipality]] = {}
        for each in sorted(self.municipalities, key=str):
            inside.setdefault(each.county_id, []).append(each)
        found = [
            County(self.names[code], self.value(code), [self.value(e.pk) for e in some])
            for code, some in inside.items()
        ]
        return sorted(found, key=lambda county: county.name)

    # --- Charts -----------------------------------------------------------------------------------------------------

    def _subject(self, title: str, name: str) -> Subject:
        published = _("utgave %(number)s") % {"number": self.release.number}
        return Subject(title=title, name=name, source=f"{_('Kilde: %s') % source()}, {published}")

    def map(self) -> Chart:
        """Circles by inhabitants, which are public; never by how many are counted."""
        persons = dict(populations(self.year).values_list("municipality").annotate(Sum("persons")))
        places = [
            MapPlace(self.value(each.pk), each.longitude, each.latitude, persons.get(each.pk, 0))
            for each in self.municipalities
            if each.longitude is not None and each.latitude is not None
        ]
        title = _("%(indicator)s, %(year)s") % {"indicator": self.indicator.short_title, "year": self.year}
        return charts.nation_map(self._subject(title, "kart"), places)

    def beside(self) -> Chart:
        """The counties, and the chosen municipalities among them. A municipality that is its own county stands there once."""
        chosen = [area for area in self.chosen if len(area) == 4]
        counties = {each.county_id for each in self.municipalities} - {self._county_alone(area) for area in chosen}
        values = [self.value(area) for area in (*chosen, *sorted(counties))]
        ordered = sorted(values, key=lambda value: -(value.share or 0))
        title = _("Fylkene og det du har valgt") if chosen else _("Fylkene")
        return charts.comparison(self._subject(title, "fylker"), ordered, self._against, self._first(chosen))

    def _first(self, chosen: Sequence[str]) -> str:
        return _("Område") if chosen else _("Fylke")

    def _county_alone(self, area: str) -> str:
        """The county that this municipality makes up alone (Oslo), else empty."""
        county = next((each.county_id for each in self.municipalities if each.pk == area), "")
        return county if sum(each.county_id == county for each in self.municipalities) == 1 else ""

    def spread(self) -> Chart | None:
        if self._against is None:
            return None
        return charts.distribution(
            self._subject(_("Så mange kommuner ligger hvor"), "fordeling"), self.values, self._against
        )

    def funnel(self) -> Chart | None:
        if self._against is None:
            return None
        title = _("Er forskjellene større enn tilfeldigheter gir?")
        return charts.funnel(self._subject(title, "trakt"), self.values, self._against)

    def trend(self) -> Chart:
        """The subject's own story; the nation and the other chosen areas beside it."""
        others = [area for area in self.chosen if area != self.subject]
        nation = [] if self.subject == NATION else [self._line(NATION, Kind.NATION)]
        lines = [self._line(self.subject, Kind.OWN), *nation, *(self._line(area, Kind.PEER) for area in others)]
        title = _("%(indicator)s, år for år") % {"indicator": self.indicator.short_title}
        return charts.time_series(self._subject(title, TREND), lines, self.cutoff)

    def _line(self, area: str, kind: Kind) -> Series:
        return Series(self.names.get(area, area), tuple(self.value(area, year, str(year)) for year in self.years), kind)

    # --- Choosing ---------------------------------------------------------------------------------------------------

    def with_chosen(self, asked: Sequence[str]) -> NationCharts:
        """About those of the areas asked for that the year has, each once."""
        known = [area for area in dict.fromkeys(asked) if area in self.names and area != NATION]
        return replace(self, chosen=tuple(known[:MOST_CHOSEN]))

    @property
    def labels(self) -> dict[str, str]:
        """What the search field offers, by number: «4601 Bergen», «46 Vestland fylke»."""
        places = {area: name for area, name in self.names.items() if area != NATION}
        return {area: f"{area} {self._label(area, name)}" for area, name in places.items()}

    def _label(self, area: str, name: str) -> str:
        return _("%(name)s fylke") % {"name": name} if len(area) == 2 else name

    def find(self, words: str) -> str:
        """The area of this number or name, as the search field offers it or as somebody types it; empty where there is none."""
        sought = words.strip().casefold()
        number = sought.split(" ", 1)[0]
        if number in self.labels:
            return number
        named = {self.names[area].casefold(): area for area in reversed(self.labels)}
        full = {self._label(area, self.names[area]).casefold(): area for area in self.labels}
        return full.get(sought) or named.get(sought, "")

    @property
    def chips(self) -> list[tuple[str, list[str]]]:
        """Each chosen area's name, with those that are left without it."""
        return [(self.names[area], [each for each in self.chosen if each != area]) for area in self.chosen]
