"""Users and tokens, as an operator makes them and ends them from the command line."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from municipalities import audit, calendar, database
from municipalities.access import Access, digest
from municipalities.models import Membership, Municipality, Role, Scope, Token, Unit, User

OPERATOR = Access(name="operator")


@database.transaction_as(database.OWNER)
def create_user(
    name: str, *, role: str, password: str = "", municipality: str = "", unit: str = "", by: Access = OPERATOR
) -> User:
    """Make the user, or give an existing one this role beside those in other places, and the password where one is given.

    In one municipality a user has one role: leader of units, of which there may be several, or the municipality's. Of the
    register and of a municipality at once nobody is: either role replaces the other.

    Raises:
        ValidationError: sentences that say which argument or which rule for passwords is not met, and what to do.
    """
    place, workplace = _scope_of_role(role, municipality, unit)
    user = User.objects.filter(username=name).first() or User(username=name)
    if password or user.pk is None or not user.is_active:
        validate_password(password, user)
        user.set_password(password)
    user.is_active = True
    User.username_validator(name)
    user.save()
    _replaced_by(user, role, place).delete()
    Membership.objects.get_or_create(user=user, role=role, municipality=place, unit=workplace)
    audit.record(by, "user_created", place.code if place else None, user=name, role=role, unit=unit)
    return user


def _replaced_by(user: User, role: str, place: Municipality | None) -> QuerySet[Membership]:
    if place is None:
        return user.memberships.exclude(role=role)
    here = Q(municipality=place) if role == Role.MUNICIPALITY else Q(municipality=place, role=Role.MUNICIPALITY)
    return user.memberships.filter(Q(role=Role.REGISTRY) | here).exclude(role=role)


def describe(user: User) -> list[str]:
    """The user's roles with their places, for an operator to read."""
    memberships = user.memberships.select_related("unit", "municipality__county").order_by("pk")
    parts = ((m.get_role_display(), m.unit, m.municipality) for m in memberships)
    return [", ".join(str(part) for part in each if part) for each in parts]


@database.transaction_as(database.OWNER)
def revoke_user(name: str, *, municipality: str = "", unit: str = "", by: Access = OPERATOR) -> User:
    """End the user's access at once: in one place where it is named, else altogether, open sessions included.

    Raises:
        ValidationError: there is no such user, or the user has no role in the place.
    """
    user = User.objects.filter(username=name).first()
    if user is None:
        raise ValidationError(_("Det finnes ingen bruker som heter «%(name)s».") % {"name": name})
    places = {"municipality": municipality, "unit__organisation_number": unit}
    ended = user.memberships.filter(**{field: value for field, value in places.items() if value})
    if (municipality or unit) and not ended:
        sentence = _("%(name)s har ingen rolle der. Rollene er: %(roles)s.")
        raise ValidationError(sentence % {"name": name, "roles": "; ".join(describe(user)) or _("ingen")})
    ended.delete()
    if not user.memberships.exists():
        user.is_active = False
        user.set_unusable_password()
        user.save()
        end_sessions(user)
    audit.record(by, "user_revoked", municipality or None, user=name, unit=unit)
    return user


def end_sessions(user: User) -> None:
    """Log the user out everywhere."""
    for session in Session.objects.iterator():
        if session.get_decoded().get(SESSION_KEY) == str(user.pk):
            session.delete()


def _scope_of_role(role: str, municipality: str, unit: str) -> tuple[Municipality | None, Unit | None]:
    if role not in Role.values:
        raise ValidationError(
            _("Rollen «%(role)s» finnes ikke. Bruk --role med en av: %(roles)s.")
            % {"role": role, "roles": ", ".join(Role.values)}
        )
    if role == Role.REGISTRY:
        _refuse_superfluous(role, municipality or unit)
        return None, None
    if role == Role.MUNICIPALITY:
        _refuse_superfluous(role, unit)
        return find_municipality(municipality), None
    place = find_municipality(municipality)
    return place, _find_unit(place, unit)


def _refuse_superfluous(role: str, given: str) -> None:
    if given:
        raise ValidationError(
            _(
                "Rollen %(role)s tar ikke «%(given)s». Ta det bort: --unit gis bare til en enhetsleder, og registeret ser alle kommuner."
            )
            % {"role": role, "given": given}
        )


def find_municipality(code: str) -> Municipality:
    """Raises:
    ValidationError: no number given, or none that is known.
    """
    if not code:
        raise ValidationError(_("Kommunen mangler. Oppgi kommunenummeret med --municipality, for eksempel 4601."))
    found = Municipality.objects.filter(pk=code).first()
    if found is None:
        raise ValidationError(
            _("Kommunenummer %(code)s er ukjent. Kontroller nummeret, og kjør load_reference hvis databasen er ny.")
            % {"code": code}
        )
    return found


def _find_unit(municipality: Municipality, number: str) -> Unit:
    if not (len(number) == 9 and number.isascii() and number.isdecimal()):
        raise ValidationError(
            _("En enhetsleder trenger en enhet. Oppgi organisasjonsnummeret (ni sifre) med --unit, ikke «%(number)s».")
            % {"number": number}
        )
    return Unit.objects.get_or_create(municipality=municipality, organisation_number=number)[0]


@database.transaction_as(database.OWNER)
def create_token(name: str, *, scopes: Sequence[str], municipality: str = "", by: Access = OPERATOR) -> str:
    """Make a bearer token and return it; only its hash is kept, so it cannot be shown again.

    Raises:
        ValidationError: a sentence that says which argument is wrong and what to do.
    """
    unknown = [scope for scope in scopes if scope not in Scope.values]
    if unknown or not scopes:
        raise ValidationError(
            _("Oppgi minst ett omfang med --scope, av: %(scopes)s.%(wrong)s")
            % {
                "scopes": ", ".join(Scope.values),
                "wrong": _(" Ukjent: %(unknown)s.") % {"unknown": ", ".join(unknown)} if unknown else "",
            }
        )
    place = find_municipality(municipality) if municipality else None
    secret = secrets.token_urlsafe(32)
    token = Token.objects.create(
        name=name, digest=digest(secret), municipality=place, scopes=sorted(set(scopes), key=Scope.values.index)
    )
    audit.record(by, "token_created", municipality or None, token=token.pk, scopes=token.scopes)
    return secret


@database.transaction_as(database.OWNER)
def revoke_token(which: str, *, by: Access = OPERATOR) -> Token:
    """End a token's access at once. `which` is its id or its name.

    Raises:
        ValidationError: no token has that id or name, several that are in use have it, or it is ended already.
    """
    same = Q(name=which) | (Q(pk=int(which)) if which.isascii() and which.isdecimal() and len(which) < 18 else Q())
    found = list(Token.objects.filter(same).order_by("pk"))
    in_use = [token for token in found if token.revoked_at is None]
    if not in_use:
        sentence = (
            _("Tokenet «%(which)s» er avsluttet fra før.") if found else _("Det finnes ikke noe token «%(which)s».")
        )
        raise ValidationError(sentence % {"which": which})
    if len(in_use) > 1:
        named = "; ".join(f"{token.pk} «{token.name}» {token.municipality_id or ''}".strip() for token in in_use)
        sentence = _("Flere token passer med «%(which)s». Oppgi nummeret til det som skal avsluttes: %(tokens)s.")
        raise ValidationError(sentence % {"which": which, "tokens": named})
    token = in_use[0]
    token.revoked_at = calendar.now()
    token.save(update_fields=["revoked_at"])
    audit.record(by, "token_revoked", token.municipality_id, token=token.pk)
    return token
