"""Checks of the services (Tjeneste)."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import (
    Case,
    Exists,
    F,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    RowRange,
    Subquery,
    TextField,
    Value,
    When,
    Window,
)
from django.db.models.functions import Cast, Coalesce, Concat, Lag, Lead, Substr
from django.utils.translation import gettext_lazy as _

from quality.check import Check, Judged
from quality.checks.conditions import (
    EVERY,
    HOURS_TYPES,
    KNOWN_TYPES,
    LONG_STAY,
    ORGANISATION_TYPES,
    PERIOD_END,
    RETIRED_TYPES,
    WELFARE_TECHNOLOGY_TYPES,
    EarlierGroups,
    active,
    more_than_once,
    over,
)
from quality.models import Severity
from submissions.models import LOWEST_ORGANISATION_NUMBER, PLACEHOLDER_ORGANISATION_NUMBER, Service, TemporaryStop

OPEN = Value(datetime.date.max)
STARTED = Q(start__isnull=False)
LONG_STAYS = Q(type=LONG_STAY) & STARTED
WELFARE_TECHNOLOGY = Q(type__in=WELFARE_TECHNOLOGY_TYPES)

TYPE = {"tjenesteType": "type_code"}
START = TYPE | {"startDato": "start"}
DATES = START | {"sluttDato": "end"}
ORGANISATION = DATES | {"tjenesteOrgNr": "organisation_number"}


def same_number() -> Coalesce:
    """Two without an organisation number have the same."""
    return Coalesce("organisation_number", Value(""), output_field=TextField())


def same_type() -> Coalesce:
    return Coalesce(Cast("type", TextField()), "type_code", output_field=TextField())


def twin(submission: int, persons: Sequence[int]) -> QuerySet[Any, Any]:
    """The number of a service that is the same as each: of the one before it in the message, for the first of the next."""
    alike = ("person", same_type(), "start", same_number())
    rows = Service.objects.filter(STARTED, submission=submission, person__in=persons).order_by()
    before, after = (over(neighbour("service_ref"), *alike, order="pk") for neighbour in (Lag, Lead))
    return rows.values_list("pk", Coalesce(before, after))


FORWARD = Q(until__gt=F("start"))
# Which of a person's stays overlaps: one before it, one after, one inside; or it lies inside one itself.
ENDED = FORWARD & Q(ended__gt=F("start"))
FOLLOWS = FORWARD & Q(follows__lt=F("until"))
WITHIN = FORWARD & Q(within__lt=F("until"))
AROUND = ~FORWARD & Q(around__gt=F("start"))


def stays(**which: Any) -> QuerySet[Service]:
    """Long stays, with what the person's others tell of each.

    They overlap when start1 < end2 and start2 < end1, no end being open. Ordered by start, a stay overlaps an earlier one when any
    of those ends later than it starts, and a later one when the next starts before it ends. One that ends no later than it
    starts overlaps a stay that holds both its days strictly inside.
    """
    rows = Service.objects.filter(LONG_STAYS, **which).order_by().alias(until=Coalesce("end", OPEN))
    return rows.alias(forward=Case(When(FORWARD, then=True), default=False)).alias(**others(F))


def others(told: Callable[[str], Any]) -> dict[str, Window]:
    """What is told of the stay that ended last of those before, the next, the one around and the one inside that began first."""
    # A stay that ends no later than it starts is placed where it ends.
    place = Case(When(FORWARD, then=F("start")), default=F("until"))
    in_order: dict[str, Any] = {"order": ["start", "pk"]}
    earlier = RowRange(start=None, end=-1)
    return {
        "ended": over(Max(told("until")), "person", "forward", **in_order, frame=earlier),
        "follows": over(Lead(told("start")), "person", "forward", **in_order),
        "around": over(Max(told("until"), filter=FORWARD), "person", order=place.asc(), frame=EarlierGroups()),
        "within": over(Min(told("start"), filter=~FORWARD), "person", order=place.desc(), frame=EarlierGroups()),
    }


def overlapping(judged: Judged) -> Q:
    """Long stays with another one of the same person that overlaps by more than a shared day of transfer."""
    return Q(pk__in=stays(**judged.filter()).filter(ENDED | FOLLOWS | WITHIN | AROUND).values("pk"))


def overlapped(submission: int, persons: Sequence[int]) -> QuerySet[Any, Any]:
    """The number of a stay that overlaps each."""
    numbers = {f"{which}_number": other for which, other in others(dated_number).items()}
    whens = (
        When(met, then=f"{which}_number")
        for which, met in {"ended": ENDED, "follows": FOLLOWS, "within": WITHIN, "around": AROUND}.items()
    )
    rows = stays(submission=submission, person__in=persons).alias(**numbers)
    return rows.values_list("pk", Substr(Case(*whens), LENGTH_OF_DATE + 1))


LENGTH_OF_DATE = len("2023-12-31")


def dated_number(date: str) -> Concat:
    """The service's number behind one of its dates, so that the largest or smallest date brings its service along."""
    return Concat(Cast(date, TextField()), "service_ref", output_field=TextField())


def stops() -> QuerySet[TemporaryStop]:
    return TemporaryStop.objects.filter(service=OuterRef("pk"), submission=OuterRef("submission"))


def stops_outside() -> QuerySet[TemporaryStop]:
    """Stops that begin before the service or after its end, or end before they begin."""
    outside = Q(start__lt=OuterRef("start")) | Q(start__gt=OuterRef("end")) | Q(end__lt=F("start"))
    return stops().filter(outside).order_by("start", "pk")


CHECKS = (
    Check(
        code="service-number-repeated",
        version=1,
        model=Service,
        severity=Severity.ERROR,
        title=_("Samme tjenestenummer på flere tjenester"),
        explanation=_(
            "Flere tjenester i meldingen har det samme tjenestenummeret. Nummeret skal være én tjenestes alene. Ellers vet "
            "ingen hvilken tjeneste et funn gjelder, og endringer fra år til år kan ikke følges."
        ),
        remedy=_(
            "Er det samme tjeneste som står to ganger, skal den ene slettes. Ellers må hver tjeneste få sitt eget nummer. "
            "Gjelder det mange, er det trolig uttrekket som er feil: meld fra til leverandøren."
        ),
        applies_to=EVERY,
        violation=more_than_once(Service, EVERY, "service_ref", "service_ref_hash"),
        fields=ORGANISATION,
    ),
    Check(
        code="service-number-holds-identity",
        version=1,
        model=Service,
        severity=Severity.ERROR,
        title=_("Tjenestenummeret inneholder et fødselsnummer"),
        explanation=_(
            "Tjenestenummeret vises på sider og i filer, og skal ikke kunne røpe hvem personen er. Her inneholder det et "
            "fødselsnummer eller D-nummer. Vi har skjult den delen, og den blir ikke vist noe sted."
        ),
        remedy=_(
            "Finn tjenesten ved hjelp av brukernummeret, typen og datoene. La fagsystemet lage et eget tjenestenummer. "
            "Gjelder det mange, er det uttrekket som er feil: meld fra til leverandøren."
        ),
        applies_to=EVERY,
        violation=~Q(service_ref_hash=0),
        fields=ORGANISATION,
    ),
    Check(
        code="service-start-missing",
        version=1,
        model=Service,
        severity=Severity.ERROR,
        title=_("Tjenesten mangler startdato"),
        explanation=_(
            "Uten startdato vet ingen om tjenesten ble gitt i året, og den blir ikke telt. Personen kan se ut til å stå "
            "uten tjenester."
        ),
        remedy=_("Åpne vedtaket i fagsystemet og registrer datoen da tjenesten faktisk startet."),
        applies_to=~WELFARE_TECHNOLOGY,
        violation=Q(start__isnull=True),
        fields=TYPE | {"vedtakDato": "decided_on", "sluttDato": "end"},
    ),
    Check(
        code="welfare-technology-start-missing",
        version=1,
        model=Service,
        severity=Severity.ERROR,
        title=_("Velferdsteknologi mangler startdato"),
        explanation=_(
            "Trygghetsalarm, lokaliseringsteknologi, elektronisk medisineringsstøtte eller digitalt tilsyn er meldt uten "
            "startdato. Da blir den ikke telt. Ofte er datoen ført et annet sted i fagsystemet og kommer ikke med i uttrekket."
        ),
        remedy=_(
            "Registrer datoen da utstyret ble tatt i bruk, som startdato på tjenesten. Mangler datoen på mange, må du be "
            "leverandøren kontrollere uttrekket."
        ),
        applies_to=WELFARE_TECHNOLOGY,
        violation=Q(start__isnull=True),
        fields=TYPE | {"vedtakDato": "decided_on", "sluttDato": "end"},
    ),
    Check(
        code="service-end-before-start",
        version=1,
        model=Service,
        severity=Severity.ERROR,
        title=_("Tjenesten slutter før den starter"),
        explanation=_(
            "Sluttdatoen er tidligere enn startdatoen. Tjenesten får negativ varighet og kan ikke telles riktig."
        ),
        remedy=_("Åpne vedtaket i fagsystemet, finn ut hvilken av de to datoene som er feil, og rett den."),
        applies_to=Q(start__isnull=False, end__isnull=False),
        violation=Q(end__lt=F("start")),
        fields=DATES,
    ),
    Check(
        code="service-start-after-period",
        version=1,
        model=Service,
        severity=Severity.ERROR,
        title=_("Tjenesten starter etter rapporteringsåret"),
        explanation=_(
            "Startdatoen er etter den siste dagen meldingen gjelder for. Tjenesten hører ikke til i dette året."
        ),
        remedy=_(
            "Kontroller startdatoen i fagsystemet. Er årstallet feil, må det rettes. Er datoen riktig, skal tjenesten "
            "meldes neste år, og leverandøren må rette uttrekket."
        ),
        applies_to=Q(start__isnull=False),
        violation=Q(start__gt=PERIOD_END),
        fields=DATES,
    ),
    Check(
        code="service-start-before-birth",
        version=1,
        model=Service,
        severity=Severity.ERROR,
        title=_("Tjenesten startet før personen var født"),
        explanation=_(
            "Startåret er tidligere enn fødselsåret. Enten er startdatoen feil, eller så er fødselsåret det."
        ),
        remedy=_("Sammenlign startdatoen og fødselsåret i fagsystemet, og rett det som er feil."),
        applies_to=Q(start__isnull=False) & ~Q(person__birth_year=0),
        violation=Q(start__year__lt=F("person__birth_year")),
        fields=START | {"fodselsar": "person__birth_year"},
    ),
    Check(
        code="service-hours-missing",
        version=1,
        model=Service,
        severity=Severity.ERROR,
        title=_("Timer i uken mangler"),
        explanation=_(
            "Tjenesten gis i timer, men meldingen sier ikke hvor mange timer i uken. Da ser det ut som kommunen gir "
            "mindre hjelp enn den gjør, både i KOSTRA og i egne styringstall."
        ),
        remedy=_("Åpne vedtaket i fagsystemet og registrer innvilgede timer per uke."),
        applies_to=Q(type__in=HOURS_TYPES) & active(),
        violation=Q(hours__isnull=True),
        fields=DATES | {"timerPerUke": "hours"},
    ),
    Check(
        code="service-organisation-missing",
        version=1,
        model=Service,
        severity=Severity.ERROR,
        title=_("Organisasjonsnummer mangler"),
        explanation=_(
            "Tjenesten skal ha organisasjonsnummeret til den enheten som gir den. Uten nummeret kan tjenesten ikke "
            "knyttes til et sykehjem eller en hjemmetjeneste, og enheten ser ikke sine egne tall."
        ),
        remedy=_(
            "Registrer organisasjonsnummeret til enheten som gir tjenesten. Oftest legges det inn én gang på enheten i "
            "fagsystemet og følger da med alle vedtakene."
        ),
        applies_to=Q(type__in=ORGANISATION_TYPES) & active(),
        violation=Q(organisation_number__isnull=True),
        fields=ORGANISATION,
    ),
    Check(
        code="service-organisation-invalid",
        version=1,
        model=Service,
        severity=Severity.ERROR,
        title=_("Ugyldig organisasjonsnummer"),
        explanation=_(
            "Organisasjonsnummeret har ikke 9 siffer, er 999999999, er lavere enn 810000000 eller har feil kontrollsiffer. "
            "Tjenesten kan ikke knyttes til en virksomhet."
        ),
        remedy=_(
            "Finn nummeret til enheten i Enhetsregisteret (brreg.no), og rett det i fagsystemet. Bruk nummeret til "
            "virksomheten som gir tjenesten, ikke et plassholdernummer."
        ),
        applies_to=Q(organisation_number__isnull=False),
        violation=~Q(organisation_number__regex=r"^[0-9]{9}$")
        | Q(organisation_number=PLACEHOLDER_ORGANISATION_NUMBER)
        | Q(organisation_number__lt=LOWEST_ORGANISATION_NUMBER)
        | Q(organisation_check=False)
        | Q(organisation_check__isnull=True),
        fields=ORGANISATION,
    ),
    Check(
        code="service-type-retired",
        version=1,
        model=Service,
        severity=Severity.ERROR,
        title=_("Tjenestetypen er utgått"),
        explanation=_(
            "Tjenestetypene 12, 13 og 16 gikk ut fra 2019. Tjenester som fortsatt står på dem, faller ut av statistikken."
        ),
        remedy=_(
            "Bruk type 29 i stedet for 12 og 13 (bolig). Rehabilitering og habilitering utenfor institusjon (16) "
            "registreres nå som ja eller nei med dato på personen. Avslutt det gamle vedtaket."
        ),
        applies_to=Q(type__in=KNOWN_TYPES),
        violation=Q(type__in=RETIRED_TYPES),
        fields=DATES,
    ),
    Check(
        code="service-type-unknown",
        version=1,
        model=Service,
        severity=Severity.ERROR,
        title=_("Ukjent tjenestetype"),
        explanation=_(
            "Tjenestetypen finnes ikke i kodeverket (9151). Ingen vet hva slags tjeneste dette er, og den blir ikke telt."
        ),
        remedy=_(
            "Velg riktig tjenestetype på vedtaket. Er typen riktig i fagsystemet, er det koblingen til kodeverket som "
            "er feil: meld fra til leverandøren."
        ),
        applies_to=EVERY,
        violation=~Q(type__in=KNOWN_TYPES),
        fields=DATES,
    ),
    Check(
        code="service-duplicate",
        version=1,
        model=Service,
        severity=Severity.WARNING,
        title=_("Samme tjeneste er meldt flere ganger"),
        explanation=_(
            "Personen har en annen tjeneste med samme type, startdato og organisasjonsnummer. Er det den samme tjenesten, "
            "telles både tjenesten og timene dobbelt."
        ),
        remedy=_(
            "Sammenlign de to vedtakene i fagsystemet. Er de samme sak, skal det ene slettes eller avsluttes. Er de "
            "virkelig to tjenester, kan de stå."
        ),
        applies_to=STARTED,
        violation=more_than_once(Service, STARTED, "person", same_type(), "start", same_number()),
        fields=ORGANISATION | {"timerPerUke": "hours", "annen_tjenesteID": twin},
    ),
    Check(
        code="service-long-stays-overlap",
        version=1,
        model=Service,
        severity=Severity.WARNING,
        title=_("Langtidsopphold overlapper hverandre"),
        explanation=_(
            "Personen har to langtidsopphold i institusjon på samme tid. Ingen bor fast på to steder; personen blir talt "
            "på begge. At ett opphold slutter den dagen det neste begynner, er i orden."
        ),
        remedy=_("Finn ut når personen flyttet, og sett sluttdato på det oppholdet som er over."),
        applies_to=LONG_STAYS,
        violation=overlapping,
        fields=ORGANISATION | {"annen_tjenesteID": overlapped},
    ),
    Check(
        code="service-stop-outside",
        version=1,
        model=Service,
        severity=Severity.WARNING,
        title=_("Midlertidig stopp ligger utenfor tjenesten"),
        explanation=_(
            "Et midlertidig stopp begynner før tjenesten startet eller etter at den sluttet, eller det slutter før det "
            "begynner. Da blir tiden med tjeneste regnet feil."
        ),
        remedy=_("Åpne tjenesten i fagsystemet og kontroller datoene for det midlertidige stoppet mot start og slutt."),
        applies_to=Q(Exists(stops())),
        violation=Q(Exists(stops_outside())),
        fields=DATES
        | {
            "stopp_fraDato": Subquery(stops_outside().values("start")[:1]),
            "stopp_tilDato": Subquery(stops_outside().values("end")[:1]),
        },
    ),
    Check(
        code="service-decision-after-start",
        version=1,
        model=Service,
        severity=Severity.WARNING,
        title=_("Vedtaket er datert etter at tjenesten startet"),
        explanation=_(
            "Vedtaksdatoen er senere enn startdatoen. Det hender når hjelpen haster, men ofte er en av datoene feil, og "
            "da blir ventetiden mellom vedtak og tjeneste regnet feil."
        ),
        remedy=_("Kontroller begge datoene i fagsystemet, og rett den som er feil. Er begge riktige, kan de stå."),
        applies_to=Q(decided_on__isnull=False, start__isnull=False),
        violation=Q(decided_on__gt=F("start")),
        fields=START | {"vedtakDato": "decided_on"},
    ),
)
