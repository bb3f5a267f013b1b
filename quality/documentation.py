"""The catalogue of checks as a page of Markdown, from the declarations alone."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Model
from django.utils import translation

from quality.check import Check
from quality.checks import answers, message, nutrition, person, service
from submissions.models import Answer, Contact, Person, Service, Submission

THEMES = {
    "Meldingen": message.CHECKS,
    "Personer": person.CHECKS,
    "Tjenester": service.CHECKS,
    "Daterte svar": answers.CHECKS,
    "Ernæring": nutrition.CHECKS,
}
SUBJECTS: dict[type[Model], str] = {
    Submission: "meldingen",
    Contact: "kontaktpersoner",
    Person: "personer",
    Service: "tjenester",
    Answer: "daterte svar",
}
HEAD = """# Hva vi kontrollerer

Denne siden er laget av `.venv/bin/python manage.py document_checks` ut fra kontrollene selv. Rett teksten der, ikke her."""


def checks_page() -> str:
    """The whole page in bokmål, as docs/checks.md should be."""
    with translation.override(None):
        return "\n\n".join([HEAD, *_themes()]) + "\n"


def _themes() -> Iterator[str]:
    for theme, checks in THEMES.items():
        yield f"## {theme}"
        for check in checks:
            yield _entry(check)


def _entry(check: Check) -> str:
    facts = [str(check.severity.label), f"gjelder {SUBJECTS[check.model]}", f"versjon {check.version}"]
    if check.across:
        facts.append("ser også på andre meldinger, og kjøres på nytt hver natt")
    shown = ", ".join(f"`{name}`" for name in check.fields) or "bare at det er slik"
    return "\n\n".join(
        [
            f"### {check.title} (`{check.code}`)",
            f"*{'; '.join(facts)}*",
            str(check.explanation),
            f"**Slik retter du det:** {check.remedy}",
            f"Funnene viser: {shown}.",
        ]
    )
