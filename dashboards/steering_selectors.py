"""The steering figures that a page shows: of a municipality or one of its units, beside those of the year before."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from django.db.models import Q, Sum
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from charts.comparison import FEWEST
from charts.values import FIXED, NOTHING, count, decimal
from dashboards.page_scope import PageScope
from indicators.models import Level, SteeringValue
from indicators.steering.catalogue import BY_CODE, SteeringFigure, Unit
from indicators.steering.completeness import SERVICE_FIELDS, ServiceField
from indicators.steering.people import PERSON_FIELDS, PersonField
from municipalities.access import visible, with_predecessors
from municipalities.population import populations
from municipalities.reference_data import AGE_GROUPS
from quality.labels import service_types
from submissions.models import Kind

# Of these no row means nobody; of the others that there is nothing to tell.
COUNTED = (Unit.PERSONS, Unit.SERVICES, Unit.ROWS)
ANSWERS = ("waiting-list", "waited-median", "waited-long", "round-the-clock", "rehabilitation-yes", "rehabilitation-no")
AT_A_GLANCE = ("persons", "technology-share", "round-the-clock", "waiting-list")


class SteeringKey(NamedTuple):
    """A figure, and what it is divided by."""

    figure: str
    service_type: int | None = None
    age_group: str = ""
    month: int | None = None
    field: str = ""


class Number(NamedTuple):
    value: float
    persons: int


Numbers = Mapping[SteeringKey, Number]


@dataclass(frozen=True)
class Compared:
    """One figure in the year and in the year before; None where there is none. `persons` are those that `now` rests on,
    `persons_before` those of the year before."""

    figure: SteeringFigure
    now: float | None
    before: float | None
    persons: int = 0
    persons_before: int = 0

    @property
    def of_persons(self) -> str:
        """Whom a number of days rests on: it may be few."""
        if not self.persons or self.figure.unit != Unit.DAYS:
            return ""
        return ngettext("%(n)s person", "%(n)s personer", self.persons) % {"n": count(self.persons)}

    @property
    def text(self) -> str:
        return self._written(self.now, self.persons)

    @property
    def before_text(self) -> str:
        return self._written(self.before, self.persons_before)

    @property
    def change(self) -> str:
        """With its sign; of shares in percentage points."""
        if self.now is None or self.before is None or self._is_few(self.persons) or self._is_few(self.persons_before):
            return NOTHING
        change = self._rounded(self.now) - self._rounded(self.before)
        text = decimal(change, self.figure.decimals)
        return f"+{text}" if change > 0 else text if change else _("uendret")

    def _rounded(self, number: float) -> float:
        scale = 100 if self.figure.unit == Unit.SHARE else 1
        return round(number * scale + 1e-9, self.figure.decimals)

    def _is_few(self, persons: int) -> bool:
        """Whether the figure is a share of so few that only their number is told."""
        return self.figure.unit == Unit.SHARE and persons < FEWEST

    def _written(self, number: float | None, persons: int) -> str:
        if number is None:
            return NOTHING
        if self._is_few(persons):
            return _("%(part)s av %(all)s") % {"part": count(round(number * persons)), "all": count(persons)}
        text = decimal(self._rounded(number), self.figure.decimals)
        return f"{text}{FIXED}%" if self.figure.unit == Unit.SHARE else text


@dataclass(frozen=True)
class Inhabitants:
    """By age group, on 1 January of `year`."""

    year: int
    by_age: Mapping[str, int]

    def of(self, age_group: str) -> int:
        """Of all ages where none is named."""
        return self.by_age.get(age_group, 0) if age_group else sum(self.by_age.values())

    def per_1000(self, persons: float, age_group: str) -> float | None:
        everybody = self.of(age_group)
        return 1000 * persons / everybody if everybody else None


class AgeCell(NamedTuple):
    """Persons of one age, and how many that is of 1000 inhabitants; the latter is empty where it cannot be said."""

    age: str
    persons: str
    rate: str


@dataclass(frozen=True)
class ServiceLine:
    name: str
    persons: Compared
    rate: str
    ages: Sequence[AgeCell]


@dataclass(frozen=True)
class HoursLine:
    name: str
    median: Compared
    low: Compared
    high: Compared
    persons: str


class MonthLine(NamedTuple):
    name: str
    new: str
    ended: str
    at_end: str


@dataclass(frozen=True)
class FieldLine:
    title: Promise
    asked_of: Promise
    share: Compared
    answered: int
    asked: int

    @property
    def missing(self) -> str:
        return count(self.asked - self.answered)

    @property
    def of_all(self) -> str:
        return _("%(part)s av %(all)s") % {"part": count(self.answered), "all": count(self.asked)}


@dataclass(frozen=True)
class Steering:
    """Figures of one area in one year. `before` is empty when nothing is known of the year before."""

    view: PageScope
    is_computed: bool
    now: Numbers
    before: Numbers
    inhabitants: Inhabitants | None = None
    inhabitants_before: Inhabitants | None = None

    def compared(self, figure: str, service_type: int | None = None, **key: str | int | None) -> Compared:
        place = SteeringKey(figure, service_type, **key)  # type: ignore[arg-type]
        declared = BY_CODE[figure]
        nobody = 0.0 if declared.unit in COUNTED else None
        now, before = (found[place].value if place in found else nobody for found in (self.now, self.before))
        persons, persons_before = (found[place].persons if place in found else 0 for found in (self.now, self.before))
        return Compared(declared, now, before if self.before else None, persons, persons_before)

    @property
    def last_year(self) -> str:
        return str(self.view.place.year - 1)

    @cached_property
    def at_a_glance(self) -> list[Compared]:
        return [self.compared(figure) for figure in AT_A_GLANCE]

    # --- Services ---------------------------------------------------------------------------------------------------

    @cached_property
    def types(self) -> list[int]:
        """Service types that somebody has or had the year before, those of most first."""
        known = {key.service_type for found in (self.now, self.before) for key in found if key.figure == "persons"}
        return sorted((t for t in known if t is not None), key=lambda t: (-(self.compared("persons", t).now or 0), t))

    @cached_property
    def services(self) -> list[ServiceLine]:
        """Each type; all of them together come first."""
        return [self._service(_("Alle tjenester"), None), *(self._service(type_name(t), t) for t in self.types)]

    def _service(self, name: str, type_: int | None) -> ServiceLine:
        persons = self.compared("persons", type_)
        return ServiceLine(name, persons, self._rate(persons, ""), [self._cell(type_, age) for age in AGE_GROUPS])

    def _cell(self, type_: int | None, age: str) -> AgeCell:
        persons = self.compared("persons", type_, age_group=age)
        return AgeCell(age_name(age), persons.text, self._rate(persons, age) if persons.now else "")

    def _rate(self, persons: Compared, age: str) -> str:
        rate = self.inhabitants.per_1000(persons.now or 0, age) if self.inhabitants else None
        return "" if rate is None else decimal(rate)

    @cached_property
    def hours(self) -> list[HoursLine]:
        found = sorted(
            (key.service_type, n.persons)
            for key, n in self.now.items()
            if key.figure == "hours-median"
            if key.service_type
        )
        return [self._hours(type_, persons) for type_, persons in sorted(found, key=lambda each: -each[1])]

    def _hours(self, type_: int, persons: int) -> HoursLine:
        median, low, high = (self.compared(f"hours-{place}", type_) for place in ("median", "low", "high"))
        return HoursLine(type_name(type_), median, low, high, count(persons))

    # --- Months, answers, completeness --------------------------------------------------------------------------------

    @cached_property
    def months(self) -> list[MonthLine]:
        if not any(key.month for key in self.now):
            return []
        return [MonthLine(month_name(month), *self._services_of(month)) for month in range(1, 13)]

    def _services_of(self, month: int) -> Iterable[str]:
        return (self.compared(f"flow-services-{what}", month=month).text for what in ("new", "ended", "at-end"))

    @cached_property
    def answers(self) -> list[Compared]:
        return [self.compared(figure) for figure in ANSWERS]

    @cached_property
    def fields(self) -> list[FieldLine]:
        declared: tuple[ServiceField | PersonField, ...] = (*SERVICE_FIELDS, *PERSON_FIELDS)
        return [self._field(field) for field in declared if SteeringKey("completeness", field=field.name) in self.now]

    def _field(self, field: ServiceField | PersonField) -> FieldLine:
        asked = self.now[SteeringKey("completeness", field=field.name)].persons
        lacking = int(self.compared("unanswered", field=field.name).now or 0)
        share = self.compared("completeness", field=field.name)
        return FieldLine(field.title, field.asked_of, share, asked - lacking, asked)


def type_name(type_: int) -> str:
    return service_types().get(str(type_), str(type_))


def age_name(age_group: str) -> str:
    if age_group.endswith("+"):
        return _("%(age)s år og over") % {"age": age_group[:-1]}
    return _("%(age)s år") % {"age": age_group.replace("-", "–")}


def month_name(month: int, form: str = "F") -> str:
    return date_format(datetime.date(2000, month, 1), form)


# --- Reading ---------------------------------------------------------------------------------------------------------


def steering_of(view: PageScope) -> Steering:
    """The view's figures. Four queries, whatever there is to see."""
    submission, year = view.submission, view.place.year
    if submission is None:
        return Steering(view, False, {}, {})
    # A divided municipality's past is nobody's alone: neither its figures nor its inhabitants.
    numbers = with_predecessors([view.municipality])
    now, before = _numbers(view, submission.pk, numbers)
    return Steering(
        view,
        submission.steering_at is not None,
        now,
        before,
        *(None if view.unit else _inhabitants(numbers, each) for each in (year, year - 1)),
    )


def _numbers(view: PageScope, submission: int, numbers: Iterable[str]) -> tuple[Numbers, Numbers]:
    """Of the shown submission, and of the one that counted the year before."""
    last = Q(submission__year=view.place.year - 1, submission__is_current=True, submission__kind=Kind.ANNUAL)
    chosen = Q(submission=submission) | (last & Q(submission__municipality__in=sorted(numbers)))
    rows = visible(SteeringValue, view.access).filter(chosen, **_area(view))
    now: dict[SteeringKey, Number] = {}
    before: dict[SteeringKey, Number] = {}
    for pk, value, persons, *key in rows.values_list("submission", "value", "persons", *SteeringKey._fields):
        (now if pk == submission else before)[SteeringKey(*key)] = Number(float(value or 0), persons)
    return now, before


def _area(view: PageScope) -> dict[str, str]:
    return {"level": Level.UNIT, "area": view.area} if view.unit else {"level": Level.MUNICIPALITY}


def _inhabitants(numbers: Iterable[str], year: int) -> Inhabitants | None:
    known = populations(year).filter(municipality__in=sorted(numbers)).values_list("year", "age_group")
    rows = list(known.annotate(Sum("persons")))
    return Inhabitants(rows[0][0], {age: persons for _year, age, persons in rows}) if rows else None
