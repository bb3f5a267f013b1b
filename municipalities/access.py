"""Who may see what: one object, one function.

`visible(model_or_queryset, access)` is the only way from a request to rows that belong to a municipality. "May see this
one" is `get_object_or_404(visible(...), pk=...)`, so that what is outside one's scope is as absent as what never was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.db.models import Model, Q, QuerySet

from municipalities import database
from municipalities.models import Membership, Municipality, MunicipalityChange, Role, Scope, Token, User

M = TypeVar("M", bound=Model)
Units = Mapping[str, frozenset[str]]  # municipality number -> organisation numbers


class OwnPlace(NamedTuple):
    """Where somebody has a role: a whole municipality, or one unit in it (its organisation number)."""

    municipality: str
    unit: str = ""


@dataclass(frozen=True)
class Access:
    """What one user or token may see and do.

    `municipalities` are all numbers in scope; None means the nation. `units` names those of them in which the viewer only
    leads units, and which. `places` are the memberships in the order in which they were given. An Access without
    municipalities sees nothing that belongs to one.
    """

    name: str = ""
    municipalities: frozenset[str] | None = frozenset()
    units: Units = field(default_factory=dict, hash=False)
    places: tuple[OwnPlace, ...] = ()
    scopes: frozenset[str] = frozenset()
    user: User | None = None
    token: Token | None = None

    @classmethod
    def for_user(cls, user: User | AnonymousUser) -> Access:
        """The access that a user's memberships give, each in its own place; nobody's when there are none."""
        if not isinstance(user, User) or not user.is_active:
            return ANONYMOUS
        memberships = list(Membership.objects.filter(user=user).select_related("unit").order_by("pk"))
        roles = {membership.role for membership in memberships}
        if Role.REGISTRY in roles:
            return cls(name=user.username, municipalities=None, scopes=frozenset(READ), user=user)
        places = tuple(
            OwnPlace(str(m.municipality_id), m.unit.organisation_number if m.unit else "") for m in memberships
        )
        whole, units = _scope_of(places)
        scopes = {*(READ if roles else ()), *((Scope.SUBMIT,) if Role.MUNICIPALITY in roles else ())}
        return cls(user.username, whole | units.keys(), units, places, frozenset(scopes), user=user)

    @classmethod
    def for_token(cls, secret: str) -> Access | None:
        """The access of a bearer token; None when there is no such token or it is revoked."""
        database.know(token=digest(secret))
        token = Token.objects.filter(digest=digest(secret), revoked_at=None).first()
        if token is None:
            return None
        places = (OwnPlace(token.municipality_id),) if token.municipality_id else ()
        codes = with_predecessors([token.municipality_id]) if token.municipality_id else None
        name = f"token {token.pk}"
        return cls(name, codes, places=places, scopes=frozenset(token.scopes), token=token)

    @property
    def display_name(self) -> str:
        """Of the user or token, for people to read; empty where it is neither."""
        if self.user:
            return self.user.get_full_name() or self.user.username
        return self.token.name if self.token else ""

    @property
    def is_anonymous(self) -> bool:
        return self.user is None and self.token is None

    @property
    def is_registry(self) -> bool:
        return self.user is not None and self.municipalities is None

    @property
    def home(self) -> str:
        """The municipality of those who belong to one only."""
        codes = {place.municipality for place in self.places}
        return codes.pop() if len(codes) == 1 else ""

    def units_in(self, municipality: str) -> frozenset[str] | None:
        """The units that the viewer is bound to in the municipality; None: sees the whole of it."""
        if self.municipalities is not None and municipality not in self.municipalities:
            return frozenset()
        return self.units.get(municipality)

    def within(self, municipalities: Iterable[str]) -> Access:
        """The same access to these municipalities only; never a wider one."""
        codes = frozenset(municipalities)
        kept = codes if self.municipalities is None else codes & self.municipalities
        return replace(self, municipalities=kept, units={code: self.units[code] for code in self.units if code in kept})

    def may_see_whole(self, municipality: str) -> bool:
        """Whether the viewer may see findings and figures of the whole municipality, and not of single units only."""
        return Scope.FINDINGS in self.scopes and self.units_in(municipality) is None

    @property
    def in_full(self) -> frozenset[str]:
        """The numbers of the municipalities of which everything may be seen."""
        return (self.municipalities or frozenset()) - self.units.keys()

    def may_submit_for(self, municipality: str) -> bool:
        return Scope.SUBMIT in self.scopes and self.units_in(municipality) is None


READ = (Scope.FINDINGS, Scope.AGGREGATES)
ANONYMOUS = Access()


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def with_predecessors(codes: Iterable[str]) -> frozenset[str]:
    """The municipalities and the numbers that they had before a renumbering; a divided one's past is nobody's alone."""
    own = frozenset(codes)
    return own | {old for _new, old in _renumbered(own)}


def _renumbered(codes: Iterable[str]) -> list[tuple[str, str]]:
    """The number of each that was renumbered, and the number that it had before."""
    changes = MunicipalityChange.objects.filter(new__in=codes, divided=False)
    return list(changes.values_list("new_id", "old_id"))


def _scope_of(places: Iterable[OwnPlace]) -> tuple[frozenset[str], Units]:
    """The numbers that are seen in full, and the units in the others; both with the numbers before a renumbering."""
    given: dict[str, set[str]] = {}
    for place in places:
        given.setdefault(place.municipality, set()).add(place.unit)
    for new, old in _renumbered(given):
        given.setdefault(old, set()).update(given[new])
    whole = frozenset(code for code, units in given.items() if "" in units)
    return whole, {code: frozenset(units) for code, units in given.items() if code not in whole}


def visible(rows: type[M] | QuerySet[M], access: Access) -> QuerySet[M]:
    """The rows that the access may see, by the model's declared path to its municipality, and where it declares a
    UNIT_PATH (to an organisation number) only those of the viewer's units where that is all that the viewer leads.

    Raises:
        TypeError: the model declares no ACCESS_PATH, so nobody has decided who may see it.
    """
    queryset: QuerySet[M] = rows if isinstance(rows, QuerySet) else rows._default_manager.all()
    path: str | None = "pk" if queryset.model is Municipality else getattr(queryset.model, "ACCESS_PATH", None)
    if path is None:
        raise TypeError(f"{queryset.model.__name__} declares no ACCESS_PATH. Add one, or do not show it.")
    if access.municipalities is None:
        return queryset
    unit_path: str = getattr(queryset.model, "UNIT_PATH", "")
    if not unit_path:
        return queryset.filter(**{f"{path}__in": sorted(access.municipalities)})
    condition = Q(**{f"{path}__in": sorted(access.municipalities - access.units.keys())})
    for code, units in access.units.items():
        condition |= Q(**{path: code, f"{unit_path}__in": sorted(units)})
    return queryset.filter(condition)
