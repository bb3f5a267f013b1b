"""What the intake says: one sentence for each code, put into words when it is read, in the reader's language.

A refusal, and each fault of a message, is kept as a code with its facts (JSON). A whole number among the facts is an amount, a
fact whose name ends with `_on` is a date (YYYY-MM-DD), anything else a text that was masked before it became a fact.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Facts = Mapping[str, Any]
Sentences = Mapping[str, str | Promise]

# --- The file is no message at all ---------------------------------------------------------------------------
NOT_XML: Sentences = {
    "empty": _("Filen er tom. Velg filen som fagsystemet laget, og send den på nytt."),
    "pdf": _("Filen er en PDF. Send XML-filen med årsmeldingen, som fagsystemet lager."),
    "excel": _("Filen er et Excel-ark. Send XML-filen med årsmeldingen, som fagsystemet lager."),
    "word": _("Filen er et Word-dokument. Send XML-filen med årsmeldingen, som fagsystemet lager."),
    "old-office": _("Filen er et Excel- eller Word-dokument. Send XML-filen med årsmeldingen, som fagsystemet lager."),
    "office": _("Filen er et kontordokument. Send XML-filen med årsmeldingen, som fagsystemet lager."),
    "zip": _("Filen er et zip-arkiv. Pakk det ut og send XML-filen, eventuelt pakket med gzip."),
    "packed": _("Filen er pakket med %(name)s. Pakk den ut og send XML-filen, eventuelt pakket med gzip."),
    "tar": _("Filen er et tar-arkiv. Pakk det ut og send XML-filen, eventuelt pakket med gzip."),
    "picture": _("Filen er et bilde. Send XML-filen med årsmeldingen, som fagsystemet lager."),
    "json": _("Filen er JSON. Årsmeldingen må være XML: la fagsystemet lage meldingen på nytt som XML."),
    "csv": _("Filen er en tabell (CSV). Årsmeldingen må være XML: la fagsystemet lage meldingen på nytt som XML."),
    "html": _("Filen er en nettside (HTML). Last ned selve XML-filen fra fagsystemet, og send den."),
    "blank": _("Filen har ikke noe innhold som kan leses, bare nuller eller mellomrom. Lag uttrekket på nytt i fagsystemet."),
    "not-xml": _("Filen er ikke XML. Send XML-filen med årsmeldingen, som fagsystemet lager."),
    "gzip": _("Filen er ikke en hel gzip-fil. Pakk meldingen på nytt, og send den en gang til."),
    "gzip-twice": _("Filen er pakket med gzip to ganger. Pakk den ut en gang, og send den på nytt."),
    "gzip-garbage": _("Det står noe etter slutten av gzip-filen. Pakk meldingen på nytt, og send den en gang til."),
    "gzip-members": _("Gzip-filen er satt sammen av over %(limit)s deler. Pakk meldingen på nytt som en fil."),
}  # fmt: skip

# --- It is XML, and not the annual message -------------------------------------------------------------------
NOT_THE_MESSAGE: Sentences = {
    "encoding": _("Filen sier at den har tegnsettet %(name)s, som ikke tas imot. Lag den som UTF-8 eller ISO-8859-1."),
    "charset-contradicted": _(
        "Content-Type sier at tegnsettet er %(charset)s, men filen selv sier %(name)s, og den har tegn som leses ulikt i de to. La Content-Type og filen si det samme, eller utelat charset."
    ),
    "doctype": _("Meldingen har en DOCTYPE. Det tas ikke imot av sikkerhetsgrunner. Send meldingen uten DOCTYPE."),
    "events-message": _("Dette er en melding om løpende hendelser, ikke årsmeldingen. Send årsmeldingen her."),
    "npr-message": _("Dette er en melding til NPR, ikke årsmeldingen til KPR. Velg filen med årsmeldingen til KPR."),
    "no-namespace": _(
        "Meldingen mangler navnerommet. Rotelementet må være <Melding xmlns=\"urn:kpr:arsmelding:1.0\">. Meld fra til leverandøren av fagsystemet."
    ),
    "another-xml": _(
        "Dette er en annen XML-fil: rotelementet er %(name)s, ikke Melding i navnerommet urn:kpr:arsmelding:1.0. Velg filen med årsmeldingen."
    ),
    "too-large": _("Meldingen er større enn %(limit)s MB utpakket. Kontroller uttrekket, eller kontakt registeret."),
    "too-many-persons": _("Meldingen har over %(limit)s personer (Bruker). Kontroller uttrekket, eller kontakt registeret."),
    "too-many-services": _("Meldingen har over %(limit)s tjenester. Kontroller uttrekket, eller kontakt registeret."),
    "too-many-elements": _("Meldingen har over %(limit)s elementer. Kontroller uttrekket, eller kontakt registeret."),
    "too-many-units": _(
        "Meldingen har over %(limit)s forskjellige organisasjonsnumre i tjenesteOrgNr. Kontroller uttrekket, eller kontakt registeret."
    ),
    "too-costly": _("Det tok for lang tid å se over meldingen. Kontroller uttrekket, eller kontakt registeret."),
    "too-long": _(
        "Meldingen har et element, et attributt eller en tekst på over %(limit)s kB. Kontroller uttrekket, og meld fra til leverandøren av fagsystemet."
    ),
    "too-deep": _("Meldingen har elementer inni hverandre i over %(limit)s nivåer. Kontroller uttrekket, og meld fra til leverandøren av fagsystemet."),
    "head-too-long": _(
        "Elementet Kommune kom ikke i de første %(limit)s kB av meldingen. Er dette årsmeldingen? Kontroller uttrekket."
    ),
}  # fmt: skip

# --- What is taken in, and from whom -------------------------------------------------------------------------
NOT_TAKEN_IN: Sentences = {
    "schema": _("Meldingen følger ikke skjemaet og ble ikke tatt imot. Rett feilene i uttrekket, og send den på nytt."),
    "not-yours": _("Meldingen gjelder kommune %(code)s, som du ikke kan sende inn for."),
    "other-municipality": _("Meldingen gjelder kommune %(code)s, men du sender inn for %(wanted)s. Velg riktig fil."),
    "repeat": _("Denne meldingen er allerede mottatt, som innsending %(id)s. Du trenger ikke sende den igjen."),
    "key-reused": _("Idempotency-Key er brukt før, med en annen melding. Bruk en ny nøkkel for hver melding."),
    "too-slow": _(
        "Behandlingen tok lengre tid enn portalen tillater, og ble stoppet. Meldingen er ikke tapt. Kontakt registeret."
    ),
    "period": _("Perioden må være ett kalenderår, fra 1. januar til 31. desember. Meldingen har %(from_on)s til %(to_on)s."),
    "period-unreadable": _("Datoene for perioden kan ikke leses. Perioden må være ett kalenderår, fra 1. januar til 31. desember."),
    "period-ahead": _("Perioden ligger fram i tid: %(year)s er ikke begynt. Kontroller året i uttrekket."),
    "extract-ahead": _(
        "Uttaksdatoen (uttakDato) er %(extracted_on)s, men i dag er det %(today_on)s. Kontroller datoen i fagsystemet, og lag uttrekket på nytt."
    ),
    "municipality-unknown": _("%(code)s har aldri vært et kommunenummer. Kontroller kommunenummeret i fagsystemet."),
    "municipality-before": _(
        "%(code)s er et kommunenummer fra og med %(since)s, men meldingen gjelder %(year)s. Bruk nummeret som gjaldt i rapporteringsåret."
    ),
    "municipality-after": _(
        "%(code)s var et kommunenummer til og med %(until)s, men meldingen gjelder %(year)s. Bruk nummeret som gjaldt i rapporteringsåret."
    ),
    "municipality-renumbered-before": _(
        "%(code)s er et kommunenummer fra og med %(since)s, men meldingen gjelder %(year)s. Den gangen var nummeret %(instead)s: bruk det."
    ),
    "municipality-renumbered-after": _(
        "%(code)s var et kommunenummer til og med %(until)s, men meldingen gjelder %(year)s. Nå er nummeret %(instead)s: bruk det."
    ),
    "failed": _("Behandlingen stoppet etter gjentatte forsøk. Meldingen er ikke tapt. Kontakt registeret."),
}  # fmt: skip

# --- Not well-formed -----------------------------------------------------------------------------------------
NOT_WELL_FORMED: Sentences = {
    "cut-off": _("Filen slutter før meldingen er ferdig. Lag uttrekket på nytt i fagsystemet, og send hele filen."),
    "bytes": _(
        "Filen sier at den er %(name)s, men har tegn som ikke er det, ofte æ, ø eller å. La fagsystemet lagre filen som UTF-8, eller oppgi tegnsettet som filen har."
    ),
    "ampersand": _("Tegnet & står alene. Det må skrives &amp;. Meld fra til leverandøren av fagsystemet."),
    "entity": _("&%(name)s; er ikke et tegn som XML kjenner. Skriv selve tegnet. Meld fra til leverandøren av fagsystemet."),
    "less-than": _("Tegnet < står inni en verdi. Det må skrives &lt;. Meld fra til leverandøren av fagsystemet."),
    "character": _("Her står et tegn som XML ikke kan ha, for eksempel et styretegn. Ta det bort i fagsystemet."),
    "tags": _("Taggene passer ikke sammen: %(name)s er avsluttet som %(other)s. Meld fra til leverandøren av fagsystemet."),
    "attribute-twice": _("Attributtet %(attribute)s står to ganger i samme element. Meld fra til leverandøren av fagsystemet."),
    "after-end": _("Det står noe etter slutten av meldingen. En fil skal ha en melding, og ikke noe mer."),
    "before-start": _("Det står noe foran <?xml …?>. Filen må begynne med den. Meld fra til leverandøren av fagsystemet."),
    "tag": _(
        "Taggen er ikke riktig skrevet. Verdier må stå mellom anførselstegn, og & må skrives &amp;. Meld fra til leverandøren av fagsystemet."
    ),
    "not-well-formed": _("XML-en er skadet her. Lag uttrekket på nytt i fagsystemet, og meld fra til leverandøren om det hender igjen."),
    "unplaced": _("Meldingen følger ikke skjemaet, men er for stor til at alle feil kan vises. Kontroller uttrekket mot skjemaet."),
}  # fmt: skip

# --- Not valid against the schema ----------------------------------------------------------------------------
NOT_VALID: Sentences = {
    "attribute-missing": _("%(element)s mangler %(attribute)s, som må være med."),
    "attribute-unknown": _("%(element)s har attributtet %(attribute)s, som ikke finnes i skjemaet. Ta det bort."),
    "element-unexpected": _("Elementet %(element)s kan ikke stå her. Ta det bort."),
    "element-unexpected-here": _("Elementet %(element)s kan ikke stå her. Her kan stå: %(allowed)s."),
    "element-namespace": _(
        "Elementet %(element)s må være i navnerommet urn:kpr:arsmelding:1.0. Meld fra til leverandøren av fagsystemet."
    ),
    "element-missing": _("%(element)s mangler et element som må være med: %(allowed)s."),
    "text-not-allowed": _("%(element)s har tekst mellom taggene. Verdiene skal stå i attributter: ta teksten bort."),
    "content-not-allowed": _("%(element)s skal være tomt, uten tekst eller elementer inni. Ta innholdet bort."),
    "not-valid": _("%(element)s følger ikke skjemaet. Meld fra til leverandøren av fagsystemet."),
}  # fmt: skip

# --- A value that is not valid: what it is, then what it must be ----------------------------------------------
VALUE_QUOTED = _("%(attribute)s er «%(value)s», som ikke er gyldig.")
VALUE_UNQUOTED = _("%(attribute)s har en verdi som ikke er gyldig.")
VALUE_EMPTY = _("%(attribute)s er tom.")
WANTED: Sentences = {
    "date": _("Skriv en dato som finnes, på formen ÅÅÅÅ-MM-DD, for eksempel 2023-12-31."),
    "number": _("Skriv et tall med punktum foran desimalene, for eksempel 2.5."),
    "year": _("Skriv et årstall på fire sifre."),
    "whole-number": _("Skriv et helt tall."),
    "too-long": _("Den kan ha høyst %(limit)s tegn."),
    "filled": _("Fyll den ut i fagsystemet."),
    "filled-or-left-out": _("Fyll den ut, eller la attributtet være borte når den ikke er kjent."),
    "one-of": _("Bruk en av disse: %(allowed)s."),
    "four-digits": _("Skriv fire sifre."),
    "fixed": _("Den må være «%(allowed)s»."),
    "not-negative": _("Den kan ikke være under %(limit)s."),
    "decimals": _("Den kan ha høyst %(limit)s desimaler."),
    "digits": _("Den kan ha høyst %(limit)s sifre til sammen."),
    "by-schema": _("Se skjemaet for årsmeldingen."),
}  # fmt: skip

SENTENCES: Sentences = {**NOT_XML, **NOT_THE_MESSAGE, **NOT_TAKEN_IN, **NOT_WELL_FORMED, **NOT_VALID}
UNKNOWN = _("Meldingen ble ikke tatt imot. Kontroller uttrekket, eller kontakt registeret.")
OF_PERSON = _("Bruker %(user)s: %(sentence)s")
OF_SERVICE = _("Bruker %(user)s, tjeneste %(service)s: %(sentence)s")


def sentence(code: str, facts: Facts) -> str:
    """What the code says of these facts, in the active language."""
    told = {name: _fact(name, value) for name, value in facts.items()}
    try:
        if code == "value-not-valid":
            return _of_value(told)
        return str(SENTENCES[code]) % told
    except KeyError:  # kept by a version of the portal that knew other codes or facts
        return str(UNKNOWN)


def _of_value(told: Mapping[str, str]) -> str:
    what = VALUE_QUOTED if told["value"] else VALUE_UNQUOTED
    if told["wanted"].startswith("filled"):
        what = VALUE_EMPTY
    return f"{str(what) % told} {str(WANTED[told['wanted']]) % told}"


def placed(user_ref: str, service_ref: str, said: str) -> str:
    """The sentence, with the record that it is about in front of it."""
    if service_ref:
        return str(OF_SERVICE) % {"user": user_ref, "service": service_ref, "sentence": said}
    return str(OF_PERSON) % {"user": user_ref, "sentence": said} if user_ref else said


def _fact(name: str, value: Any) -> str:
    if isinstance(value, int):
        return str(number_format(value, force_grouping=True))
    if name.endswith("_on"):
        return str(date_format(datetime.date.fromisoformat(value), "DATE_FORMAT"))
    return str(value)
