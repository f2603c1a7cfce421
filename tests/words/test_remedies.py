"""Every code that a tenant's admin can meet has a remedy, for every kind of identity provider."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils.functional import Promise

import jitprov
from jitprov.exceptions import JitprovError
from jitprov.models import IdentityProvider
from jitprov.provisioning.presets import Preset
from jitprov.provisioning.types import Note, RefusalReason
from jitprov.words.guides import Text
from jitprov.words.refusals import EXPLANATIONS
from jitprov.words.remedies import CHANGES, REMEDIES, Fixer, Remedy, aadsts, remedy
from jitprov.words.remedies.aadsts import _TEXTS

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "entra.md"
OF_OPERATORS = re.compile(r"jitprov\.(metadata\.federation_|testing\b)")
"""Where an import of a whole federation is refused, which no tenant's admin runs."""

FIELDS = {field.name: str(field.verbose_name) for field in IdentityProvider._meta.concrete_fields}

every_preset = pytest.mark.parametrize("preset", list(Preset))


def family(error: type[JitprovError]) -> Iterator[type[JitprovError]]:
    yield error
    for child in error.__subclasses__():
        yield from family(child)


def raised() -> set[str]:
    for info in pkgutil.walk_packages(jitprov.__path__, "jitprov."):
        if ".migrations" not in info.name:
            importlib.import_module(info.name)
    return {
        error.code
        for error in family(JitprovError)
        if error.__module__.startswith("jitprov.") and not OF_OPERATORS.match(error.__module__)
    }


CODES = sorted({*raised(), *EXPLANATIONS, *RefusalReason, *Note, "internal_error"})


@pytest.mark.parametrize("code", CODES)
@every_preset
def test_every_code_has_a_remedy_for_every_preset(code: str, preset: Preset) -> None:
    assert code in REMEDIES, "write a remedy for it in jitprov/words/remedies"
    found = remedy(code, preset)
    assert str(found.happened)
    assert str(found.fix)
    assert found.by in Fixer
    for text in texts_of(found):
        assert isinstance(text, Promise) or text == ""
        assert not re.search(r"%\(|%s|\{", str(text))


def test_every_remedy_belongs_to_a_code() -> None:
    assert set(REMEDIES) == set(CODES)
    for changes in CHANGES.values():
        assert set(changes) <= set(REMEDIES)


@every_preset
def test_a_change_at_the_identity_provider_has_a_place(preset: Preset) -> None:
    for code in ("audience_mismatch", "recipient_mismatch", "issuer_mismatch", "signature_invalid"):
        assert " > " in str(remedy(code, preset).where)


@pytest.mark.parametrize(
    ("code", "blade", "field"),
    [
        ("signature_invalid", "SAML Certificates", "App Federation Metadata Url"),
        ("audience_mismatch", "Basic SAML Configuration", "Identifier (Entity ID)"),
        ("recipient_mismatch", "Basic SAML Configuration", "Reply URL"),
        ("issuer_mismatch", "SAML Certificates", "App Federation Metadata Url"),
        ("subject_missing", "Attributes & Claims", "Add new claim"),
        ("required_claim_missing", "Attributes & Claims", "Add new claim"),
        ("certificate_expired", "SAML Certificates", "New Certificate"),
        ("algorithm_not_allowed", "SAML Certificates", "Signing Algorithm"),
        ("status_not_success", "Sign-in logs", "Failure reason"),
        ("groups_overage", "Attributes & Claims", "Add a group claim"),
    ],
)
def test_with_entra_the_blade_and_the_field_are_named(code: str, blade: str, field: str) -> None:
    where = str(remedy(code, Preset.ENTRA).where)
    assert where.startswith("Enterprise applications > your application > ")
    assert f" > {blade} > " in where
    assert field in where


def test_the_metadata_address_without_an_application_is_warned_of() -> None:
    assert "?appid=" in str(remedy("signature_invalid", Preset.ENTRA).fix)
    assert "?appid=" not in str(remedy("signature_invalid", Preset.OKTA).fix)


@every_preset
def test_an_unknown_code_has_a_general_remedy(preset: Preset) -> None:
    found = remedy("no_such_code", preset)
    assert found == REMEDIES["refused"]


@pytest.mark.parametrize("fixer", list(Fixer))
def test_every_fixer_has_a_sentence_and_a_remedy(fixer: Fixer) -> None:
    assert str(fixer.label)
    assert any(found.by is fixer for found in REMEDIES.values())


def test_a_remedy_that_nobody_can_apply_names_no_place() -> None:
    found: list[Remedy] = [item for item in REMEDIES.values() if item.by is Fixer.NOBODY]
    assert all(item.where == "" for item in found)


def test_a_place_here_has_the_name_of_its_field() -> None:
    said = [str(text) for code in CODES for text in texts_of(remedy(code, Preset.OKTA))]
    said += [str(text) for text in _TEXTS.values()]
    quoted = {name for text in said for name in re.findall("“(.+?)”", text)}
    for field in (
        "authn_contexts",
        "create_users",
        "force_authn",
        "name_id_format",
        "subject_claim",
        "unsolicited",
    ):
        assert FIELDS[field] in quoted


def texts_of(found: Remedy) -> tuple[Text, ...]:
    return found.happened, found.fix, found.where


def test_a_missing_anchor_is_mended_here_with_entra_and_there_with_ad_fs() -> None:
    assert remedy("subject_missing", Preset.ENTRA).by is Fixer.HERE
    assert remedy("subject_missing", Preset.ADFS).by is Fixer.IDENTITY_PROVIDER


# Entra's own codes


def documented() -> set[str]:
    table = HOW_TO.read_text("utf-8").partition("## Error codes of Entra")[2]
    cells = re.findall(r"^\| ([0-9, ]+) \|", table, re.MULTILINE)
    return {code for cell in cells for code in cell.split(", ")}


def test_every_code_of_entra_that_is_documented_is_explained() -> None:
    assert documented()
    assert documented() <= set(_TEXTS)


@pytest.mark.parametrize("code", sorted(_TEXTS))
def test_codes_of_entra_are_found_however_they_are_given(code: str) -> None:
    text = aadsts(code)
    assert isinstance(text, Promise)
    assert str(text).endswith(".")
    assert aadsts(f"AADSTS{code}") is text
    assert aadsts(f" AADSTS{code}: The signed in user is not assigned. Trace ID: 12345") is text


@pytest.mark.parametrize(
    "code", ["", "99999", "AADSTS", "AADSTS501050000", "See 50105", "5010\u0665", "no code"]
)
def test_unknown_codes_of_entra_have_no_text(code: str) -> None:
    assert aadsts(code) == ""
