"""The drawings of an indicator's page: through time, beside peers, among all municipalities, unit by unit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from django.utils.translation import gettext as _

import charts
from charts import Against, Chart, Kind, Series, Subject, Value
from dashboards.drill_down import DrillDown
from dashboards.page_scope import line
from indicators.models import Level
from publications.formats.extract import source
from publications.suppression.table import NATION

MOST_LINES = 6
MOST_UNITS = 40


@dataclass(frozen=True)
class PageCharts:
    drill_down: DrillDown

    @property
    def all(self) -> Iterator[Chart]:
        """Those that there is something to draw in."""
        drawn = (self.trend, self.peers, self.funnel, self.spread, self.units, self.districts)
        return (chart for chart in drawn if chart)

    def _subject(self, title: str, name: str) -> Subject:
        return Subject(title=title, name=name, source=self._source)

    @property
    def _source(self) -> str:
        release = self.drill_down.view.release
        return _("Kilde: %s") % source() + (f", {_('utgave')} {release.number}" if release else "")

    # --- Through time -----------------------------------------------------------------------------------------------

    @cached_property
    def trend(self) -> Chart:
        title = _("%(indicator)s, år for år") % {"indicator": self.drill_down.indicator.short_title}
        return charts.time_series(self._subject(title, "utvikling"), list(self._lines()), self.drill_down.view.cutoff)

    def _lines(self) -> Iterator[Series]:
        """Of a unit, or of the municipality where the unit has no figures. Peers only where they were chosen by name: a group
        would be a tangle."""
        view, indicator, peers = self.drill_down.view, self.drill_down.indicator, self.drill_down.peers
        unit = line(view, indicator, view.own_areas(), view.name, Kind.OWN) if view.unit else None
        if unit and unit.last:
            yield unit
            yield line(view, indicator, view.numbers, str(view.place.municipality), Kind.COUNTY)
        else:
            yield line(view, indicator, view.numbers, str(view.place.municipality), Kind.OWN)
            yield line(view, indicator, view.counties(), view.county[1], Kind.COUNTY)
        yield line(view, indicator, dict.fromkeys(view.years, NATION), _("Norge"), Kind.NATION)
        for peer in () if peers.group else peers.chosen[:MOST_LINES]:
            numbers = self.drill_down.neighbours.through_years(peer.municipality, view.years)
            yield line(view, indicator, numbers, str(peer.municipality), Kind.PEER)

    # --- Beside peers and among all ---------------------------------------------------------------------------------

    @cached_property
    def peers(self) -> Chart | None:
        """The municipality among its peers; also where a unit is chosen, for only municipalities are published."""
        if not self.drill_down.rows:
            return None
        others = sorted((value for _peer, value in self.drill_down.rows), key=lambda value: -(value.share or 0))
        title = _("%(name)s beside de andre") % {"name": self.drill_down.view.place.municipality}
        values = [self.drill_down.municipality_value.drawn, *others]
        return charts.comparison(self._subject(title, "andre"), values, self._yardstick) if _drawn(values) else None

    @property
    def _yardstick(self) -> Against | None:
        """The peers' sum, else the nation."""
        benchmark = self.drill_down.sum_benchmark
        return benchmark.against if benchmark else self._nation

    @property
    def _nation(self) -> Against | None:
        benchmark = self.drill_down.view.municipality_beside_nation(self.drill_down.indicator)
        return benchmark.against if benchmark and benchmark.other.share is not None else None

    @cached_property
    def _all(self) -> Sequence[Value]:
        """Every municipality of the year, own in full and the others as published."""
        view, indicator, own = self.drill_down.view, self.drill_down.indicator, self.drill_down.municipality_value
        names = self.drill_down.neighbours.names()
        published = [
            view.published_value(indicator, code, name) for code, name in names.items() if code != view.municipality
        ]
        return [*published, own.drawn]

    @cached_property
    def funnel(self) -> Chart | None:
        nation = self._nation
        if nation is None:
            return None
        title = _("Er forskjellen større enn tilfeldigheter gir?")
        return charts.funnel(self._subject(title, "trakt"), self._all, nation)

    @cached_property
    def spread(self) -> Chart | None:
        if self._nation is None:
            return None
        title = _("Så mange kommuner ligger hvor")
        return charts.distribution(self._subject(title, "fordeling"), self._all, self._nation)

    # --- Within the municipality ------------------------------------------------------------------------------------

    @cached_property
    def units(self) -> Chart | None:
        """Side by side for those who may see the whole; the leader of one sees it beside the municipality."""
        view, subject = self.drill_down.view, self._subject(_("Enhetene ved siden av hverandre"), "enheter")
        if not view.sees_whole:
            return self._one_unit() if self.drill_down.value.drawn.share is not None else None
        names = {unit.organisation_number: str(unit) for unit in view.units}
        values = self._parts(Level.UNIT, names)
        return charts.units(subject, values, self._whole, view.cutoff) if _drawn(values) > 1 else None

    def _one_unit(self) -> Chart:
        view = self.drill_down.view
        subject = self._subject(_("%(unit)s og hele kommunen") % {"unit": view.name}, "enheter")
        values = [self.drill_down.value, view.municipality_value(self.drill_down.indicator)]
        return charts.comparison(subject, values, self.drill_down.benchmarks[0].against)

    @property
    def _whole(self) -> Against | None:
        value = self.drill_down.view.municipality_value(self.drill_down.indicator)
        return Against(value) if value.drawn.share is not None else None

    def _parts(self, level: Level, names: Mapping[str, str]) -> list[Value]:
        """The largest where there are very many; highest share first."""
        view, code, year = self.drill_down.view, self.drill_down.indicator.code, self.drill_down.view.place.year
        found = [view.ours.get((code, year, area)) for area in names]
        there = [each for each in found if each and each.level == level and each.denominator]
        largest = sorted(there, key=lambda each: -(each.denominator or 0))[:MOST_UNITS]
        values = [each.value(names[each.area], own=each.area == view.area).drawn for each in largest]
        return sorted(values, key=lambda value: (-(value.share or 0), value.label))

    @cached_property
    def districts(self) -> Chart | None:
        view = self.drill_down.view
        values = self._parts(Level.DISTRICT, view.districts)
        if _drawn(values) < 2:
            return None
        subject = self._subject(_("Bydelene ved siden av hverandre"), "bydeler")
        chart = charts.units(subject, values, self._whole, view.cutoff)
        return replace(chart, table=chart.table.first_named(_("Bydel")))


def _drawn(values: Sequence[Value]) -> int:
    return sum(value.share is not None for value in values)
