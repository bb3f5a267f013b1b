"""The register's follow-up of the reporting, year by year, over all municipalities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.conf import settings
from django.db.models import Count, Sum
from django.utils.translation import gettext as _

from charts.values import count
from indicators.models import Level, SteeringValue
from indicators.steering import ALWAYS_THERE
from indicators.steering.catalogue import BY_CODE, FOLLOWUPS
from municipalities.access import Access, visible
from quality.models import FindingRow
from submissions.models import Kind, Person

MANY = "person-in-many-municipalities"
YES, NO = "followup-rehabilitation-yes", "followup-rehabilitation-no"
ORDER = (
    "followup-hours-missing",
    "followup-hours-over-168",
    "followup-technology-start-missing",
    "followup-organisation-missing",
    "followup-organisation-invalid",
    MANY,
    "followup-round-the-clock",
    "followup-waiting-list",
    YES,
    "followup-type-16",
)
CURRENT = {"submission__is_current": True, "submission__kind": Kind.ANNUAL}


@dataclass(frozen=True)
class FigureThroughYears:
    title: str
    explanation: str
    cells: Sequence[str]


@dataclass(frozen=True)
class Yearly:
    """`sums` are by figure and year; `municipalities` says how many they rest on; `many` are persons of many municipalities."""

    sums: Mapping[tuple[str, int], int]
    municipalities: Mapping[int, int]
    many: Mapping[int, int]

    @cached_property
    def years(self) -> list[int]:
        """With data, newest last."""
        return sorted(self.municipalities)

    @property
    def heads(self) -> list[tuple[str, int]]:
        return [(str(year), self.municipalities[year]) for year in self.years]

    @cached_property
    def rows(self) -> list[FigureThroughYears]:
        return [self._row(figure) for figure in ORDER]

    def _row(self, figure: str) -> FigureThroughYears:
        if figure == MANY:
            title = _("Personer meldt fra %(n)s eller flere kommuner") % {"n": settings.KPR_MANY_MUNICIPALITIES}
            cells = [count(self.many.get(year, 0)) for year in self.years]
            return FigureThroughYears(
                title, _("Hver person telles én gang i landet. Det er nesten alltid testpersoner."), cells
            )
        if figure == YES:
            explanation = _("Personer med minst ett ja, og personer med nei og ikke noe ja.")
            return FigureThroughYears(_("Rehabilitering utenfor institusjon, ja / nei"), explanation, self._pairs())
        declared = BY_CODE[figure]
        return FigureThroughYears(
            str(declared.title), str(declared.explanation), [self._cell(figure, year) for year in self.years]
        )

    def _cell(self, figure: str, year: int) -> str:
        return count(self.sums.get((figure, year), 0))

    def _pairs(self) -> list[str]:
        return [f"{self._cell(YES, year)} / {self._cell(NO, year)}" for year in self.years]


def yearly(access: Access) -> Yearly:
    """Two queries, whatever has been sent. Figures are whole persons and services, never rounded."""
    sums: dict[tuple[str, int], int] = {}
    municipalities: dict[int, int] = {}
    codes = [figure.code for figure in FOLLOWUPS]
    values = visible(SteeringValue, access).filter(figure__in=codes, level=Level.MUNICIPALITY, **CURRENT).order_by()
    summed = values.values_list("figure", "submission__year").annotate(sum=Sum("value"), of=Count("submission"))
    for figure, year, total, of in summed:
        sums[figure, year] = int(total or 0)
        if figure == ALWAYS_THERE:
            municipalities[year] = of
    return Yearly(sums, municipalities, _in_many_municipalities(access))


def _in_many_municipalities(access: Access) -> dict[int, int]:
    """Distinct persons by year: in each of their municipalities there is a finding of the same person."""
    current = {f"result__{path}": value for path, value in CURRENT.items()}
    found = visible(FindingRow, access).filter(result__code=MANY, **current).values("row")
    persons = visible(Person, access).filter(pk__in=found).order_by().values_list("submission__year")
    return dict(persons.annotate(number=Count("pseudonym", distinct=True)))
