"""A refusal before any view: a page of ours, or a problem under /api/."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from municipalities import problems

API = "/api/"


def refuse(request: HttpRequest, status: int, code: str, detail: str) -> HttpResponse:
    """`detail` says what was wrong and what to do; the page of that status shows it, and so does the problem."""
    if request.path_info.startswith(API):
        response = problems.answer(problems.Problem(status, code, detail))
    else:
        response = render(request, f"{status}.html", {"detail": detail}, status=status)
    response["Cache-Control"] = "no-store"
    return response
