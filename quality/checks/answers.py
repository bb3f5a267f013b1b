"""Checks of the dated yes/no answers (Opplysning): illogical answers and suspicious dates."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from django.contrib.postgres.aggregates import BoolAnd, BoolOr
from django.db.models import (
    Count,
    DateField,
    Exists,
    F,
    Func,
    IntegerField,
    Max,
    Min,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.functions import Cast, Coalesce, Greatest, Least, Mod
from django.db.models.lookups import GreaterThanOrEqual
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from quality.check import Check, Condition, Judged
from quality.checks.conditions import (
    AT_HOME,
    EVERY,
    INSTITUTION_TYPES,
    LONG_STAY,
    NUTRITION_CARE,
    PERIOD_END,
    REGISTER_BEGAN,
    SAME_PERSON,
    EarlierGroups,
    active,
    active_at_end,
    answers,
    dated,
    first_date,
    hours_at_end,
    last_date,
    over,
    services,
    with_earlier_years,
)
from quality.models import Severity
from submissions.models import Answer, Person, Topic

WAITING_LIST = Topic.WAITING_LIST
REHABILITATION = Topic.REHABILITATION
ROUND_THE_CLOCK = Topic.ROUND_THE_CLOCK
NUTRITION = (Topic.NUTRITION_ASSESSED, Topic.NUTRITION_RISK, Topic.NUTRITION_PLAN)
FEW_HOURS = 24
DATED = Q(date__isnull=False)
ANSWER = {"navn": "topic", "svar": "yes", "dato": "date"}


def waiting_list(**named: bool) -> Q:
    return Q(topic=WAITING_LIST, **named)


def both_on_a_day(judged: Judged) -> Q:
    """Waiting-list answers of a person that has both on that day."""
    rows = Answer.objects.filter(waiting_list(), DATED, **judged.filter())
    rows = rows.alias(any=over(BoolOr("yes"), "person", "date"), all=over(BoolAnd("yes"), "person", "date"))
    return Q(pk__in=rows.filter(any=True, all=False).values("pk"))


def without_earlier_yes(judged: Judged) -> Q:
    """Waiting-list answers before the person's first "yes", here and in earlier years."""
    yes_here, yes_before = Q(yes=True), Q(yes=True) & ~Q(**judged.filter())
    rows = with_earlier_years(judged, WAITING_LIST, date__isnull=False).alias(
        first=Least(
            over(Min("date", filter=yes_here), "person"),
            over(Min("date", filter=yes_before), *SAME_PERSON),
        )
    )
    return Q(pk__in=rows.filter(Q(first__isnull=True) | Q(first__gt=F("date"))).values("pk"))


class DayNumber(Func):
    """A date as a whole number of days."""

    template = "(%(expressions)s - DATE '0001-01-01')"
    output_field = IntegerField()


class Day(Func):
    """The date of such a number."""

    template = "(DATE '0001-01-01' + (%(expressions)s))"
    output_field = DateField()


def with_nearest(judged: Judged, **named: Any) -> QuerySet[Answer]:
    """Waiting-list answers that have a nearest earlier one, over the years, on a tie "yes": `nearest` is its day and answer."""
    placed = DayNumber("date") * 2 + Cast("yes", IntegerField())  # a later day is greater, and on one day "yes" is
    of_others = ~Q(**judged.filter())
    rows = with_earlier_years(judged, WAITING_LIST, date__isnull=False, **named).alias(
        nearest=Greatest(
            over(Max(placed), "person", order="date", frame=EarlierGroups()),
            over(Max(placed, filter=of_others), *SAME_PERSON, order="date", frame=EarlierGroups()),
        )
    )
    return rows.filter(nearest__isnull=False)


def compared_with_nearest(same: bool) -> Condition:
    """Waiting-list answers that have a nearest earlier one; with `same` only equal ones."""

    def condition(judged: Judged) -> Q:
        found = with_nearest(judged)
        if same:
            found = found.alias(said=Mod("nearest", 2)).filter(said=Cast("yes", IntegerField()))
        return Q(pk__in=found.values("pk"))

    return condition


def nearest_date(submission: int, persons: Sequence[int]) -> QuerySet[Any, Any]:
    """The date of the answer that each is compared with."""
    same_persons = Person.objects.filter(submission=submission, pk__in=persons).values("pseudonym")
    rows = with_nearest(Judged(submission), person__pseudonym__in=same_persons)
    return rows.order_by().values_list("pk", Day(F("nearest") / 2))


def only_no(judged: Judged) -> Q:
    """Persons with a dated "no" to rehabilitation and no "yes", here and in earlier years."""
    rows = with_earlier_years(judged, REHABILITATION).alias(
        dated_no=over(Count("pk", filter=Q(yes=False) & DATED), "person"),
        yes_here=over(BoolOr("yes"), "person"),
        yes_before=Coalesce(over(BoolOr("yes", filter=~Q(**judged.filter())), *SAME_PERSON), False),
    )
    return Q(pk__in=rows.filter(dated_no__gt=0, yes_here=False, yes_before=False).values("person"))


def implausible_date(topic: str, name: Promise, *topics: Topic, given_by: Q = EVERY) -> Check:
    return Check(
        code=f"{topic}-date-implausible",
        version=1,
        model=Answer,
        severity=Severity.ERROR,
        title=name,
        explanation=_(
            "Datoen er før 2007, da registeret begynte, eller etter den siste dagen meldingen gjelder for. En slik dato er "
            "en skrivefeil eller en standardverdi fra fagsystemet."
        ),
        remedy=_("Slå opp opplysningen på brukeren i fagsystemet, og rett datoen til den dagen svaret gjelder fra."),
        given_by=given_by,
        applies_to=Q(topic__in=topics) & DATED,
        violation=Q(date__lt=REGISTER_BEGAN) | Q(date__gt=PERIOD_END),
        fields=ANSWER,
    )


def latest_round_the_clock_is_yes() -> Q:
    """On a tie "yes" wins, so only a "no" on a later day outranks it."""
    last_yes, last_no = (last_date(dated(ROUND_THE_CLOCK, within_person=True, yes=yes)) for yes in (True, False))
    return Q(GreaterThanOrEqual(last_yes, Coalesce(last_no, datetime.date.min, output_field=DateField())))


def stays_begun_before_the_answer() -> Q:
    """A long stay active in the period that no round-the-clock "yes" is earlier than."""
    first_yes = first_date(dated(ROUND_THE_CLOCK, within_person=True, yes=True))
    return Q(GreaterThanOrEqual(first_yes, first_date(services(active(), within_person=True, type=LONG_STAY), "start")))


def over_few_hours() -> QuerySet[Any, Any]:
    return hours_at_end().filter(total__gt=FEW_HOURS)


CHECKS = (
    implausible_date("waiting-list", _("Usannsynlig dato for venteliste"), WAITING_LIST),
    implausible_date("rehabilitation", _("Usannsynlig dato for rehabilitering"), REHABILITATION, given_by=AT_HOME),
    implausible_date("round-the-clock", _("Usannsynlig dato for heldøgnstilbud"), ROUND_THE_CLOCK),
    implausible_date("nutrition", _("Usannsynlig dato for ernæring"), *NUTRITION, given_by=NUTRITION_CARE),
    Check(
        code="waiting-list-no-without-yes",
        version=1,
        model=Answer,
        severity=Severity.ERROR,
        title=_("Nei til venteliste uten et tidligere ja"),
        explanation=_(
            "«Nei» betyr at personen er tatt av ventelisten. Da må personen ha stått på den: det skal finnes et «ja» med "
            "samme eller tidligere dato, i denne meldingen eller i meldinger for tidligere år."
        ),
        remedy=_(
            "Har personen stått på venteliste, må «ja» registreres med datoen det begynte. Har personen aldri stått der, "
            "skal «nei» slettes."
        ),
        applies_to=waiting_list(yes=False) & DATED,
        violation=without_earlier_yes,
        fields=ANSWER,
        across=True,
    ),
    Check(
        code="waiting-list-answer-repeated",
        version=1,
        model=Answer,
        severity=Severity.ERROR,
        title=_("Samme svar om venteliste to ganger på rad"),
        explanation=_(
            "Det nærmeste tidligere svaret er det samme. Et nytt «ja» skal bare registreres når personen har vært av "
            "listen, og et nytt «nei» bare når personen har vært på den. Ellers kan ventetiden ikke regnes ut."
        ),
        remedy=_(
            "Mangler det et svar mellom de to, må det registreres. Er svaret bare ført på nytt, skal det siste slettes, "
            "slik at den første datoen blir stående."
        ),
        applies_to=compared_with_nearest(same=False),
        violation=compared_with_nearest(same=True),
        fields=ANSWER | {"forrige_dato": nearest_date},
        across=True,
    ),
    Check(
        code="waiting-list-yes-and-no-same-day",
        version=1,
        model=Answer,
        severity=Severity.ERROR,
        title=_("Både ja og nei til venteliste på samme dag"),
        explanation=_("Personen er registrert både på og av ventelisten samme dag. Ingen kan vite hva som er riktig."),
        remedy=_("Slå opp ventelisten på brukeren i fagsystemet, behold det svaret som er riktig, og slett det andre."),
        applies_to=waiting_list() & DATED,
        violation=both_on_a_day,
        fields=ANSWER,
    ),
    Check(
        code="waiting-list-date-missing",
        version=1,
        model=Answer,
        severity=Severity.ERROR,
        title=_("Ja til venteliste mangler dato"),
        explanation=_("Personen står på venteliste, men ingen vet siden når. Da kan ventetiden ikke regnes ut."),
        remedy=_("Registrer datoen da personen kom på ventelisten."),
        applies_to=waiting_list(yes=True),
        violation=Q(date__isnull=True),
        fields=ANSWER,
    ),
    Check(
        code="rehabilitation-only-no",
        version=1,
        model=Person,
        severity=Severity.ERROR,
        title=_("Rehabilitering er avsluttet uten å ha begynt"),
        explanation=_(
            "Et «nei» med dato betyr at rehabiliteringen sluttet den dagen, men det finnes ikke noe «ja», verken i denne "
            "meldingen eller i tidligere år. Har personen aldri fått rehabilitering, skal «nei» stå uten dato."
        ),
        remedy=_(
            "Har personen fått rehabilitering, må «ja» registreres med startdatoen. Har personen ikke fått det, skal "
            "datoen på «nei» slettes."
        ),
        given_by=AT_HOME,
        applies_to=Q(Exists(answers(REHABILITATION))),
        violation=only_no,
        fields={
            "nei_dato": Subquery(
                dated(REHABILITATION, within_person=True, yes=False).order_by("date").values("date")[:1]
            )
        },
        across=True,
    ),
    Check(
        code="rehabilitation-starts-without-end",
        version=1,
        model=Person,
        severity=Severity.WARNING,
        title=_("Rehabilitering har begynt flere ganger uten å slutte"),
        explanation=_(
            "Personen har tre eller flere «ja» til rehabilitering med dato, men ikke noe «nei». Periodene skal avsluttes "
            "med «nei» når rehabiliteringen er over, ellers kan varigheten ikke regnes ut."
        ),
        remedy=_(
            "Registrer «nei» med datoen da hver periode sluttet. Er det samme periode ført flere ganger, skal bare det "
            "første «ja» stå."
        ),
        given_by=AT_HOME,
        applies_to=Q(Exists(answers(REHABILITATION, yes=True))),
        violation=Q(Exists(dated(REHABILITATION, within_person=True, yes=True)[2:3]))
        & ~Q(Exists(answers(REHABILITATION, yes=False))),
        fields={
            "forste_ja": Subquery(
                dated(REHABILITATION, within_person=True, yes=True).order_by("date").values("date")[:1]
            ),
            "siste_ja": Subquery(
                dated(REHABILITATION, within_person=True, yes=True).order_by("-date").values("date")[:1]
            ),
        },
    ),
    Check(
        code="round-the-clock-first-in-nursing-home",
        version=1,
        model=Person,
        severity=Severity.WARNING,
        title=_("Heldøgnstilbud er først registrert i sykehjemmet"),
        explanation=_(
            "Heldøgnstilbud skal vise hvem som får hjelp hele døgnet i egen bolig. Her kom det første «ja» samme dag som "
            "langtidsoppholdet begynte, eller senere. Da ble det trolig krysset av fordi personen bor på sykehjem."
        ),
        remedy=_(
            "Hadde personen heldøgns hjelp hjemme før innflyttingen, må datoen rettes. Hadde personen ikke det, skal "
            "svaret slettes."
        ),
        given_by=Q(active(), type=LONG_STAY),
        applies_to=Q(Exists(dated(ROUND_THE_CLOCK, yes=True))),
        violation=stays_begun_before_the_answer(),
        fields={
            "forste_ja": Subquery(
                dated(ROUND_THE_CLOCK, within_person=True, yes=True).order_by("date").values("date")[:1]
            ),
            "langtidsopphold_startDato": Subquery(
                services(active(), within_person=True, type=LONG_STAY).order_by("start").values("start")[:1]
            ),
        },
    ),
    Check(
        code="round-the-clock-few-services",
        version=1,
        model=Person,
        severity=Severity.WARNING,
        title=_("Heldøgnstilbud, men få timer med tjenester"),
        explanation=_(
            "Personen er registrert med heldøgnstilbud og bor ikke i institusjon, men timene i tjenestene ved utgangen av "
            "året er 24 eller færre i uken til sammen. Så få timer rekker ikke til hjelp hele døgnet."
        ),
        remedy=_(
            "Kontroller om personen fortsatt har heldøgnstilbud, og registrer «nei» med dato hvis det er slutt. Har "
            "personen det, må timene i vedtakene rettes."
        ),
        given_by=active_at_end() & AT_HOME,
        applies_to=latest_round_the_clock_is_yes() & ~Q(Exists(services(active_at_end(), type__in=INSTITUTION_TYPES))),
        violation=~Q(Exists(over_few_hours())),
        fields={
            "siste_ja": Subquery(
                dated(ROUND_THE_CLOCK, within_person=True, yes=True).order_by("-date").values("date")[:1]
            ),
            "timer_i_alt": Subquery(hours_at_end().values("total")),
        },
    ),
)
