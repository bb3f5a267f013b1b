"""The steering figures of a municipality or one of its units, and the register's yearly follow-up."""

from __future__ import annotations

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from charts import Chart, Download
from dashboards.downloads import WRITERS, sheet_of
from dashboards.page_scope import page_scope
from dashboards.steering_charts import SteeringCharts
from dashboards.steering_selectors import Steering, steering_of
from dashboards.steering_yearly import yearly
from municipalities.pages import access_of, signed_in


@signed_in
def steering(request: HttpRequest, code: str) -> HttpResponse:
    """Raises:
    Http404: the municipality is outside the viewer's scope, or there is no such drawing to download.
    """
    figures = steering_of(page_scope(request, code))
    charts = {chart.name: chart for chart in SteeringCharts(figures).all}
    if "figur" in request.GET:
        return _download(request, figures, charts)
    context = {
        "view": figures.view,
        "place": figures.view.place,
        "steering": figures,
        "charts": {name: _downloadable(request, chart) for name, chart in charts.items()},
        "section": "steering",
    }
    return render(request, "dashboards/steering.html", context)


def _downloadable(request: HttpRequest, chart: Chart) -> Chart:
    query = request.GET.copy()
    query["figur"] = chart.name
    urls = {}
    for form in WRITERS:
        query["format"] = form
        urls[form] = f"{request.path}?{query.urlencode()}"
    return chart.with_downloads(Download("CSV", urls["csv"]), Download("Excel", urls["xlsx"]))


def _download(request: HttpRequest, figures: Steering, charts: dict[str, Chart]) -> HttpResponse:
    """The table under one drawing of the page with the same address."""
    chart, form = charts.get(request.GET["figur"]), request.GET.get("format", "csv")
    if chart is None or form not in WRITERS:
        raise Http404
    view = figures.view
    of = f"{view.name}, {view.municipality} {view.place.municipality}, {view.place.text_year}"
    sheet = sheet_of(chart, {_("Gjelder"): of, _("Kilde"): chart.source})
    # Written whole before the answer begins: row-level security ends with the request's transaction.
    name = f"kpr-{view.municipality}-{view.place.year}-styringstall-{chart.name}.{form}"
    return FileResponse(WRITERS[form](sheet), as_attachment=True, filename=name)  # type: ignore[return-value]


@signed_in
def register_yearly(request: HttpRequest) -> HttpResponse:
    """Raises:
    Http404: the viewer is not of the register.
    """
    access = access_of(request)
    if not access.is_registry:
        raise Http404
    return render(request, "dashboards/steering_yearly.html", {"yearly": yearly(access), "section": "register"})
