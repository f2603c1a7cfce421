"""Every text on screen is translated completely into every language, and the catalogues are up to date."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import polib
import pytest
from django.test import Client
from django.utils import translation

import jitprov

PACKAGE = Path(jitprov.__file__).parent
LANGUAGES = ("de", "fr")
_PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|%[sd%]|\{\w*\}|<[^>]+>|https?://\S+")


def catalogue(language: str) -> polib.POFile:
    return polib.pofile(str(PACKAGE / f"locale/{language}/LC_MESSAGES/django.po"))


def entries(language: str) -> list[polib.POEntry]:
    return [entry for entry in catalogue(language) if not entry.obsolete]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(language: str) -> None:
    incomplete = [
        entry.msgid for entry in entries(language) if not entry.translated() or entry.fuzzy
    ]

    assert not incomplete
    assert len(entries(language)) > 500


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_have_the_same_placeholders_and_markup(language: str) -> None:
    def parts(text: str) -> Counter[str]:
        return Counter(match[0] for match in _PLACEHOLDER.finditer(text))

    wrong = []
    for entry in entries(language):
        translations = entry.msgstr_plural.values() if entry.msgid_plural else [entry.msgstr]
        expected = [parts(text) for text in (entry.msgid, entry.msgid_plural) if text]
        wrong += [text for text in translations if parts(text) not in expected]

    assert not wrong


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_catalogue_equals_the_source(language: str) -> None:
    compiled = polib.mofile(str(PACKAGE / f"locale/{language}/LC_MESSAGES/django.mo"))

    def texts(found: Iterable[polib.POEntry | polib.MOEntry]) -> dict[tuple[str, str], object]:
        return {
            (entry.msgctxt or "", entry.msgid): entry.msgstr_plural or entry.msgstr
            for entry in found
        }

    assert texts(compiled) == texts(entries(language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_has_exactly_the_texts_of_the_code(language: str, tmp_path: Path) -> None:
    if shutil.which("xgettext") is None:
        message = "gettext is not installed"
        if os.environ.get("JITPROV_REQUIRE_PEERS") == "1":
            pytest.fail(message)
        pytest.skip(message)
    copy = tmp_path / "jitprov"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__", "*.mo", "fr", "de"))
    (copy / "locale").mkdir(exist_ok=True)
    command = [sys.executable, "-m", "django", "makemessages", "--locale", language]
    subprocess.run(command, cwd=copy, check=True, capture_output=True)

    fresh = polib.pofile(str(copy / f"locale/{language}/LC_MESSAGES/django.po"))

    assert {entry.msgid for entry in entries(language)} == {entry.msgid for entry in fresh}


@pytest.fixture
def language_of_the_tests() -> Iterator[None]:
    """Restore the language: a request that activates one leaves it active."""
    yield
    translation.deactivate()


@pytest.mark.django_db
@pytest.mark.usefixtures("language_of_the_tests")
def test_a_page_is_shown_in_the_language_of_the_browser(client: Client, settings: object) -> None:
    settings.MIDDLEWARE = [  # type: ignore[attr-defined]
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.locale.LocaleMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ]
    english = client.get("/saml/login/").content.decode()
    for language in LANGUAGES:
        page = client.get("/saml/login/", headers={"accept-language": language}).content.decode()
        with translation.override(language):
            expected = translation.gettext("E-mail address at work")
        assert expected in page
        assert expected not in english
