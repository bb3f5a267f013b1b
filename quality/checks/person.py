"""Checks of the persons (Bruker)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import Exists, F, Func, IntegerField, Max, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.lookups import GreaterThanOrEqual, IsNull
from django.utils.translation import gettext_lazy as _

from quality.check import Check
from quality.checks.conditions import (
    EVERY,
    HOURS_IN_A_WEEK,
    LINKABLE_TYPES,
    NATIONAL_NUMBER_TYPES,
    WITH_HOURS,
    active,
    active_at_end,
    more_than_once,
    services,
)
from quality.models import Severity
from submissions.models import Person

OLDEST = 115  # years
LINKABLE = Q(identity_type__in=LINKABLE_TYPES)
OTHERS = settings.KPR_MANY_MUNICIPALITIES - 1


def synthetic_series(environment: str) -> tuple[int, ...]:
    """The month shifts that mean a test person. +80 stands for ordinary people outside production."""
    return (40, 65, 80) if environment == "production" else (40, 65)


class OtherMunicipalities(Func):
    """How many other municipalities report the row's person in current messages for the same year, counted up to `enough`.

    A function of the database (kpr_portal/walls/functions.sql): it tells the number alone to those who may not see the rows.
    """

    function = "kpr.other_municipalities"
    output_field = IntegerField()


def elsewhere() -> Q:
    """The same person's number is in some other municipality's message, of any year. Cheap, as it is looked up in the index beside
    one's own; that it is in another message of the same year is asked of these few only."""
    same = Person.objects.filter(pseudonym=OuterRef("pseudonym")).values("municipality")
    # In the index's order, so that PostgreSQL takes the next entry there and does not look through the table.
    after = same.filter(municipality__gt=OuterRef("municipality")).order_by("municipality")[:1]
    before = same.filter(municipality__lt=OuterRef("municipality")).order_by("-municipality")[:1]
    return Q(IsNull(Subquery(after), False)) | Q(IsNull(Subquery(before), False))


def weekly_hours() -> QuerySet[Any, Any]:
    """Of the person's services active in the period: hours a week at its end, and of the largest single service."""
    # The period is the person's own row's: looked up with each service it would cost half of the check.
    start, end = OuterRef("submission__period_start"), OuterRef("submission__period_end")
    granted = services(active(start, end), within_person=True, hours__isnull=False).order_by().values("person")
    return granted.annotate(at_end=Sum("hours", filter=active_at_end(end)), largest=Max("hours"))


CHECKS = (
    Check(
        code="person-id-invalid",
        version=1,
        model=Person,
        severity=Severity.ERROR,
        title=_("Ugyldig fødselsnummer eller D-nummer"),
        explanation=_(
            "Fødselsnummeret eller D-nummeret har ikke 11 siffer, har ingen gyldig dato eller har feil kontrollsiffer. "
            "Da kan registeret ikke vite hvem personen er, og personens tjenester faller ut av statistikken over forløp."
        ),
        remedy=_(
            "Slå opp brukeren i fagsystemet og sammenlign nummeret med Folkeregisteret. Rett skrivefeilen. "
            "Har personen ikke fått norsk nummer ennå, skal riktig identtype velges, ikke fødselsnummer."
        ),
        applies_to=Q(identity_type__in=NATIONAL_NUMBER_TYPES),
        violation=Q(identity_valid=False) | Q(identity_valid__isnull=True),
        fields={"typeID": "identity_type", "fodselsar": "birth_year"},
    ),
    Check(
        code="person-id-not-linkable",
        version=1,
        model=Person,
        severity=Severity.WARNING,
        title=_("Personen mangler et nummer som kan følges"),
        explanation=_(
            "Personen er meldt uten fødselsnummer, D-nummer eller DUF-nummer. Tjenestene telles, men ingen kan følge "
            "personen fra år til år eller mellom kommune og sykehus."
        ),
        remedy=_(
            "Undersøk om personen har fått fødselsnummer, D-nummer eller DUF-nummer, og registrer det i fagsystemet. "
            "Har personen ikke noe slikt nummer, er meldingen riktig og kan stå."
        ),
        applies_to=EVERY,
        violation=~Q(identity_type__in=LINKABLE_TYPES),
        fields={"typeID": "identity_type", "fodselsar": "birth_year"},
    ),
    Check(
        code="test-person",
        version=1,
        model=Person,
        severity=Severity.ERROR,
        title=_("Testperson i meldingen"),
        explanation=_(
            "Fødselsnummeret hører til en serie som bare brukes til testpersoner. En testperson skal ikke telles som "
            "mottaker av tjenester."
        ),
        remedy=_("Slett testpersonen fra fagsystemet, eller merk den slik at den ikke blir med i uttrekket."),
        applies_to=Q(identity_type__in=NATIONAL_NUMBER_TYPES),
        violation=Q(month_shift__in=synthetic_series(settings.KPR_ENVIRONMENT)),
        fields={"typeID": "identity_type", "fodselsar": "birth_year"},
    ),
    Check(
        code="person-in-many-municipalities",
        version=1,
        model=Person,
        severity=Severity.ERROR,
        title=_("Samme person er meldt fra mange kommuner"),
        explanation=_(
            "Den samme personen er meldt fra seks eller flere kommuner i samme år. Det er nesten alltid en testperson "
            "som følger med fagsystemet, og ikke en virkelig mottaker av tjenester."
        ),
        remedy=_(
            "Slå opp brukeren i fagsystemet. Er det en testperson, skal den slettes eller holdes utenfor uttrekket. "
            "Er det en virkelig person, må du kontrollere at fødselsnummeret er riktig."
        ),
        applies_to=LINKABLE,
        violation=elsewhere() & Q(GreaterThanOrEqual(OtherMunicipalities(F("pk"), Value(OTHERS)), OTHERS)),
        fields={"andre_kommuner": OtherMunicipalities(F("pk"))},
        across=True,
    ),
    Check(
        code="birth-year-implausible",
        version=1,
        model=Person,
        severity=Severity.ERROR,
        title=_("Fødselsåret er ikke mulig"),
        explanation=_(
            "Fødselsåret er mer enn 115 år før rapporteringsåret, eller etter det. Alder brukes i nesten all statistikk, "
            "og et feil fødselsår setter personen i feil aldersgruppe."
        ),
        remedy=_("Slå opp brukeren i fagsystemet, sammenlign fødselsåret med fødselsnummeret og rett det."),
        applies_to=~Q(birth_year=0),
        violation=Q(birth_year__lt=F("submission__period_end__year") - OLDEST)
        | Q(birth_year__gt=F("submission__period_end__year")),
        fields={"fodselsar": "birth_year"},
    ),
    Check(
        code="person-repeated",
        version=1,
        model=Person,
        severity=Severity.ERROR,
        title=_("Samme person står flere ganger i meldingen"),
        explanation=_(
            "Fødselsnummeret, D-nummeret eller DUF-nummeret står på flere brukere i meldingen. Personen blir talt flere "
            "ganger, og tjenester og svar blir delt mellom brukerne."
        ),
        remedy=_(
            "Slå opp brukerne i fagsystemet. Er de samme person, skal de slås sammen til én bruker. Er de to personer, "
            "har en av dem fått feil nummer: rett det."
        ),
        applies_to=LINKABLE,
        violation=more_than_once(Person, LINKABLE, "identity_type", "pseudonym"),
        fields={"typeID": "identity_type", "fodselsar": "birth_year"},
    ),
    Check(
        code="user-number-repeated",
        version=1,
        model=Person,
        severity=Severity.ERROR,
        title=_("Samme brukernummer på flere brukere"),
        explanation=_(
            "Flere brukere i meldingen har det samme brukernummeret. Brukernummeret skal være én persons alene, i alle år. "
            "Ellers vet ingen hvem et funn gjelder, og personer kan bli blandet sammen."
        ),
        remedy=_(
            "Gi hver bruker sitt eget nummer i fagsystemet. Er det samme person som står to ganger, skal det ene slettes. "
            "Gjelder det mange, er det trolig uttrekket som er feil: meld fra til leverandøren."
        ),
        applies_to=EVERY,
        violation=more_than_once(Person, EVERY, "user_ref", "user_ref_hash"),
        fields={"typeID": "identity_type", "fodselsar": "birth_year"},
    ),
    Check(
        code="user-number-holds-identity",
        version=1,
        model=Person,
        severity=Severity.ERROR,
        title=_("Brukernummeret inneholder et fødselsnummer"),
        explanation=_(
            "Brukernummeret vises på sider og i filer, og skal ikke kunne røpe hvem personen er. Her inneholder det et "
            "fødselsnummer eller D-nummer. Vi har skjult den delen, og den blir ikke vist noe sted."
        ),
        remedy=_(
            "Finn brukeren ved hjelp av tjenestenummeret nedenfor, eller fødselsåret. La fagsystemet lage et eget "
            "brukernummer. Gjelder det mange, er det uttrekket som er feil: meld fra til leverandøren."
        ),
        applies_to=EVERY,
        violation=~Q(user_ref_hash=0),
        fields={
            "fodselsar": "birth_year",
            "tjenesteID": Subquery(
                services(within_person=True).order_by("service_ref_hash", "pk").values("service_ref")[:1]
            ),
        },
    ),
    Check(
        code="person-without-service",
        version=1,
        model=Person,
        severity=Severity.WARNING,
        title=_("Personen har ingen tjenester"),
        explanation=_(
            "Personen er med i meldingen, men har ikke en eneste tjeneste. Ofte er tjenestene avsluttet før året, eller "
            "de er ikke kommet med i uttrekket."
        ),
        remedy=_(
            "Slå opp brukeren i fagsystemet. Har personen fått tjenester i året, må vedtakene registreres med riktig "
            "tjenestetype. Har personen ikke fått noen, skal brukeren avsluttes."
        ),
        applies_to=EVERY,
        violation=~Q(Exists(services())),
        fields={"fodselsar": "birth_year"},
    ),
    Check(
        code="hours-over-168",
        version=1,
        model=Person,
        severity=Severity.ERROR,
        title=_("Flere enn 168 timer tjenester i uken"),
        explanation=_(
            "En uke har 168 timer. Enten har én tjeneste flere timer enn det, eller så er timene i tjenestene som "
            "gjelder ved utgangen av året, flere enn 168 til sammen. Slike tall ødelegger statistikken over timer."
        ),
        remedy=_(
            "Slå opp vedtakene i fagsystemet. Se etter timer for måned eller år som er ført som timer i uken, komma på "
            "feil plass, og gamle vedtak som skulle vært avsluttet da et nytt kom."
        ),
        given_by=WITH_HOURS,
        applies_to=Q(Exists(services(active(), hours__isnull=False))),
        violation=Q(Exists(weekly_hours().filter(Q(at_end__gt=HOURS_IN_A_WEEK) | Q(largest__gt=HOURS_IN_A_WEEK)))),
        fields={
            "timer_i_alt": Subquery(weekly_hours().values("at_end")),
            "storste_timerPerUke": Subquery(weekly_hours().values("largest")),
        },
    ),
)
