"""The front page, a municipality's home, and the register's view of the nation."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, Q, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from dashboards.overview import overview
from dashboards.page_scope import PageScope, with_figures
from municipalities import calendar
from municipalities.models import County, Municipality
from municipalities.pages import access_of, find_place, own_places, signed_in
from municipalities.reference_data import FIRST_YEAR
from quality.checks import CHECKS
from quality.models import CheckResult, Outcome, Severity
from quality.selectors import findings_of
from submissions.models import UNFINISHED, Kind, Status, Submission
from submissions.selectors import history

CORRECT_FIRST = 5


def front(request: HttpRequest) -> HttpResponse:
    year = calendar.reporting_year()
    context = {
        "checks": len(CHECKS),
        "year": str(year),
        "deadline": calendar.deadline(year),
        "days_left": calendar.days_left(year),
    }
    return render(request, "front.html", context)


@signed_in
def home(request: HttpRequest) -> HttpResponse:
    """Where a user begins, by role; who has several roles chooses among their places."""
    access = access_of(request)
    if access.is_registry:
        return redirect("register")
    if len(access.places) == 1:
        return redirect("municipality-home", access.home)
    if access.places:
        return render(request, "municipalities/own_places.html", {"places": own_places(access), "section": "places"})
    return render(request, "municipalities/no_role.html")


@signed_in
def municipality_home(request: HttpRequest, code: str) -> HttpResponse:
    """Is it in, does it count, what must be corrected first, and what has changed since last time."""
    access, place = access_of(request), find_place(request, code)
    sent = history(place, access)
    found = findings_of(sent.current, place.organisation_number)
    view = PageScope(place, access, sent)
    seen = overview(with_figures(view)) if sent.current else None
    context = {
        "place": place,
        "history": sent,
        "current": sent.current,
        "findings": found,
        "first": found.to_correct[:CORRECT_FIRST],
        "whole": place.sees_whole and place.unit is None,
        "view": view,
        "strip": seen.to_look_at if seen else [],
        "follow_up": seen.to_follow_up if seen else [],
        "section": "home",
    }
    return render(request, "municipalities/home.html", context)


# --- The register --------------------------------------------------------------------------------------------


@dataclass
class Line:
    """One municipality in the register's table."""

    municipality: Municipality
    current: Submission | None = None
    in_work: bool = False
    refused: bool = False
    trials: int = 0
    failed_errors: int = 0
    error_rows: int = 0
    failed_warnings: int = 0

    @property
    def received_at(self) -> datetime.datetime | None:
        return self.current.received_at if self.current else None

    @property
    def system(self) -> str:
        return f"{self.current.vendor} {self.current.system}".strip() if self.current else ""


NEVER = datetime.datetime(1, 1, 1, tzinfo=datetime.UTC)
SORTS: dict[str, tuple[Any, Callable[[Line], Any]]] = {
    "nummer": (_("Nummer"), lambda line: line.municipality.pk),
    "kommune": (_("Kommune"), lambda line: line.municipality.name.casefold()),
    "fylke": (_("Fylke"), lambda line: (line.municipality.county.name.casefold(), line.municipality.pk)),
    "mottatt": (_("Levert"), lambda line: line.received_at or NEVER),
    "feil": (_("Kontroller med feil"), lambda line: (line.failed_errors, line.error_rows)),
    "poster": (_("Poster med feil"), lambda line: line.error_rows),
    "system": (_("Fagsystem"), lambda line: line.system.casefold()),
}
SHOWN: dict[str, tuple[Any, Callable[[Line], bool]]] = {
    "alle": (pgettext_lazy("municipalities", "Alle"), lambda line: True),
    "mangler": (_("Ikke levert"), lambda line: line.current is None),
    "levert": (_("Levert"), lambda line: line.current is not None),
    "feil": (_("Med feil"), lambda line: line.failed_errors > 0),
    "arbeid": (_("Under behandling eller avvist"), lambda line: line.in_work or line.refused),
}


@signed_in
def register(request: HttpRequest) -> HttpResponse:
    """Every municipality of a data year. Six queries, whatever has been sent."""
    if not access_of(request).is_registry:
        raise Http404
    year = _year(request)
    lines = _lines(year)
    chosen = {
        "vis": _known(request, "vis", SHOWN, "alle"),
        "sorter": _known(request, "sorter", SORTS, "nummer"),
        "fylke": request.GET.get("fylke", ""),
        "ned": request.GET.get("ned") == "1",
    }
    counties = County.objects.filter(municipality__in=[line.municipality for line in lines]).distinct().order_by("code")
    context = {
        "year": str(year),
        "years": [str(y) for y in range(calendar.reporting_year(), FIRST_YEAR - 1, -1)],
        "lines": _arranged(lines, chosen),
        "total": len(lines),
        "counts": [(key, label, sum(map(test, lines))) for key, (label, test) in SHOWN.items()],
        "reported": sum(line.current is not None for line in lines),
        "with_errors": sum(line.failed_errors > 0 for line in lines),
        "at_work": sum(line.in_work for line in lines),
        "sorts": [(key, label) for key, (label, _key) in SORTS.items()],
        "counties": counties,
        "chosen": chosen,
        "deadline": calendar.deadline(year),
        "days_left": calendar.days_left(year),
        "section": "register",
    }
    return render(request, "register.html", context)


def _year(request: HttpRequest) -> int:
    text = request.GET.get("aar", "")
    known = {str(year): year for year in range(FIRST_YEAR, calendar.today().year + 1)}
    return known.get(text, calendar.reporting_year())


def _known(request: HttpRequest, name: str, table: dict[str, Any], default: str) -> str:
    asked = request.GET.get(name, default)
    return asked if asked in table else default


def _lines(year: int) -> list[Line]:
    lines = {m.pk: Line(m) for m in Municipality.objects.in_year(year).select_related("county")}
    annual = Submission.objects.filter(year=year, kind=Kind.ANNUAL, municipality__in=lines)
    for submission in annual.filter(is_current=True).defer("problem"):
        lines[str(submission.municipality_id)].current = submission
    for code, working, refused, trials in _activity(annual):
        line = lines[code]
        line.in_work, line.trials = working > 0, trials
        line.refused = refused is not None and (line.current is None or refused > line.current.pk)
    for code, errors, rows, warnings in _failures(year):
        if code in lines:
            lines[code].failed_errors, lines[code].error_rows, lines[code].failed_warnings = errors, rows or 0, warnings
    return list(lines.values())


def _activity(annual: Any) -> Any:
    """For each municipality: submissions under work, the newest real one that was refused, and trials."""
    return (
        annual.order_by()
        .values_list("municipality")
        .annotate(
            working=Count("pk", filter=Q(status__in=UNFINISHED)),
            refused=Max("pk", filter=Q(status__in=(Status.REJECTED, Status.FAILED), dry_run=False)),
            trials=Count("pk", filter=Q(dry_run=True, status=Status.DONE)),
        )
    )


def _failures(year: int) -> Any:
    """For each municipality: error checks that fail, their rows, and warnings that fail."""
    failed = CheckResult.objects.filter(
        submission__is_current=True, submission__year=year, submission__kind=Kind.ANNUAL, status=Outcome.FAILED
    )
    is_error = Q(severity=Severity.ERROR)
    return (
        failed.order_by()
        .values_list("submission__municipality")
        .annotate(
            errors=Count("pk", filter=is_error),
            error_rows=Sum("violating", filter=is_error),
            warnings=Count("pk", filter=~is_error),
        )
    )


def _arranged(lines: list[Line], chosen: dict[str, Any]) -> list[Line]:
    _label, wanted = SHOWN[chosen["vis"]]
    _label, key = SORTS[chosen["sorter"]]
    county = chosen["fylke"]
    picked = [line for line in lines if wanted(line) and (not county or line.municipality.county_id == county)]
    return sorted(picked, key=key, reverse=chosen["ned"])
