"""The drawings of the steering page: services by age, who comes and goes, how complete the fields are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

import charts
from charts import Chart, Missing, Month, Rate, Subject, Value
from charts.comparison import FEWEST
from charts.values import count
from dashboards.steering_selectors import Compared, Inhabitants, Steering, age_name, month_name, type_name
from municipalities.reference_data import AGE_GROUPS
from publications.formats.extract import source

MOST_SERVICES = 4


@dataclass(frozen=True)
class SteeringCharts:
    steering: Steering

    @property
    def all(self) -> Iterator[Chart]:
        """Those that there is something to draw in; of a handful of persons nothing is drawn."""
        if (self.steering.compared("persons").now or 0) < FEWEST:
            return iter(())
        return (chart for chart in (self.rates, self.flow, self.completeness) if chart)

    def _subject(self, title: str, name: str, more: str = "") -> Subject:
        words = {"register": source(), "year": self.steering.view.place.text_year}
        told = _("Kilde: %(register)s, kommunens melding for %(year)s") % words
        return Subject(title=title, name=name, source=told + more)

    # --- Services by age --------------------------------------------------------------------------------------------

    @property
    def rates(self) -> Chart | None:
        """The services that most have; of the municipality only, for a unit has no inhabitants."""
        inhabitants = self.steering.inhabitants
        types = self.steering.types[:MOST_SERVICES]
        if inhabitants is None or not types:
            return None
        population = _("; folketall 1. januar %(year)s fra Statistisk sentralbyrå") % {"year": inhabitants.year}
        subject = self._subject(_("Tjenestene flest har, etter alder"), "alder", population)
        rates = [self._rate(inhabitants, type_, age) for type_ in types for age in AGE_GROUPS]
        return charts.rates_by_age(subject, rates, _("året før") if self.steering.before else "")

    def _rate(self, inhabitants: Inhabitants, type_: int, age: str) -> Rate:
        persons = self.steering.compared("persons", type_, age_group=age)
        name, of = type_name(type_), age_name(age)
        rate = inhabitants.per_1000(persons.now or 0, age)
        if rate is None:
            return Rate(service=name, age=of, missing=Missing.NOT_APPLICABLE)
        return Rate(
            service=name,
            age=of,
            per_1000=rate,
            persons=int(persons.now or 0),
            population=inhabitants.of(age),
            reference=self._former_rate(persons, age),
        )

    def _former_rate(self, persons: Compared, age: str) -> float | None:
        former = self.steering.inhabitants_before
        return former.per_1000(persons.before, age) if former and persons.before is not None else None

    # --- Month by month ---------------------------------------------------------------------------------------------

    @property
    def flow(self) -> Chart | None:
        if not self.steering.months:
            return None
        months = [self._month(month) for month in range(1, 13)]
        chart = charts.flow(self._subject(_("Personer med tjenester, måned for måned"), "maaneder"), months)
        return replace(chart, summary=_flow_message(months), reading=_counted_once())

    def _month(self, month: int) -> Month:
        new, ended, at_end = (
            int(self.steering.compared(f"flow-persons-{what}", month=month).now or 0)
            for what in ("new", "ended", "at-end")
        )
        return Month(
            label=month_name(month), short=month_name(month, "M").lower(), started=new, ended=ended, at_end=at_end
        )

    # --- Completeness -----------------------------------------------------------------------------------------------

    @property
    def completeness(self) -> Chart | None:
        fields = [Value.of(str(line.title), line.answered, line.asked).drawn for line in self.steering.fields]
        subject = self._subject(_("Så mye er fylt ut"), "utfylling")
        return charts.completeness(subject, fields) if any(value.share is not None for value in fields) else None


def _flow_message(months: list[Month]) -> str:
    text = _(
        "%(now)s personer hadde tjenester ved slutten av året, mot %(then)s ved slutten av januar. I løpet av året kom "
        "det %(new)s, og %(ended)s sluttet."
    )
    return text % {
        "now": count(months[-1].at_end),
        "then": count(months[0].at_end),
        "new": count(sum(month.started or 0 for month in months)),
        "ended": count(sum(month.ended or 0 for month in months)),
    }


def _counted_once() -> str:
    return _("Den som har flere tjenester, telles én gang: som ny med den første og som avsluttet med den siste.")
