"""Whose figures a page shows, to whom: a municipality in a year or one of its units, with what it is held against."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from django.db.models import TextChoices
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from charts import Missing, Value
from charts.comparison import LEVEL, discovery_cutoff
from charts.trend import Kind, Series
from indicators.benchmark import Benchmark, benchmark_of, change_of
from indicators.definitions import INDICATORS
from indicators.indicator import Indicator
from indicators.models import IndicatorValue, Level
from municipalities.access import Access, visible
from municipalities.models import District, Unit
from municipalities.pages import Place, access_of, find_place, in_year
from municipalities.reference_data import FIRST_YEAR
from publications.figures import Figure, FigureKey, own, published
from publications.selectors import Release, newest
from publications.suppression.table import NATION
from quality.selectors import Finding, Findings, findings_of
from submissions.models import Submission
from submissions.selectors import History, history


class State(TextChoices):
    """What the shown figures of the year rest on."""

    COUNTS = "counts", gettext_lazy("levert")
    TRIAL = "trial", gettext_lazy("bare en prøve")
    WORKING = "working", gettext_lazy("under behandling")
    REFUSED = "refused", gettext_lazy("ikke tatt imot")
    NOTHING = "nothing", gettext_lazy("ikke levert")


@dataclass(frozen=True)
class PageScope:
    """One viewer's choice of place (a municipality or one of its units) and year.

    `districts` are the names of the municipality's, by number, for who may see them. `ours` are true figures of the viewer's own; `theirs` are what was published, of everybody.
    `cutoff` is the p-value up to which a difference or a trend is probably real, among all that are asked about of the place and year.
    """

    place: Place
    access: Access
    sent: History
    release: Release | None = None
    districts: Mapping[str, str] = field(default_factory=dict)
    ours: Mapping[FigureKey, Figure] = field(default_factory=dict)
    theirs: Mapping[FigureKey, Figure] = field(default_factory=dict)
    cutoff: float = LEVEL

    # --- What the figures rest on ---------------------------------------------------------------------------------

    @cached_property
    def submission(self) -> Submission | None:
        """The submission whose figures are shown."""
        return self.sent.shown

    @property
    def state(self) -> State:
        if self.sent.current:
            return State.COUNTS
        if self.sent.in_work:
            return State.WORKING
        if self.sent.refused:
            return State.REFUSED
        return State.TRIAL if self.is_trial else State.NOTHING

    @property
    def is_trial(self) -> bool:
        return self.submission is not None and self.submission.dry_run

    @cached_property
    def findings(self) -> Findings:
        """Of the shown submission, in the unit when one is chosen. One query."""
        return findings_of(self.submission, self.place.organisation_number)

    def touching(self, indicator: Indicator) -> list[Finding]:
        """The findings that move the indicator."""
        return [finding for finding in self.findings.to_correct if finding.check.code in indicator.checks]

    # --- Whose ------------------------------------------------------------------------------------------------------

    @property
    def sees_whole(self) -> bool:
        return self.place.sees_whole

    @property
    def units(self) -> tuple[Unit, ...]:
        return self.place.units

    @property
    def unit(self) -> Unit | None:
        """None for the whole municipality."""
        return self.place.unit

    @property
    def is_waiting(self) -> bool:
        """In, but not computed yet."""
        return self.submission is not None and self.submission.indicators_at is None

    @property
    def municipality(self) -> str:
        return str(self.place.municipality.pk)

    @property
    def area(self) -> str:
        """What the page is about: organisation number or municipality number."""
        return self.place.organisation_number or self.municipality

    @property
    def name(self) -> str:
        return str(self.unit or self.place.municipality)

    @property
    def address(self) -> str:
        """The part of an address that keeps the year and the unit."""
        return self.place.unit_query

    # --- Figures ----------------------------------------------------------------------------------------------------

    @cached_property
    def figures(self) -> dict[FigureKey, Figure]:
        """Own in full, others as published."""
        return {**self.theirs, **self.ours}

    @property
    def is_published(self) -> bool:
        """Whether anything was published of the year."""
        return any(year == self.place.year for _code, year, _area in self.theirs)

    def figure(self, indicator: Indicator, area: str = "", year: int = 0) -> Figure | None:
        return self.figures.get((indicator.code, year or self.place.year, area or self.area))

    def value(self, indicator: Indicator) -> Value:
        """Own, in the chosen year."""
        return self._labelled(self.figure(indicator), self.name, self.area, True)

    def municipality_value(self, indicator: Indicator, *, is_own: bool = False) -> Value:
        figure = self.figure(indicator, self.municipality)
        return self._labelled(figure, str(self.place.municipality), self.municipality, is_own)

    def _labelled(self, figure: Figure | None, label: str, area: str, is_own: bool) -> Value:
        if figure:
            return figure.value(label, own=is_own)
        return Value.none(label, self._why_none(area), own=is_own)

    def _why_none(self, area: str) -> Missing:
        """A municipality that is computed has a figure of its own, also of nobody; not so a unit."""
        if self.submission is None or self.is_waiting:
            return Missing.NOT_REPORTED
        return Missing.NOT_APPLICABLE if area != self.municipality else Missing.NOT_RELEASED

    @property
    def county(self) -> tuple[str, str]:
        return str(self.place.municipality.county_id), str(self.place.municipality.county)

    def benchmarks(self, indicator: Indicator) -> list[Benchmark]:
        """Own beside the municipality (of a unit), the county and the nation, as far as anything is known of them."""
        beside = [
            self.public_benchmark(indicator, *self.county),
            self.public_benchmark(indicator, NATION, _("Norge"), _("landet")),
        ]
        return [each for each in (self._in_municipality(indicator), *beside) if each]

    def municipality_beside_nation(self, indicator: Indicator) -> Benchmark | None:
        """Also where the page is about one of its units."""
        return replace(self, place=replace(self.place, unit=None)).public_benchmark(
            indicator, NATION, _("Norge"), _("landet")
        )

    def published_value(self, indicator: Indicator, area: str, label: str) -> Value:
        figure = self.theirs.get((indicator.code, self.place.year, area))
        return figure.value(label) if figure else Value.none(label, Missing.NOT_REPORTED)

    def _in_municipality(self, indicator: Indicator) -> Benchmark | None:
        if self.unit is None:
            return None
        mine, all_ = self.value(indicator), self.municipality_value(indicator)
        return benchmark_of(indicator, mine, all_, words=_("kommunen"), part=mine, cutoff=self.cutoff)

    def public_benchmark(self, indicator: Indicator, area: str, label: str, words: str = "") -> Benchmark | None:
        other = self.theirs.get((indicator.code, self.place.year, area))
        if other is None:
            return None
        own, held = self.value(indicator), self._held(indicator)
        return benchmark_of(indicator, own, other.value(label), words=words, part=held, cutoff=self.cutoff)

    def _held(self, indicator: Indicator) -> Value | None:
        """What county and nation hold of own: the unit's; of the municipality what was published, else what is true now."""
        if self.unit:
            return self.value(indicator)
        held = self.theirs.get((indicator.code, self.place.year, self.municipality))
        if held is None or held.missing in {Missing.NOT_REPORTED, Missing.NOT_RELEASED}:
            return None
        return self.value(indicator) if held.missing else held.value(self.name)

    # --- Through the years --------------------------------------------------------------------------------------------

    @cached_property
    def years(self) -> list[int]:
        """From the first year of which anything is known to the newest, at least three to draw between."""
        known = {year for _code, year, _area in self.figures} | {self.place.year}
        return list(range(max(FIRST_YEAR, min(*known, max(known) - 2)), max(known) + 1))

    @cached_property
    def numbers(self) -> dict[int, str]:
        """The municipality's number in each year: it changed in 2024 for many."""
        found = ((year, in_year(self.place.numbers, year, self.place.municipality)) for year in self.years)
        return {year: str(number.pk) for year, number in found if number}

    def counties(self) -> dict[int, str]:
        """The county in each year, as long as it is the county of the chosen year: another one's line would mislead."""
        county_of = {str(number.pk): str(number.county_id) for number in self.place.numbers}
        return {year: self.county[0] for year, number in self.numbers.items() if county_of[number] == self.county[0]}

    def through_years(self, indicator: Indicator, areas: Mapping[int, str], *, is_own: bool = False) -> list[Value]:
        return [self._in_year(indicator, year, areas.get(year), is_own) for year in self.years]

    def _in_year(self, indicator: Indicator, year: int, area: str | None, is_own: bool) -> Value:
        figure = self.figure(indicator, area, year) if area else None
        value = figure.value(str(year), own=is_own) if figure else None
        return value.drawn if value else Value.none(str(year), Missing.NOT_REPORTED, own=is_own)

    def own_areas(self) -> dict[int, str]:
        return dict.fromkeys(self.years, self.area) if self.unit else self.numbers

    def own_years(self, indicator: Indicator) -> list[Value]:
        return self.through_years(indicator, self.own_areas(), is_own=True)

    def change(self, indicator: Indicator) -> Benchmark | None:
        """Own in the newest year that is known beside the first."""
        return change_of(indicator, self.own_years(indicator), self.cutoff)

    # --- How sure ---------------------------------------------------------------------------------------------------

    def p_values(self) -> Iterator[float | None]:
        """Of all that is asked of the place and year: every indicator beside the others (24 questions of a municipality, 36 of a
        unit) and through the years (12)."""
        for indicator in INDICATORS:
            asked = [*self.benchmarks(indicator), self.change(indicator)]
            yield from (each.p_value for each in asked if each)


def page_scope(request: HttpRequest, code: str) -> PageScope:
    """What the address asks for, as far as the viewer may see it; without figures yet.

    Raises:
        Http404: the municipality is outside the viewer's scope.
    """
    access, place = access_of(request), find_place(request, code)
    return PageScope(place, access, history(place, access))


def with_figures(view: PageScope) -> PageScope:
    """The same with all indicators' figures of own, county and nation, judged together."""
    numbers = [str(number.pk) for number in view.place.numbers]
    shown = [*numbers, *{str(number.county_id) for number in view.place.numbers}, NATION]
    release = newest()
    theirs, ours = published(release, areas=shown), _ours(view, {*numbers, view.area})
    seen = replace(view, release=release, ours=ours, theirs=theirs)
    return replace(seen, cutoff=discovery_cutoff(seen.p_values()))


def with_whole_nation(view: PageScope, indicator: Indicator) -> PageScope:
    """The same with one indicator's figures of everybody, and of every own unit and district. A difference is judged among those of
    all indicators, so that it is called the same here as beside them."""
    compared = with_figures(view)
    numbers = [str(number.pk) for number in view.place.numbers]
    districts = District.objects.filter(municipality__in=numbers) if view.sees_whole else District.objects.none()
    named = dict(districts.values_list("pk", "name"))
    areas = {*numbers, view.area, *named, *(unit.organisation_number for unit in view.units if view.sees_whole)}
    theirs, ours = published(compared.release, [indicator.code]), _ours(view, areas, [indicator.code])
    return replace(compared, districts=named, ours=ours, theirs=theirs)


def _ours(view: PageScope, areas: Collection[str], codes: Collection[str] = ()) -> dict[FigureKey, Figure]:
    """The true figures; without anything that counts in the year, those of the trial stand there."""
    # A provider's number may be in other municipalities' messages too, which the registry's staff may see.
    here = view.access.within(str(number.pk) for number in view.place.numbers)
    figures = own(here, areas, *codes)
    return figures | _of_trial(view, here, areas) if view.is_trial else figures


def _of_trial(view: PageScope, here: Access, areas: Collection[str]) -> dict[FigureKey, Figure]:
    values: Any = visible(IndicatorValue, here).filter(submission=view.submission, area__in=areas)
    columns = ("indicator", "area", "level", "numerator", "denominator", "missing")
    year = view.place.year
    return {
        (code, year, area): _figure(area, Level(level), year, *numbers)
        for code, area, level, *numbers in values.values_list(*columns)
    }


def _figure(area: str, level: Level, year: int, numerator: int, denominator: int, unanswered: int) -> Figure:
    if denominator == 0:
        return Figure(area, level, year, missing=Missing.NOT_APPLICABLE)
    return Figure(area, level, year, numerator, denominator, unanswered=unanswered)


def line(view: PageScope, indicator: Indicator, areas: Mapping[int, str], label: str, kind: Kind) -> Series:
    values = view.through_years(indicator, areas, is_own=kind == Kind.OWN)
    return Series(label, tuple(values), kind)
