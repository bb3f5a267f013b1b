"""The catalogue of indicators as a page of Markdown, from the declarations alone."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils import translation

from indicators.definitions import BY_CODE, THEMES
from indicators.indicator import Indicator
from indicators.wording import direction

HEAD = """# Indikatorene

Denne siden er laget av `.venv/bin/python manage.py document_indicators` ut fra definisjonene selv. Rett teksten der, ikke her.

En indikator er en andel: de som regnes som ja, av alle som er regnet med, i én melding for ett år. Personer som er testpersoner, eller er meldt fra mange kommuner, er ikke med.
Alder er året meldingen gjelder, minus fødselsåret. Den som mangler fødselsår, har ingen alder. «Siste 12 måneder» er året meldingen gjelder. Av to daterte svar
gjelder det siste: et nei etter et ja tar det tilbake, på samme dag gjelder ja. Svar med dato etter året ses ikke på.

De som er regnet med og ikke regnes som ja, *mangler* det indikatoren spør om. De er av to slag, og heter det samme overalt: *ikke besvart* (det finnes ikke noe svar i meldingen;
det samme som funnet `nutrition-not-answered` teller) og *ikke vurdert* (det er svart nei, ja uten dato, eller ja for lenge siden). Under 10 personer skrives som «1 av 1», uten prosent og uten figur. Hvordan tallene gis ut, står i [publications.md](publications.md)."""


def indicators_page() -> str:
    """The whole page in bokmål, as docs/indicators.md should be."""
    with translation.override(None):
        return "\n\n".join([HEAD, *_themes()]) + "\n"


def _themes() -> Iterator[str]:
    for theme, codes in THEMES:
        yield f"## {theme}"
        for code in codes:
            yield _entry(BY_CODE[code])


def _entry(indicator: Indicator) -> str:
    facts = [direction(indicator).lower(), f"versjon {indicator.version}"]
    if indicator.of:
        facts.append(f"blant dem som regnes som ja i `{indicator.of.code}`")
    if indicator.least_inhabitants:
        facts.append(f"gis ut ved navn bare for kommuner med over {indicator.least_inhabitants} innbyggere")
    return "\n\n".join(
        [
            f"### {indicator.title} (`{indicator.code}`)",
            f"*{'; '.join(facts)}*",
            str(indicator.why_it_matters),
            f"**Hvem som regnes som ja:** {indicator.numerator_text}.",
            f"**Hvem som er regnet med:** {indicator.denominator_text}.",
            f"**Hva tallet ikke sier:** {indicator.cannot_tell}",
            f"Kilde: <{indicator.source}>. Gjennomgått {indicator.reviewed}, neste gang {indicator.next_review}.",
        ]
    )
