"""Charts of the whole country, put together of figures that were published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from django.db.models import Max, Sum
from django.utils.translation import gettext as _

from indicators import charts
from indicators.charts import Against, Chart, Kind, Place, Series, Subject, Value
from indicators.disclosure.table import NATION
from indicators.figures import Figure, Key
from indicators.formats.extract import source
from indicators.indicator import Indicator
from indicators.models import Level
from indicators.published import Release
from municipalities.models import Municipality, Population

TREND = "utvikling"  # the one drawing of several years


class County(NamedTuple):
    name: str
    value: Value
    municipalities: list[Value]


@dataclass(frozen=True)
class Atlas:
    """One indicator in one year over the whole country. `figures` hold all its years."""

    indicator: Indicator
    year: int
    release: Release
    figures: Mapping[Key, Figure]

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
        return (figure or Figure(area, Level.MUNICIPALITY, year or self.year)).value(named)

    @cached_property
    def nation(self) -> Value:
        return self.value(NATION)

    @property
    def _against(self) -> Against | None:
        return Against(self.nation, words=_("landet")) if self.nation.share is not None else None

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
        persons = self._inhabitants()
        places = [
            Place(self.value(each.pk), each.longitude, each.latitude, persons.get(each.pk, 0))
            for each in self.municipalities
            if each.longitude is not None and each.latitude is not None
        ]
        title = _("%(indicator)s, %(year)s") % {"indicator": self.indicator.short_title, "year": self.year}
        return charts.nation_map(self._subject(title, "kart"), places)

    def _inhabitants(self) -> dict[str, int]:
        """On 1 January of the year, or of the last year before it that is known."""
        whole = Population.objects.filter(district=None)
        last = whole.filter(year__lte=self.year).aggregate(year=Max("year"))["year"]
        rows = whole.filter(year=last).order_by().values_list("municipality").annotate(persons=Sum("persons"))
        return dict(rows)

    def beside(self) -> Chart:
        values = sorted((county.value for county in self.counties), key=lambda value: -(value.share or 0))
        return charts.comparison(self._subject(_("Fylkene"), "fylker"), values, self._against)

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

    def trend(self, areas: Iterable[str]) -> Chart:
        """The nation, whose story it is, and the areas that were chosen."""
        lines = [self._line(NATION, Kind.OWN), *(self._line(area, Kind.PEER) for area in areas)]
        title = _("%(indicator)s, år for år") % {"indicator": self.indicator.short_title}
        return charts.time_series(self._subject(title, TREND), lines)

    def _line(self, area: str, kind: Kind) -> Series:
        return Series(self.names.get(area, area), tuple(self.value(area, year, str(year)) for year in self.years), kind)

    def chosen(self, asked: Sequence[str], most: int = 6) -> list[str]:
        """Areas of the year among those asked for, each once."""
        return [area for area in dict.fromkeys(asked) if area in self.names and area != NATION][:most]
