"""Users and tokens, as an operator makes them from the command line."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from municipalities import audit
from municipalities.access import Access, digest
from municipalities.models import Membership, Municipality, Role, Scope, Token, Unit, User

OPERATOR = Access(name="operator")


@transaction.atomic
def create_user(
    name: str, *, role: str, password: str, municipality: str = "", unit: str = "", by: Access = OPERATOR
) -> User:
    """Make the user, or give an existing one this password and this role only.

    Raises:
        ValidationError: sentences that say which argument or which rule for passwords is not met, and what to do.
    """
    place, workplace = _scope_of_role(role, municipality, unit)
    user = User.objects.filter(username=name).first() or User(username=name)
    user.is_active = True
    validate_password(password, user)
    user.set_password(password)
    User.username_validator(name)
    user.save()
    user.memberships.all().delete()
    Membership.objects.create(user=user, role=role, municipality=place, unit=workplace)
    audit.record(by, "user_created", place.code if place else None, user=name, role=role)
    return user


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


@transaction.atomic
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
