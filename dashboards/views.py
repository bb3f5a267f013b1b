"""A municipality's own indicator pages: all at a glance, one in depth, and the records behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import IO, Any, cast

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from charts import Chart, Download
from dashboards import records
from dashboards.drill_down import Insight
from dashboards.overview import overview
from dashboards.page_charts import Drawings
from dashboards.page_scope import Viewpoint, look, with_figures
from dashboards.peers import Group, Neighbours, Peers
from indicators.definitions import BY_CODE, INDICATORS
from indicators.indicator import Indicator
from indicators.wording import WORDS
from municipalities import audit
from municipalities.pages import access_of, signed_in
from quality.labels import rows_removed
from spreadsheets.writer import Sheet, as_csv, as_excel

ROWS_A_PAGE = 50
WRITERS: dict[str, Callable[[Sheet], IO[bytes]]] = {"csv": as_csv, "xlsx": as_excel}


@signed_in
def indicators(request: HttpRequest, code: str) -> HttpResponse:
    view = with_figures(look(request, code), *INDICATORS)
    return render(request, "dashboards/overview.html", {**_common(view), "overview": overview(view)})


@signed_in
def indicator(request: HttpRequest, code: str, indicator: str) -> HttpResponse:
    insight = _insight(request, code, indicator)
    asked, found = request.GET.getlist("med"), insight.peers.codes
    if asked and not insight.peers.unknown and not insight.peers.group and asked != found:
        return _at_their_numbers(request, found)
    context = {
        **_common(insight.view),
        "insight": insight,
        "indicator": insight.indicator,
        "charts": {chart.name: _downloadable(request, insight, chart) for chart in Drawings(insight).all},
        "groups": [(group.value, group.label, group.value == insight.peers.group) for group in Group],
    }
    return render(request, "dashboards/indicator.html", context)


def _common(view: Viewpoint) -> dict[str, Any]:
    return {"view": view, "place": view.place, "section": "indicators"}


def _insight(request: HttpRequest, code: str, indicator: str) -> Insight:
    """
    Raises:
        Http404: no such indicator, or the municipality is outside the viewer's scope.
    """
    view = look(request, code)
    declared = _declared(indicator)
    view = with_figures(view, declared, whole_nation=True)
    neighbours = Neighbours(view.place.municipality, view.place.year)
    return Insight(declared, view, neighbours, _peers(request, neighbours))


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


def _downloadable(request: HttpRequest, insight: Insight, chart: Chart) -> Chart:
    query = request.GET.copy()
    query["figur"] = chart.name
    arguments = [insight.view.municipality, insight.indicator.code]
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
    insight = _insight(request, code, indicator)
    wanted = request.GET.get("figur", "utvikling")
    chart = next((chart for chart in Drawings(insight).all if chart.name == wanted), None)
    if chart is None:
        raise Http404
    facts = {_("Figur"): chart.title, _("Hva den viser"): chart.summary, **_facts(insight.indicator, insight.view)}
    sheet = Sheet(chart.table.headers, [row.cells for row in chart.table.rows], facts, has_figures=True)
    return _attached(sheet, form, insight.view, f"{insight.indicator.code}-{chart.name}")


def _facts(declared: Indicator, view: Viewpoint) -> Mapping[str, str]:
    return {
        _("Indikator"): str(declared.title),
        _("Hvem som regnes som ja"): str(declared.numerator_text),
        _("Hvem som er regnet med"): str(declared.denominator_text),
        _("Gjelder"): f"{view.name}, {view.place.municipality.pk} {view.place.municipality}, {view.place.text_year}",
        _("Kilde"): declared.source,
    }


def _attached(sheet: Sheet, form: str, view: Viewpoint, name: str) -> HttpResponse:
    """Written whole before the answer begins: row-level security ends with the request's transaction."""
    file = WRITERS[form](sheet)
    filename = f"kpr-{view.municipality}-{view.place.year}-{name}.{form}"
    return FileResponse(file, as_attachment=True, filename=filename)  # type: ignore[return-value]


# --- The records behind a value -------------------------------------------------------------------------------


@signed_in
def indicator_records(request: HttpRequest, code: str, indicator: str) -> HttpResponse:
    """Persons or stays that are counted below the line and not above it, by the record system's own numbers."""
    view, declared = look(request, code), _declared(indicator)
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
        sheet = Sheet(records.headers(declared), records.lines(declared, rows, units), _facts(declared, view))
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


def _record_look(request: HttpRequest, view: Viewpoint, declared: Indicator, action: str, **details: Any) -> None:
    audit.record(
        access_of(request),
        action,
        view.municipality,
        submission=view.submission.pk if view.submission else None,
        indicator=declared.code,
        unit=view.area if view.unit else "",
        **details,
    )
