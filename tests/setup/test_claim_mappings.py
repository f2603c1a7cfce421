"""The form of one claim mapping: what it refuses, said beside the field in the reader's language."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from jitprov.models import ClaimMapping, IdentityProvider
from jitprov.setup.claim_mappings import ClaimMappingForm
from jitprov.testing import FakeIdentityProvider
from tests.models.test_mappings import UNWRITABLE
from tests.setup.pages import Page, errors_of, superuser
from tests.support.factories import IdentityProviderFactory, connected

pytestmark = pytest.mark.django_db


@pytest.fixture
def row() -> IdentityProvider:
    return IdentityProviderFactory.create()


def form(row: IdentityProvider, stored_target: str = "email", **posted: Any) -> ClaimMappingForm:
    values = {
        "sources": "claim",
        "target": stored_target,
        "sync": "always",
        "when_empty": "keep",
        "when_invalid": "keep",
        **posted,
    }
    return ClaimMappingForm(
        {f"row-{name}": value for name, value in values.items()},
        instance=ClaimMapping(identity_provider=row, target=stored_target),
        prefix="row",
    )


@pytest.mark.parametrize("target", UNWRITABLE)
def test_a_stored_target_that_may_not_be_written_is_refused_beside_the_field(
    row: IdentityProvider, target: str
) -> None:
    refused = form(row, target)

    assert list(refused.errors) == ["target"]
    assert refused.errors["target"][0] == (
        f"{target} is not a user field that a mapping may write."
    )


@pytest.mark.parametrize("target", UNWRITABLE)
def test_a_posted_target_that_is_not_offered_is_refused(row: IdentityProvider, target: str) -> None:
    refused = form(row, "", target=target)

    assert list(refused.errors) == ["target"]
    assert "is not one of the available choices" in refused.errors["target"][0]


@pytest.mark.parametrize(
    ("posted", "field", "sentences"),
    [
        pytest.param(
            {"sources": " \n"},
            "sources",
            (
                "Name a claim, or add a step that makes a value.",
                "Nennen Sie einen Claim, oder fügen Sie einen Schritt hinzu, der einen Wert erzeugt.",
            ),
            id="neither a claim nor a constant",
        ),
        pytest.param(
            {"sources": "\n".join("abcdefghijk")},
            "sources",
            (
                "There are more than 10 claims in one row.",
                "In einer Zeile sind mehr als 10 Claims.",
            ),
            id="a fact in the sentence",
        ),
        pytest.param(
            {"steps-0-step": "integer", "steps-1-step": "lower"},
            "transforms",
            (
                "integer: This must be the last step.",
                "integer: Das muss der letzte Schritt sein.",
            ),
            id="the step before the sentence",
        ),
    ],
)
def test_an_error_is_shown_in_the_language_of_the_reader(
    row: IdentityProvider, posted: dict[str, str], field: str, sentences: tuple[str, str]
) -> None:
    for language, sentence in zip(("en", "de"), sentences, strict=True):
        with translation.override(language):
            assert form(row, **posted).errors == {field: [sentence]}


def test_a_valid_row_is_accepted(row: IdentityProvider) -> None:
    assert form(row, **{"steps-0-step": "lower"}).is_valid()


def test_rows_that_together_may_take_too_long_are_refused_as_a_table(client: Client) -> None:
    idp = connected(FakeIdentityProvider(), slug="acme", preset="entra")
    page = Page(client, idp)
    client.force_login(superuser())
    slow = [{"name": "regex_extract", "pattern": "(.*)@(.*)"}] * 3
    ClaimMapping.objects.filter(target__in=["first_name", "last_name", "email"]).update(
        transforms=slow
    )
    assert page.save({"claim_mappings-0-required": "on"}).status_code == 302

    ClaimMapping.objects.update(transforms=slow)
    answer = page.save({"claim_mappings-0-required": ""})

    assert "all rows together may take too long" in errors_of(answer)["claim_mappings"]
    assert "all rows together may take too long" in answer.content.decode()
    assert ClaimMapping.objects.get(target="first_name").required
