"""Bokmål first; nynorsk and English are complete, and hold the same places for figures and names."""

from __future__ import annotations

import re
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.frontend import CommandLineInterface
from babel.messages.pofile import read_po
from django.test import Client
from django.urls import reverse

ROOT = Path(__file__).parents[2]
OTHERS = ("nn", "en")
KEYWORDS = ("gettext_lazy", "ngettext_lazy:1,2", "pgettext_lazy:1c,2")
PLACE = re.compile(r"%\(\w+\)\w|%%|\{\w*\}|</?\w+[^>]*>")
TextKey = tuple[str | None, str | tuple[str, ...]]


@cache
def texts(catalogue: Path) -> dict[TextKey, Message]:
    found = read_po(BytesIO(catalogue.read_bytes()))
    return {(message.context, message.id): message for message in found if message.id}


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> dict[TextKey, Message]:
    """Every text that the code and the templates hold for translation."""
    out = tmp_path_factory.mktemp("texts") / "django.pot"
    keywords = [part for keyword in KEYWORDS for part in ("-k", keyword)]
    options = ["-F", str(ROOT / "babel.cfg"), *keywords, "-o", str(out), str(ROOT)]
    CommandLineInterface().run(["pybabel", "--quiet", "extract", *options])
    return texts(out)


def own(language: str) -> dict[TextKey, Message]:
    return texts(ROOT / "locale" / language / "LC_MESSAGES" / "django.po")


def forms(text: str | tuple[str, ...]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_translated(used: dict[TextKey, Message], language: str) -> None:
    translated = own(language)
    ready = {key for key, each in translated.items() if all(forms(each.string)) and not each.fuzzy}
    missing = [key for key in used if key not in ready]
    assert not missing


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_is_translated_that_is_not_used(used: dict[TextKey, Message], language: str) -> None:
    assert not own(language).keys() - used.keys()


@pytest.mark.parametrize("language", OTHERS)
def test_translations_hold_the_same_places(language: str) -> None:
    for message in own(language).values():
        wanted = set(PLACE.findall(forms(message.id)[-1]))
        assert set(PLACE.findall(forms(message.string)[-1])) == wanted, message.id
        assert all(set(PLACE.findall(each)) <= wanted for each in forms(message.string)), message.id


FRONT = {"nb": "Åpne tall", "nn": "Opne tal", "en": "Open figures"}


@pytest.mark.django_db
@pytest.mark.parametrize("language", FRONT)
def test_a_reader_chooses_the_language(client: Client, language: str) -> None:
    answer = client.post(reverse("set_language"), {"language": language, "next": reverse("about-portal")}, follow=True)
    page = answer.content.decode()
    assert f'<html lang="{language}"' in page and FRONT[language] in page
    assert answer.headers["Content-Language"] == language


@pytest.mark.django_db
def test_pages_are_in_bokmål_whatever_the_browser_says(client: Client) -> None:
    page = client.get(reverse("front"), headers={"accept-language": "en-US,en;q=0.9"})
    assert '<html lang="nb"' in page.content.decode() and FRONT["nb"] in page.content.decode()


@pytest.mark.django_db
def test_nobody_is_sent_elsewhere_by_a_choice_of_language(client: Client) -> None:
    answer = client.post(reverse("set_language"), {"language": "nn", "next": "https://elsewhere.example/"})
    assert answer.headers["Location"] == "/"


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "word"), [("nn", "kommunen"), ("en", "municipality")])
def test_the_api_answers_in_the_language_that_is_asked_for(client: Client, language: str, word: str) -> None:
    answer = client.get("/api/v1/checks/", headers={"accept-language": language})
    assert answer.headers["Content-Language"] == language and word in answer.content.decode()
