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
det samme som funnet `nutrition-not-answered` teller) og *ikke vurdert* (det er svart nei, ja uten dato, eller ja for lenge siden). Under 10 personer skrives som «1 av 1», uten prosent og uten figur. Hvordan tallene gis ut, står i [publications.md](publications.md).

## Hvor sikre tallene er

- **Intervallet** rundt en andel er Wilsons, 95 % (Wilson 1927).
- **En forskjell** er *trolig reell*, *kan være tilfeldig* eller *for få til å si* (under 10 personer på en av sidene). Egne personer er tatt ut av fylket og landet før de sammenlignes. Forskjellen prøves med skårtesten
  for to andeler (kjikvadrat uten korreksjon); med under 30 personer på en av sidene, eller der færre enn 5 er ventet av et slag (Cochran 1954), med Fishers eksakte test (to ganger den minste halen).
- **Gjennom årene** sies det samme om endringen fra første til siste år, prøvd gjennom alle årene: Cochran-Armitage (Armitage 1955). Er tallene så små som over, prøves første mot siste år eksakt. Går utviklingen den andre veien enn fra første til
  siste år, kan endringen være tilfeldig. Mange er de samme fra år til år; det gjør prøven forsiktig.
- **Mange på én gang.** En kommunes tolv indikatorer ved siden av fylket og landet er 24 spørsmål (36 for en enhet, som har kommunen også), og gjennom årene tolv til. De avgjøres samlet, så at i gjennomsnitt høyst 5 % av det som kalles
  trolig reelt, er tilfeldig (Benjamini og Hochberg 1995). En indikators egen side sier det samme om dem som oversikten, og holder de andre sammenligningene sine til den samme grensen. De åpne sidene avgjør samlet det de selv spør om. Det som skrives likt
  i hele prosent, kalles ikke forskjellig.
- **Trakten** har kontrollgrenser ved 95 % og 99,8 % rundt landet (Spiegelhalter 2005, Stat Med 24:1185). Under 30 personer er de eksakte, av binomialfordelingen; fra 30 er de normaltilnærmingens, og svarer til Wilsons intervall. Spriker kommunene mer enn tilfeldighet
  gir, er grensene √φ ganger så vide, og siden sier det: φ er gjennomsnittet av de kvadrerte z-verdiene etter at de ytterste 10 % i hver ende er trukket inn (winsorisert) (Spiegelhalter 2005, Qual Saf Health Care 14:347). φ regnes av kommunene som er vist, med minst 10
  personer, og brukes bare når det er minst 10 slike og φ er over 1 + 2√(2/I), der I er hvor mange de er. En forskjell kan være reell og likevel ligge mellom kurvene: da er den ikke større enn det som er vanlig mellom kommuner."""


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
