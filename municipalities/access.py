"""Who may see what: one object, one function.

`visible(model_or_queryset, access)` is the only way from a request to rows that belong to a municipality. "May see this
one" is `get_object_or_404(visible(...), pk=...)`, so that what is outside one's scope is as absent as what never was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import Model, QuerySet

from municipalities.models import Membership, Municipality, MunicipalityChange, Role, Scope, Token, User

M = TypeVar("M", bound=Model)

ROLE_OF_WEB = "kpr_web"
ROLE_OF_REGISTRY = "kpr_registry"


@dataclass(frozen=True)
class Access:
    """What one user or token may see and do.

    `municipalities` are numbers; None means the nation. `unit` (an organisation number) narrows findings and rows to one
    unit. An Access without municipalities sees nothing that belongs to one.
    """

    name: str = ""
    municipalities: frozenset[str] | None = frozenset()
    home: str = ""
    unit: str = ""
    scopes: frozenset[str] = frozenset()
    user: User | None = None
    token: Token | None = None

    @classmethod
    def for_user(cls, user: User | AnonymousUser) -> Access:
        """The access that a user's memberships give together; nobody's when there are none."""
        if not isinstance(user, User) or not user.is_active:
            return ANONYMOUS
        memberships = list(Membership.objects.filter(user=user).select_related("unit").order_by("pk"))
        roles = {membership.role for membership in memberships}
        if Role.REGISTRY in roles:
            return cls(name=user.username, municipalities=None, scopes=frozenset(READ), user=user)
        codes = with_predecessors(m.municipality_id for m in memberships if m.municipality_id)
        home = next((m.municipality_id for m in memberships if m.municipality_id), "") or ""
        if Role.MUNICIPALITY in roles:
            submit = frozenset({*READ, Scope.SUBMIT})
            return cls(name=user.username, municipalities=codes, home=home, scopes=submit, user=user)
        unit = next((m.unit.organisation_number for m in memberships if m.unit), "")
        scopes = frozenset(READ if unit else ())
        return cls(name=user.username, municipalities=codes, home=home, unit=unit, scopes=scopes, user=user)

    @classmethod
    def for_token(cls, secret: str) -> Access | None:
        """The access of a bearer token; None when there is no such token or it is revoked."""
        token = Token.objects.filter(digest=digest(secret), revoked_at=None).first()
        if token is None:
            return None
        codes = with_predecessors([token.municipality_id]) if token.municipality_id else None
        home = token.municipality_id or ""
        return cls(
            name=f"token {token.pk}", municipalities=codes, home=home, scopes=frozenset(token.scopes), token=token
        )

    @property
    def is_anonymous(self) -> bool:
        return self.user is None and self.token is None

    @property
    def is_registry(self) -> bool:
        return self.user is not None and self.municipalities is None

    def may_submit_for(self, municipality: str) -> bool:
        return Scope.SUBMIT in self.scopes and (self.municipalities is None or municipality in self.municipalities)


READ = (Scope.FINDINGS, Scope.AGGREGATES)
ANONYMOUS = Access()


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def with_predecessors(codes: Iterable[str]) -> frozenset[str]:
    """The municipalities and the numbers that they had before a renumbering; a divided one's past is nobody's alone."""
    own = frozenset(codes)
    renumbered = MunicipalityChange.objects.filter(new__in=own, divided=False).values_list("old_id", flat=True)
    return own | frozenset(renumbered)


def visible(rows: type[M] | QuerySet[M], access: Access) -> QuerySet[M]:
    """The rows that the access may see, by the model's declared path to its municipality.

    Raises:
        TypeError: the model declares no ACCESS_PATH, so nobody has decided who may see it.
    """
    queryset: QuerySet[M] = rows if isinstance(rows, QuerySet) else rows._default_manager.all()
    path: str | None = "pk" if queryset.model is Municipality else getattr(queryset.model, "ACCESS_PATH", None)
    if path is None:
        raise TypeError(f"{queryset.model.__name__} declares no ACCESS_PATH. Add one, or do not show it.")
    if access.municipalities is None:
        return queryset
    condition: dict[str, Any] = {f"{path}__in": sorted(access.municipalities)}
    return queryset.filter(**condition)


def enter_database_role(access: Access) -> None:
    """The second wall: from here this transaction runs as a role that row-level security binds to this access.

    Must be called inside a transaction; the role and the municipalities end with it, or with `leave_database_role`.
    """
    role = ROLE_OF_REGISTRY if access.municipalities is None else ROLE_OF_WEB
    _set_for_transaction(role, ",".join(sorted(access.municipalities or ())))


def leave_database_role() -> None:
    _set_for_transaction("none", "")


def _set_for_transaction(role: str, municipalities: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('kpr.municipalities', %s, true), set_config('role', %s, true)", [municipalities, role]
        )
