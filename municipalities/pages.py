"""What every page shares: who looks, at which municipality, and at which data year."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode

from django.contrib.auth.views import redirect_to_login
from django.db.models import Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control

from municipalities import calendar
from municipalities.access import ANONYMOUS, Access, visible
from municipalities.models import Municipality, Unit
from municipalities.reference_data import FIRST_YEAR

P = ParamSpec("P")
YEARS_TO_CHOOSE = 5
LOST, LOST_FILE, LOST_FORM = "mistet", "fil", "skjema"


def access_of(request: HttpRequest) -> Access:
    """The access of the person who is logged in. A token does not count here: pages are for people."""
    access: Access | None = request.access  # type: ignore[attr-defined]
    return access if access and access.user else ANONYMOUS


def signed_in(view: Callable[Concatenate[HttpRequest, P], HttpResponse]) -> Callable[..., HttpResponse]:
    """Sends those who are not logged in to the login page and back; lets no browser or proxy keep the answer.

    What they sent is lost on the way; the login page says so.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if access_of(request).is_anonymous:
            answer = redirect_to_login(request.get_full_path())
            if request.method == "POST":
                lost = LOST_FILE if request.content_type == "multipart/form-data" else LOST_FORM
                answer["Location"] += f"&{LOST}={lost}"
            return answer
        response = view(request, *args, **kwargs)
        patch_cache_control(response, private=True, no_store=True)
        return response

    return guarded


@dataclass(frozen=True)
class Place:
    """What a page is about, and to whom: a municipality in a data year, or one of its units.

    `numbers` are all municipality numbers of the same people's municipality that the viewer may see; `municipality` is
    the one that was in use in `year`. `units` are those that the viewer may choose; `unit` is the chosen one, None for the
    whole municipality. Who only leads units has always one of them chosen.
    """

    municipality: Municipality
    year: int
    numbers: tuple[Municipality, ...]
    sees_whole: bool = False
    may_submit: bool = False
    may_name_units: bool = False
    units: tuple[Unit, ...] = ()
    unit: Unit | None = None

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
    def organisation_number(self) -> str:
        """Of the chosen unit; empty for the whole municipality."""
        return self.unit.organisation_number if self.unit else ""

    @property
    def must_choose(self) -> bool:
        """Whether the viewer leads several units here, one of which each page is about."""
        return not self.sees_whole and len(self.units) > 1

    @property
    def query(self) -> str:
        """The part of an address that leads to the viewer's other pages of the year: it keeps which of one's own units."""
        return self.unit_query if self.must_choose else f"?aar={self.year}"

    @property
    def keep_unit(self) -> str:
        """As `query`, for an address that tells the year by itself."""
        return "?" + urlencode({"enhet": self.organisation_number}) if self.must_choose else ""

    @property
    def unit_query(self) -> str:
        """The part of an address that keeps the year and the chosen unit; one's only unit needs no naming."""
        named = self.unit and (self.sees_whole or self.must_choose)
        return "?" + urlencode({"aar": self.year} | ({"enhet": self.organisation_number} if named else {}))

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
    place = Place(municipality, asked, numbers, access.may_see_whole(municipality.pk), submits, submits)
    units = units_of(place, access)
    return replace(place, units=units, unit=_chosen_unit(place, units, request.GET.get("enhet", "")))


def _chosen_unit(place: Place, units: tuple[Unit, ...], asked: str) -> Unit | None:
    """The unit that the address names; else, for who does not see the whole, the first of the viewer's own.

    Raises:
        Http404: the viewer sees neither the whole nor any unit of it.
    """
    chosen = next((unit for unit in units if unit.organisation_number == asked), None)
    if chosen or place.sees_whole:
        return chosen
    if not units:
        raise Http404
    return units[0]


def in_year(numbers: tuple[Municipality, ...], year: int, preferred: Municipality) -> Municipality | None:
    """The number that was in use in the year: the preferred one where it was."""
    valid = [n for n in numbers if n.valid_from <= year and (n.valid_to is None or n.valid_to >= year)]
    return preferred if preferred in valid else next(iter(valid), None)


def _asked_year(request: HttpRequest) -> int | None:
    text = request.GET.get("aar", "")
    if not (len(text) == 4 and text.isascii() and text.isdecimal()):
        return None
    return int(text) if FIRST_YEAR <= int(text) <= calendar.today().year else None


@dataclass(frozen=True)
class Choice:
    """One of several places in which somebody has a role: what it is called, and the rest of its home's address."""

    municipality: Municipality
    unit: Unit | None

    @property
    def query(self) -> str:
        return "?" + urlencode({"enhet": self.unit.organisation_number}) if self.unit else ""


def own_places(access: Access) -> list[Choice]:
    """The viewer's own places, in the order in which the roles were given."""
    municipalities = {m.pk: m for m in visible(Municipality, access).select_related("county")}
    units = {(unit.municipality_id, unit.organisation_number): unit for unit in visible(Unit, access)}
    return [Choice(municipalities[own.municipality], units.get(own)) for own in access.places]


def units_of(place: Place, access: Access) -> tuple[Unit, ...]:
    """The units whose findings and figures the viewer may choose: the municipality's, or those that the viewer leads."""
    bound = access.units_in(str(place.municipality.pk))
    units = visible(Unit, access).filter(municipality__in=[place.municipality] if bound is None else place.numbers)
    known = {unit.organisation_number: unit for unit in units if unit.municipality_id == place.municipality.pk}
    for unit in () if bound is None else units:
        # A unit is known under the municipality number of the years in which it was found; its leader sees the others too.
        same = Unit(municipality=place.municipality, organisation_number=unit.organisation_number, name=unit.name)
        known.setdefault(unit.organisation_number, same)
    return tuple(
        sorted(known.values(), key=lambda unit: (not unit.name, unit.name.casefold(), unit.organisation_number))
    )
