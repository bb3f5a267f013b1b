"""Checks of the message itself and its contact persons."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from quality.check import Check
from quality.checks.conditions import EVERY
from quality.models import Severity
from submissions.models import Contact, Submission

REQUIRED_CONTACTS = ("16", "17")  # code list 8471
# One @, something on each side, a dot in the domain, and nothing that an address cannot hold. Spaces around it are let be.
EMAIL_ADDRESS = r"^\s*[^\s@,;:<>()\[\]\"\\]+@[[:alnum:]æøåÆØÅ]([[:alnum:]æøåÆØÅ-]*[[:alnum:]æøåÆØÅ])?(\.[[:alnum:]æøåÆØÅ]([[:alnum:]æøåÆØÅ-]*[[:alnum:]æøåÆØÅ])?)+\s*$"


def has_contact(type_: str) -> Q:
    return Q(Exists(Contact.objects.filter(submission=OuterRef("pk"), type=type_)))


CHECKS = (
    Check(
        code="contact-person-missing",
        version=1,
        model=Submission,
        severity=Severity.ERROR,
        title=_("Kontaktperson mangler"),
        explanation=_(
            "Meldingen skal navngi minst én kontaktperson av type 16 og minst én av type 17. Uten dem vet ikke "
            "registeret hvem som kan svare når noe i meldingen må avklares."
        ),
        remedy=_(
            "Legg inn begge kontaktpersonene i fagsystemets oppsett for innrapportering, og send meldingen på nytt."
        ),
        applies_to=EVERY,
        violation=~has_contact("16") | ~has_contact("17"),
    ),
    Check(
        code="contact-email-invalid",
        version=1,
        model=Contact,
        severity=Severity.WARNING,
        title=_("Kontaktpersonens e-postadresse er ugyldig"),
        explanation=_(
            "Den første e-postadressen til kontaktpersonen er ikke en adresse det går an å sende til. Da når ikke "
            "registerets henvendelser fram."
        ),
        remedy=_(
            "Rett e-postadressen i fagsystemets oppsett for innrapportering. Der skal det stå én adresse og ikke noe annet."
        ),
        applies_to=EVERY,
        violation=~Q(email__regex=EMAIL_ADDRESS),
        fields={"kontPerson": "name", "meldEpost1": "email", "typeKontaktperson": "type"},
    ),
)
