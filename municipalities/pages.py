"""What every page shares: who looks, at which municipality, and at which data year."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.db.models import Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control

from municipalities import calendar
from municipalities.access import ANONYMOUS, Access, visible
from municipalities.models import Municipality, Scope, Unit
from municipalities.reference_data import FIRST_YEAR

P = ParamSpec("P")
YEARS_TO_CHOOSE = 5


def access_of(request: HttpRequest) -> Access:
    """The access of the person who is logged in. A token does not count here: pages are for people."""
    access: Access | None = request.access  # type: ignore[attr-defined]
    return access if access and access.user else ANONYMOUS


def signed_in(view: Callable[Concatenate[HttpRequest, P], HttpResponse]) -> Callable[..., HttpResponse]:
    """Sends those who are not logged in to the login page and back; lets no browser or proxy keep the answer."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if access_of(request).is_anonymous:
            return redirect_to_login(request.get_full_path())
        response = view(request, *args, **kwargs)
        patch_cache_control(response, private=True, no_store=True)
        return response

    return guarded


@dataclass(frozen=True)
class Place:
    """What a page is about: a municipality in a data year.

    `numbers` are all municipality numbers of the same people's municipality that the viewer may see; `municipality` is
    the one that was in use in `year`.
    """

    municipality: Municipality
    year: int
    numbers: tuple[Municipality, ...]
    may_submit: bool = False
    may_name_units: bool = False

    @property
    def deadline(self) -> object:
        return calendar.deadline(self.year)

    @property
    def days_left(self) -> int:
        return calendar.days_left(self.year)

    @property
    def choices(self) -> list[tuple[str, str, bool]]:
        """Years to choose, newest first: year, the municipality number that was in use, whether it is the chosen one."""
        newest = max(calendar.reporting_year(), self.year)
        known = ((year, in_year(self.numbers, year, self.municipality)) for year in range(newest, FIRST_YEAR - 1, -1))
        chosen = [(str(year), number.pk, year == self.year) for year, number in known if number]
        return chosen[:YEARS_TO_CHOOSE]

    @property
    def text_year(self) -> str:
        """The year as it is written: without a thousands separator."""
        return str(self.year)


def find_place(request: HttpRequest, code: str, year: int | None = None) -> Place:
    """The municipality that the address names, in the year that it asks for (`?aar=`), else the reporting year.

    Raises:
        Http404: no such municipality, or outside the viewer's scope.
    """
    access = access_of(request)
    lineage = Subquery(Municipality.objects.filter(pk=code).values("lineage")[:1])
    numbers = tuple(visible(Municipality, access).filter(lineage=lineage).select_related("county"))
    own = next((number for number in numbers if number.pk == code), None)
    if own is None:
        raise Http404
    asked = year or _asked_year(request)
    municipality = in_year(numbers, asked, own) if asked else None
    if asked is None or municipality is None:
        asked, municipality = min(calendar.reporting_year(), own.valid_to or calendar.today().year), own
    submits = access.may_submit_for(municipality.pk)
    return Place(municipality, asked, numbers, may_submit=submits, may_name_units=submits)


def in_year(numbers: tuple[Municipality, ...], year: int, preferred: Municipality) -> Municipality | None:
    """The number that was in use in the year: the preferred one where it was."""
    valid = [n for n in numbers if n.valid_from <= year and (n.valid_to is None or n.valid_to >= year)]
    return preferred if preferred in valid else next(iter(valid), None)


def _asked_year(request: HttpRequest) -> int | None:
    text = request.GET.get("aar", "")
    if not (len(text) == 4 and text.isascii() and text.isdecimal()):
        return None
    return int(text) if FIRST_YEAR <= int(text) <= calendar.today().year else None


def units_of(place: Place, access: Access) -> list[Unit]:
    """The units whose findings the viewer may choose: a unit leader's own, else the municipality's."""
    units = visible(Unit, access).filter(municipality=place.municipality)
    if access.unit:
        units = units.filter(organisation_number=access.unit)
    return sorted(units, key=lambda unit: (not unit.name, unit.name.casefold(), unit.organisation_number))


def may_see_whole(access: Access) -> bool:
    """Whether the viewer may see figures of the whole municipality, and not of one unit only."""
    return not access.unit and Scope.FINDINGS in access.scopes
