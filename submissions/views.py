"""The web door, the history and the receipts."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.formats import number_format
from django.utils.translation import ngettext

from municipalities.access import Access, visible
from municipalities.pages import Place, access_of, find_place, signed_in
from submissions.forms import MessageForm
from submissions.models import REFUSED, UNFINISHED, Channel, Stage, Status, Submission
from submissions.problems import errors_of_page
from submissions.receive import receive
from submissions.refusals import Refusal
from submissions.selectors import of_place

A_PAGE = 25
STEPS = (Stage.WAITING, Stage.READING, Stage.CHECKING, Stage.FINISHED)


@signed_in
def submissions(request: HttpRequest, code: str) -> HttpResponse:
    access, place = access_of(request), find_place(request, code)
    sent = of_place(place, access).defer("problem").select_related("municipality__county")
    page = Paginator(sent, A_PAGE).get_page(request.GET.get("side"))
    context = {"place": place, "page": page, "section": "submissions", "whole": place.sees_whole}
    return render(request, "submissions/list.html", context)


@signed_in
def new(request: HttpRequest, code: str) -> HttpResponse:
    """Take a file in; a refusal is told on this same page."""
    access, place = access_of(request), find_place(request, code)
    if not place.may_submit:
        raise Http404
    if request.method != "POST":
        return _form_page(request, place, MessageForm())
    form = MessageForm(request.POST, request.FILES)
    if not form.is_valid():
        return _form_page(request, place, form, status=400)
    try:
        return redirect("submission", _receive(access, place, form).pk)
    except Refusal as refusal:
        return _form_page(request, place, form, status=refusal.status, refusal=refusal)


def _receive(access: Access, place: Place, form: MessageForm) -> Submission:
    return receive(
        channel=Channel.WEB,
        access=access,
        content=form.cleaned_data["file"].file,
        municipality=place.municipality.pk,
        dry_run=form.cleaned_data["dry_run"],
    )


def _form_page(
    request: HttpRequest, place: Place, form: MessageForm, status: int = 200, refusal: Refusal | None = None
) -> HttpResponse:
    first = getattr(refusal, "first", None)
    errors = errors_of_page(refusal.kept()["errors"]) if refusal else []
    context = {
        "place": place,
        "form": form,
        "refusal": refusal,
        "errors": errors,
        "first": first,
        "section": "submissions",
    }
    return render(request, "submissions/new.html", context, status=status)


def _find(request: HttpRequest, pk: int) -> Submission:
    sent = visible(Submission, access_of(request)).filter(municipality__isnull=False)
    return get_object_or_404(sent.select_related("supersedes"), pk=pk)


@signed_in
def submission(request: HttpRequest, pk: int) -> HttpResponse:
    """The receipt, with progress while work goes on."""
    sent = _find(request, pk)
    place = find_place(request, str(sent.municipality_id), sent.year)
    context = {
        "place": place,
        "submission": sent,
        "unfinished": sent.status in UNFINISHED,
        "refused": sent.status in REFUSED,
        "steps": steps(sent),
        "problem": sent.told_problem or {},
        "errors": errors_of_page((sent.problem or {}).get("errors")),
        "whole": place.sees_whole,
        "told": persons_read(sent.persons) if place.sees_whole else "",
        "replaced_by": sent.superseded_by.filter(dry_run=False, status=Status.DONE).first(),
        "section": "submissions",
    }
    return render(request, "submissions/receipt.html", context)


def steps(sent: Submission) -> list[dict[str, Any]]:
    """The stages of the work: which are done, and which one it is at."""
    at = STEPS.index(Stage(sent.stage))
    finished = sent.stage == Stage.FINISHED
    return [
        {
            "stage": stage.value,
            "label": stage.label,
            "done": number < at or finished,
            "now": number == at and not finished,
        }
        for number, stage in enumerate(STEPS)
    ]


def persons_read(number: int) -> str:
    """How far the reading has come, as a sentence; empty before it began."""
    text = ngettext("%(n)s person er lest inn.", "%(n)s personer er lest inn.", number)
    return text % {"n": number_format(number, use_l10n=True, force_grouping=True)} if number else ""


@signed_in
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """How far the work has come, for the page's script."""
    sent = _find(request, pk)
    body: dict[str, Any] = {
        "status": sent.status,
        "stage": sent.stage,
        "steps": steps(sent),
        "finished": sent.status not in UNFINISHED,
    }
    if access_of(request).may_see_whole(str(sent.municipality_id)):
        body["told"] = persons_read(sent.persons)
    return JsonResponse(body)
