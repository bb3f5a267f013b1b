"""Log in, log out, and the units of a municipality."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import views as auth
from django.contrib.auth.forms import AuthenticationForm
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import ngettext

from municipalities import audit, throttle
from municipalities.forms import LoginForm, UnitNamesForm
from municipalities.pages import LOST, access_of, find_place, signed_in

UNITS_A_PAGE = 200


class LoginView(auth.LoginView):
    """Each way to log in is one template with its own form; single sign-on becomes one more."""

    template_name = "municipalities/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True
    methods = ("municipalities/login_password.html",)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """An address that has guessed too much is not heard. Names that have logged in from it are."""
        if seconds := throttle.wait(request, self._credential()):
            return throttle.too_many(request, seconds)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        throttle.succeeded(self.request, self._credential())
        return super().form_valid(form)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        throttle.failed(self.request)
        return super().form_invalid(form)

    def _credential(self) -> str:
        return f"user {self.request.POST.get('username', '')}"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(login_methods=self.methods, lost=self.request.GET.get(LOST), **kwargs)


@signed_in
def units(request: HttpRequest, code: str) -> HttpResponse:
    """The units found in the data. The municipality gives them names that people know."""
    access, place = access_of(request), find_place(request, code)
    if not place.sees_whole:
        raise Http404
    page = Paginator(place.units, UNITS_A_PAGE).get_page(request.GET.get("side"))
    form = UnitNamesForm(list(page), request.POST or None)
    if request.method == "POST" and not place.may_name_units:
        raise Http404
    if request.method == "POST" and form.is_valid():
        changed = form.save()
        audit.record(access, "units_named", place.municipality.pk, units=[unit.pk for unit in changed])
        _tell(request, len(changed))
        return redirect(request.get_full_path())
    status = 400 if form.errors else 200
    return render(
        request,
        "municipalities/units.html",
        {"place": place, "page": page, "form": form, "section": "units"},
        status=status,
    )


def _tell(request: HttpRequest, changed: int) -> None:
    sentence = ngettext("%(count)s navn er lagret.", "%(count)s navn er lagret.", changed) % {"count": changed}
    messages.success(request, sentence)
