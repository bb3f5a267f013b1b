"""A municipality's own indicator pages: all at a glance, one in depth, and the records behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from charts import Chart, Download
from dashboards import records
from dashboards.downloads import WRITERS, sheet_of
from dashboards.drill_down import DrillDown
from dashboards.overview import overview
from dashboards.page_charts import PageCharts
from dashboards.page_scope import PageScope, page_scope, with_figures, with_whole_nation
from dashboards.peers import Group, Neighbours, Peers
from indicators.definitions import BY_CODE
from indicators.indicator import Indicator
from indicators.wording import WORDS
from municipalities import audit
from municipalities.pages import access_of, signed_in
from quality.labels import rows_removed
from spreadsheets import Sheet

ROWS_A_PAGE = 50


@signed_in
def indicators(request: HttpRequest, code: str) -> HttpResponse:
    view = with_figures(page_scope(request, code))
    return render(request, "dashboards/overview.html", {**_common(view), "overview": overview(view)})


@signed_in
def indicator(request: HttpRequest, code: str, indicator: str) -> HttpResponse:
    drill_down = _drill_down(request, code, indicator)
    asked, found = request.GET.getlist("med"), drill_down.peers.codes
    if asked and not drill_down.peers.unknown and not drill_down.peers.group and asked != found:
        return _at_their_numbers(request, found)
    context = {
        **_common(drill_down.view),
        "drill_down": drill_down,
        "indicator": drill_down.indicator,
        "charts": {chart.name: _downloadable(request, drill_down, chart) for chart in PageCharts(drill_down).all},
        "groups": [(group.value, group.label, group.value == drill_down.peers.group) for group in Group],
    }
    return render(request, "dashboards/indicator.html", context)


def _common(view: PageScope) -> dict[str, Any]:
    return {"view": view, "place": view.place, "section": "indicators"}


def _drill_down(request: HttpRequest, code: str, indicator: str) -> DrillDown:
    """
    Raises:
        Http404: no such indicator, or the municipality is outside the viewer's scope.
    """
    view = page_scope(request, code)
    declared = _declared(indicator)
    view = with_whole_nation(view, declared)
    neighbours = Neighbours(view.place.municipality, view.place.year)
    return DrillDown(declared, view, neighbours, _peers(request, neighbours))


def _declared(code: str) -> Indicator:
    if code not in BY_CODE:
        raise Http404
    return BY_CODE[code]


def _peers(request: HttpRequest, neighbours: Neighbours) -> Peers:
    """By name or as a group; without either, those that are like it."""
    asked, group = request.GET.getlist("med"), request.GET.get("gruppe", "")
    if group not in Group.values and any(asked):
        return neighbours.named(asked)
    return neighbours.grouped(Group(group) if group in Group.values else Group.LIKE)


def _at_their_numbers(request: HttpRequest, codes: list[str]) -> HttpResponse:
    """The address that keeps the choice: peers by number, however they were asked for."""
    query = request.GET.copy()
    query.setlist("med", codes)
    return redirect(f"{request.path}?{query.urlencode()}")


# --- Downloads of a drawing's figures -------------------------------------------------------------------------


def _downloadable(request: HttpRequest, drill_down: DrillDown, chart: Chart) -> Chart:
    query = request.GET.copy()
    query["figur"] = chart.name
    arguments = [drill_down.view.municipality, drill_down.indicator.code]
    urls = {form: f"{reverse(f'indicator-{form}', args=arguments)}?{query.urlencode()}" for form in WRITERS}
    return chart.with_downloads(Download("CSV", urls["csv"]), Download("Excel", urls["xlsx"]))


@signed_in
def figures_csv(request: HttpRequest, code: str, indicator: str) -> HttpResponse:
    return _figures(request, code, indicator, "csv")


@signed_in
def figures_excel(request: HttpRequest, code: str, indicator: str) -> HttpResponse:
    return _figures(request, code, indicator, "xlsx")


def _figures(request: HttpRequest, code: str, indicator: str, form: str) -> HttpResponse:
    """The table under one drawing of the page with the same address; of the one through time unless told."""
    drill_down = _drill_down(request, code, indicator)
    wanted = request.GET.get("figur", "utvikling")
    chart = next((chart for chart in PageCharts(drill_down).all if chart.name == wanted), None)
    if chart is None:
        raise Http404
    sheet = sheet_of(chart, _facts(drill_down.indicator, drill_down.view))
    return _attached(sheet, form, drill_down.view, f"{drill_down.indicator.code}-{chart.name}")


def _facts(declared: Indicator, view: PageScope) -> Mapping[str, str]:
    return {
        _("Indikator"): str(declared.title),
        _("Hvem som regnes som ja"): str(declared.numerator_text),
        _("Hvem som er regnet med"): str(declared.denominator_text),
        _("Gjelder"): f"{view.name}, {view.place.municipality.pk} {view.place.municipality}, {view.place.text_year}",
        _("Kilde"): declared.source,
    }


def _attached(sheet: Sheet, form: str, view: PageScope, name: str) -> HttpResponse:
    """Written whole before the answer begins: row-level security ends with the request's transaction."""
    file = WRITERS[form](sheet)
    filename = f"kpr-{view.municipality}-{view.place.year}-{name}.{form}"
    return FileResponse(file, as_attachment=True, filename=filename)  # type: ignore[return-value]


# --- The records behind a value -------------------------------------------------------------------------------


@signed_in
def indicator_records(request: HttpRequest, code: str, indicator: str) -> HttpResponse:
    """Persons or stays that are counted below the line and not above it, by the record system's own numbers."""
    view, declared = page_scope(request, code), _declared(indicator)
    only_unanswered = request.GET.get("svar") == "mangler"
    submission, unit = (view.submission.pk if view.submission else 0), view.area if view.unit else ""
    sort = request.GET.get("sorter", "")
    sort = sort if sort in records.SORTS else "bruker"
    rows = records.below_not_above(declared, submission, unit, only_unanswered=only_unanswered, sort=sort)
    units = {each.organisation_number: str(each) for each in view.units}
    form = request.GET.get("format", "")
    if form in WRITERS:
        count = rows.count()
        _record_look(request, view, declared, "indicator_rows_downloaded", form=form, count=count)
        sheet = records.sheet_of(declared, rows, units, _facts(declared, view))
        return _attached(sheet, form, view, f"{declared.code}-personer")
    page = Paginator(rows, ROWS_A_PAGE).get_page(request.GET.get("side"))
    shown = list(records.read(declared, cast("QuerySet[Any]", page.object_list), units))
    if shown:
        _record_look(request, view, declared, "indicator_rows_seen", rows=[record.pk for record in shown])
    context = {
        **_common(view),
        "indicator": declared,
        "words": WORDS[declared.code],
        "sorts": [(key, label, key == sort) for key, (label, _order) in records.SORTS.items()],
        "has_stays": declared.topic is None,
        "rows_removed": rows_removed(view.submission) if view.submission else "",
        "records": shown,
        "page": page,
        "pages": list(page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)),
        "only_unanswered": only_unanswered,
    }
    return render(request, "dashboards/records.html", context)


def _record_look(request: HttpRequest, view: PageScope, declared: Indicator, action: str, **details: Any) -> None:
    audit.record(
        access_of(request),
        action,
        view.municipality,
        submission=view.submission.pk if view.submission else None,
        indicator=declared.code,
        unit=view.area if view.unit else "",
        **details,
    )
