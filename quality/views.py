"""Findings, the rows behind them, their downloads, and the public catalogue of checks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

from django.core.paginator import Page, Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from municipalities import audit
from municipalities.pages import Place, access_of, find_place, signed_in
from quality.check import Check
from quality.checks import BY_CODE
from quality.engine import fields_of
from quality.export import sheet_of
from quality.labels import SUBJECTS, field_label, rows_removed, shown
from quality.models import FindingRow
from quality.selectors import Finding, by_subject, findings_of, rows_of
from spreadsheets import Sheet, as_csv, as_excel
from submissions.models import Submission
from submissions.selectors import current, of_place

ROWS_A_PAGE = 50


@dataclass(frozen=True)
class View:
    """What somebody has chosen to see: a municipality's submission, perhaps one unit's part of it."""

    place: Place
    submission: Submission | None

    @property
    def unit(self) -> str:
        return self.place.organisation_number

    @property
    def unit_name(self) -> str:
        return str(self.place.unit or "")

    @property
    def context(self) -> dict[str, Any]:
        return {
            "place": self.place,
            "submission": self.submission,
            "unit": self.unit,
            "unit_name": self.unit_name,
            "units": self.place.units,
            "section": "findings",
            "rows_removed": rows_removed(self.submission) if self.submission else "",
        }


def _chosen(request: HttpRequest, code: str) -> View:
    """Raises:
    Http404: the municipality or the submission is outside the viewer's scope.
    """
    access, place = access_of(request), find_place(request, code)
    asked = request.GET.get("innsending", "")
    if asked:
        sent = of_place(place, access)
        if not (asked.isascii() and asked.isdecimal() and len(asked) < 18):
            raise Http404
        submission: Submission | None = get_object_or_404(sent, pk=asked)
        if submission and submission.year:
            place = find_place(request, str(submission.municipality_id), submission.year)
    else:
        submission = current(place, access)
    return View(place, submission)


@signed_in
def findings(request: HttpRequest, code: str) -> HttpResponse:
    view = _chosen(request, code)
    found = findings_of(view.submission, view.unit)
    return render(request, "quality/findings.html", {**view.context, "findings": found})


def _finding(view: View, check: str) -> Finding:
    found = findings_of(view.submission, view.unit)
    finding = next((finding for finding in found.all if finding.check.code == check), None)
    if finding is None:
        raise Http404
    return finding


@signed_in
def finding(request: HttpRequest, code: str, check: str) -> HttpResponse:
    view = _chosen(request, code)
    found = _finding(view, check)
    only_new = request.GET.get("nye") == "1"
    rows = rows_of(found.result, unit=view.unit, only_new=only_new)
    page = Paginator(rows, ROWS_A_PAGE).get_page(request.GET.get("side"))
    table = _table(found.check, list(page))
    _record_look(request, view, check, "rows_seen", rows=[row.pk for row in page])
    context = {
        **view.context,
        "finding": found,
        "page": page,
        "pages": _pages(page),
        "table": table,
        "columns": [field_label(name) for name in found.check.fields],
        "has_services": any(row.service_ref for row in page),
        "only_new": only_new,
    }
    return render(request, "quality/finding.html", context)


def _pages(page: Page[FindingRow]) -> list[Any]:
    return list(page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1))


def _table(check: Check, rows: list[FindingRow]) -> list[tuple[FindingRow, list[tuple[str, str]]]]:
    """For each row the labels and values of the fields that the check is about."""
    return [
        (row, [(field_label(name), shown(name, fields[name]) if fields else "") for name in check.fields])
        for row, fields in zip(rows, fields_of(check, rows), strict=True)
    ]


def _record_look(request: HttpRequest, view: View, check: str, action: str, **details: Any) -> None:
    audit.record(
        access_of(request),
        action,
        view.place.municipality.pk,
        submission=view.submission.pk if view.submission else None,
        check=check,
        unit=view.unit,
        **details,
    )


@signed_in
def finding_excel(request: HttpRequest, code: str, check: str) -> HttpResponse:
    return _download(request, code, check, "xlsx", as_excel)


@signed_in
def finding_csv(request: HttpRequest, code: str, check: str) -> HttpResponse:
    return _download(request, code, check, "csv", as_csv)


def _download(
    request: HttpRequest, code: str, check: str, ending: str, write: Callable[[Sheet], IO[bytes]]
) -> HttpResponse:
    """All rows, written whole before the answer begins: row-level security ends with the request's transaction."""
    view = _chosen(request, code)
    found = _finding(view, check)
    rows = rows_of(found.result, unit=view.unit, only_new=request.GET.get("nye") == "1")
    _record_look(request, view, check, "rows_downloaded", form=ending, count=rows.count())
    file = write(sheet_of(found.check, rows, origin=_origin(view), removed=_removed(view, found)))
    name = f"kpr-{view.place.municipality.pk}-{view.place.year}-{check}.{ending}"
    return FileResponse(file, as_attachment=True, filename=name)  # type: ignore[return-value]


def _removed(view: View, found: Finding) -> str:
    if view.submission is None or view.submission.rows_removed_at is None:
        return ""
    rows = ngettext("%(n)s post å rette.", "%(n)s poster å rette.", found.violating) % {"n": found.violating}
    return f"{rows} {rows_removed(view.submission)}"


def _origin(view: View) -> str:
    sentence = _("%(municipality)s (%(number)s), data for %(year)s, innsending %(submission)s")
    facts = {
        "municipality": view.place.municipality,
        "number": view.place.municipality.pk,
        "year": view.place.year,
        "submission": view.submission,
    }
    return sentence % facts + (f", {view.unit_name}" if view.unit else "")


def checks(request: HttpRequest) -> HttpResponse:
    """The public catalogue."""
    groups = [(SUBJECTS.get(model, model._meta.verbose_name), declared) for model, declared in by_subject()]
    return render(request, "quality/checks.html", {"groups": groups, "count": len(BY_CODE)})


def check(request: HttpRequest, check: str) -> HttpResponse:
    declared = BY_CODE.get(check)
    if declared is None:
        raise Http404
    context = {
        "check": declared,
        "subject": SUBJECTS.get(declared.model, ""),
        "fields": [(name, field_label(name)) for name in declared.fields],
    }
    return render(request, "quality/check.html", context)
