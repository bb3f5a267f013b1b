"""Pages for everybody: what was published, as it was published."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from charts import Chart, Download, Subject, Value, sparkline
from charts.comparison import LEVEL, discovery_cutoff
from charts.values import interval_text, percent_text
from indicators.benchmark import Benchmark, change_of
from indicators.definitions import BY_CODE, THEMES
from indicators.indicator import Indicator
from indicators.wording import direction, of_them
from municipalities import audit
from municipalities.masking import mask
from municipalities.pages import access_of
from publications import tasks
from publications.codelists import MEANINGS, SIGNS, Area, areas
from publications.figures import Figure, FigureKey, published
from publications.forms import CorrectionForm
from publications.models import Publication
from publications.page_charts import TREND, NationCharts
from publications.release_plan import year_plans
from publications.renewal import least_renewed
from publications.selectors import Release, newest, numbered, released
from publications.suppression.table import NATION

SECONDS_KEPT = 300
MOST_PUBLICATIONS = 100
MOST_NAMED = 12
NUMBER = re.compile(r"[1-9]\d{0,8}")
REASONS: dict[str, Promise] = {
    "first": _("første gang"),
    "data": _("kommuner har sendt nye data"),
    "definition": _("definisjonen er endret"),
    "rules": _("reglene for hva som kan vises, er endret"),
}


def public(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Kept by browsers and proxies where nobody is logged in."""

    @wraps(view)
    def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        if access_of(request).is_anonymous:
            patch_cache_control(response, public=True, max_age=SECONDS_KEPT)
        else:
            patch_cache_control(response, private=True, no_store=True)
        return response

    return shown


@dataclass(frozen=True)
class Card:
    """An indicator on the overview: the nation's newest figure and how it went. `cutoff` is the p-value up to which that is probably
    real, among all of the overview."""

    indicator: Indicator
    years: list[Value]
    cutoff: float = LEVEL

    @property
    def value(self) -> Value | None:
        return next((value for value in reversed(self.years) if value.share is not None), None)

    @property
    def says(self) -> str:
        return of_them(self.indicator, self.value) if self.value else ""

    @property
    def percent(self) -> str:
        return percent_text(self.value) if self.value else ""

    @property
    def direction(self) -> str:
        return direction(self.indicator)

    @property
    def change(self) -> Benchmark | None:
        return change_of(self.indicator, self.years, self.cutoff)

    @property
    def trend(self) -> Chart | None:
        if self.value is None:
            return None
        subject = Subject(title=str(self.indicator.title), name=self.indicator.code, source="")
        return sparkline(subject, self.years, cutoff=self.cutoff)


@public
def public_indicators(request: HttpRequest) -> HttpResponse:
    release = newest()
    figures = published(release, areas=[NATION])
    cards = _cards(figures)
    themes = [(title, [cards[code] for code in codes]) for title, codes in THEMES]
    context = {"themes": themes, "release": release, "meanings": MEANINGS.items(), "section": "public"}
    return render(request, "publications/public.html", context)


def _cards(figures: dict[FigureKey, Figure]) -> dict[str, Card]:
    """Of all indicators, by code; their trends are judged together."""
    cards = {code: _card(indicator, figures) for code, indicator in BY_CODE.items()}
    changes = filter(None, (card.change for card in cards.values()))
    cutoff = discovery_cutoff(change.p_value for change in changes)
    return {code: replace(card, cutoff=cutoff) for code, card in cards.items()}


def _card(indicator: Indicator, figures: dict[FigureKey, Figure]) -> Card:
    own = sorted((figure.year, figure) for (code, _year, _area), figure in figures.items() if code == indicator.code)
    return Card(indicator, [figure.value(str(year)) for year, figure in own])


@public
def public_indicator(request: HttpRequest, indicator: str) -> HttpResponse:
    if indicator not in BY_CODE:
        raise Http404
    declared, release = BY_CODE[indicator], _release(request)
    figures = published(release, [indicator])
    if "utgave" in request.GET and request.GET.get("aar", "") not in {
        "",
        *(str(year) for _code, year, _area in figures),
    }:
        return redirect(f"{request.path}?{_query(request.GET['aar'], request.GET.getlist('omrade'))}")
    if release is None or not figures:
        return render(request, "publications/public_empty.html", {"indicator": declared, "section": "public"})
    charts_of_nation = NationCharts(declared, _year(request, figures), release, figures).with_chosen(
        request.GET.getlist("omrade")
    )
    sought = request.GET.get("finn", "").strip()
    if sought and (found := charts_of_nation.find(sought)):
        return redirect(f"{request.path}?{_query(charts_of_nation.year, [*charts_of_nation.chosen, found])}")
    charts = (
        charts_of_nation.map(),
        charts_of_nation.trend(),
        charts_of_nation.beside(),
        charts_of_nation.spread(),
        charts_of_nation.funnel(),
    )
    subject = charts_of_nation.subject_value
    context = {
        "indicator": declared,
        "charts_of_nation": charts_of_nation,
        "subject": subject,
        "not_found": sought[:60],
        "says": of_them(declared, subject),
        "percent": percent_text(subject),
        "interval": interval_text(subject),
        "benchmark": charts_of_nation.beside_nation,
        "direction": direction(declared),
        "charts": {chart.name: _downloadable(charts_of_nation, chart) for chart in charts if chart},
        "counties": [
            (county, _row(county.value), [_row(each) for each in county.municipalities])
            for county in charts_of_nation.counties
        ],
        "years": [str(year) for year in reversed(charts_of_nation.years)],
        "year": str(charts_of_nation.year),
        "releases": ReleasesOfYear(
            list(released().filter(year=charts_of_nation.year).defer("changes", "audit")), release.number
        ),
        "section": "public",
    }
    return render(request, "publications/public_indicator.html", context)


@dataclass(frozen=True)
class ReleasesOfYear:
    """The releases of the year that a page shows, newest first, and which of them it shows: the newest of those up to a number."""

    all: Sequence[Publication]
    number: int

    @property
    def shown(self) -> Publication | None:
        return next((each for each in self.all if each.number <= self.number), None)

    @property
    def is_older(self) -> bool:
        return self.shown is not None and self.shown != self.all[0]


def _release(request: HttpRequest) -> Release | None:
    """The one asked for, else the newest.

    Raises:
        Http404: there is none of the number.
    """
    asked = request.GET.get("utgave")
    if asked is None:
        return newest()
    release = numbered(int(asked)) if NUMBER.fullmatch(asked) else None
    if release is None:
        raise Http404
    return release


def _query(year: int | str, areas: Sequence[str]) -> str:
    return urlencode([("aar", str(year)), *(("omrade", area) for area in dict.fromkeys(areas))])


def _downloadable(charts_of_nation: NationCharts, chart: Chart) -> Chart:
    """The figures of a drawing are those of the API: of its year, or of all of them where it shows how they went."""
    address = reverse("api-aggregates", args=[charts_of_nation.indicator.code])
    year = f"publication={charts_of_nation.release.number}&"
    year += "" if chart.name == TREND else f"year={charts_of_nation.year}&"
    return chart.with_downloads(
        Download("CSV", f"{address}?{year}format=csv"), Download("Excel", f"{address}?{year}format=xlsx")
    )


def _year(request: HttpRequest, figures: dict[FigureKey, Figure]) -> int:
    """The year asked for, else the newest.

    Raises:
        Http404: nothing was published of that year.
    """
    years = {str(year): year for _code, year, _area in figures}
    asked = request.GET.get("aar")
    if asked is not None and asked not in years:
        raise Http404
    return years[asked] if asked else max(years.values())


def _sign(value: Value) -> str:
    """The standard sign of what is missing."""
    if value.missing is None:
        return ""
    return SIGNS["suppressed"] if value.missing.is_hidden else SIGNS[value.missing.value]


def _row(value: Value) -> tuple[str, str, str, str]:
    """Name, share, interval and why not, as the table has them."""
    sign = _sign(value)
    return value.label, sign or percent_text(value), "" if sign else interval_text(value), value.why


@dataclass(frozen=True)
class Change:
    """A year of which something changed for a reason, and who sent something."""

    year: int
    reason: Promise | str
    municipalities: list[str]

    @property
    def named(self) -> list[str]:
        return self.municipalities[:MOST_NAMED]

    @property
    def more(self) -> int:
        return max(0, len(self.municipalities) - MOST_NAMED)

    @property
    def text_year(self) -> str:
        return str(self.year)


def _changes(publication: Publication, known: Mapping[str, Area]) -> list[Change]:
    """The newest year first, with the names of those that sent."""
    listed = sorted(publication.changes, key=lambda each: (each["year"], each["reason"]), reverse=True)
    return [
        Change(each["year"], REASONS[each["reason"]], [known[code].name for code in each["municipalities"]])
        for each in listed
    ]


@public
def publications(request: HttpRequest) -> HttpResponse:
    """Those that were released. Registry staff also see which were withheld, and why, what is due next, and can order a correction."""
    access = access_of(request)
    if request.method == "POST" and not access.is_registry:
        raise Http404
    form = CorrectionForm(request.POST or None) if access.is_registry else None
    if form and request.method == "POST" and form.is_valid():
        _order(request, form.cleaned_data["year"], mask(form.cleaned_data["public_reason"]))
        return redirect("publications")
    shown = Publication.objects.all() if access.is_registry else released()
    known = areas()
    context = {
        "publications": [(each, _changes(each, known)) for each in shown[:MOST_PUBLICATIONS]],
        "form": form,
        "plans": list(year_plans()) if form else [],
        "least": least_renewed(),
        "section": "public",
    }
    status = 400 if form and form.errors else 200
    return render(request, "publications/publications.html", context, status=status)


def _order(request: HttpRequest, year: int, public_reason: str) -> None:
    if tasks.order_correction(year, public_reason):
        audit.record(access_of(request), "correction_ordered", None, year=year, reason=public_reason)
        messages.success(
            request,
            _(
                "Rettelsen er bestilt. Den kommer her når tallene er beskyttet og gjennomgått. "
                "Er det ikke noe nytt som kan gis ut, kommer det ingen."
            ),
        )
    else:
        messages.error(request, _("Rettelsen ble ikke bestilt, for køen svarer ikke. Prøv igjen om noen minutter."))


@public
def definitions(request: HttpRequest) -> HttpResponse:
    themes = [(title, [(BY_CODE[code], direction(BY_CODE[code])) for code in codes]) for title, codes in THEMES]
    return render(request, "indicators/definitions.html", {"themes": themes, "section": "about"})
