"""Claims for a preview are read from the latest sign-ins or from pasted text, which proves nothing."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from jitprov.exceptions import JitprovError
from jitprov.mapping_review.preview import (
    Origin,
    PreviewInputRefused,
    pasted,
    recent,
)
from jitprov.models import IdentityProvider, ProvisioningEvent, SigningCertificate
from jitprov.provisioner import ProvisioningRefused, provision
from jitprov.saml.types import KeyPair
from jitprov.testing import ANN, FakeIdentityProvider, rsa_key_pair
from tests.mapping_review.test_preview import known, previewed, said
from tests.support.factories import connected

pytestmark = pytest.mark.django_db


@pytest.fixture
def fake() -> FakeIdentityProvider:
    return FakeIdentityProvider()


@pytest.fixture
def idp(fake: FakeIdentityProvider) -> IdentityProvider:
    return connected(fake, slug="acme", preset="entra", subject_claim="")


@pytest.fixture(scope="module")
def sp_key_pair() -> KeyPair:
    return rsa_key_pair("service provider")


# Sign-ins


def test_the_claims_of_recent_sign_ins_are_read(idp: IdentityProvider) -> None:
    known(idp)
    [one] = recent(idp)
    event = ProvisioningEvent.objects.get()
    assert (one.claims.external_id, one.reference, one.at) == (
        "ann-1",
        event.reference,
        event.created_at,
    )
    assert one.is_proved
    assert previewed(idp, None, one).decision == "unchanged"


def test_a_recent_sign_in_has_the_anchor_of_the_present_subject_claim(
    idp: IdentityProvider,
) -> None:
    provision(idp, said(number=("4711",)).claims)
    idp.subject_claim = "number"
    assert recent(idp)[0].claims.external_id == "4711"
    idp.subject_claim = ""
    assert recent(idp)[0].claims.external_id == "ann-1"


def test_a_sign_in_without_an_anchor_gets_none(idp: IdentityProvider) -> None:
    idp.subject_claim = ""
    with pytest.raises(ProvisioningRefused):
        provision(idp, said("").claims)
    assert recent(idp)[0].claims.external_id == ""


def test_another_identity_providers_sign_ins_are_not_read(idp: IdentityProvider) -> None:
    known(idp)
    other = connected(FakeIdentityProvider(), slug="other")
    assert recent(other) == []


# Pasted


def response(fake: FakeIdentityProvider, idp: IdentityProvider, **knobs: Any) -> str:
    sp = idp.as_service_provider()
    given = {"acs_url": sp.acs_url, "audience": sp.entity_id, **knobs}
    return fake.respond(**given).xml


def test_a_pasted_response_is_read_and_is_not_proved(
    fake: FakeIdentityProvider, idp: IdentityProvider
) -> None:
    SigningCertificate.objects.all().delete()
    text = response(fake, idp, sign=None)
    for copied in (text, base64.b64encode(text.encode()).decode()):
        one = pasted(idp, copied)
        assert (one.origin, one.is_proved) == (Origin.RESPONSE, False)
        assert one.claims.external_id == ANN.upn
        assert ANN.email not in repr(one)
        assert previewed(idp, None, one).decision == "create"


def test_an_encrypted_response_is_opened_only_if_it_is_signed_and_for_us(
    fake: FakeIdentityProvider, idp: IdentityProvider, settings: Any, sp_key_pair: KeyPair
) -> None:
    settings.JITPROV_SP_KEY_PAIRS = [sp_key_pair]
    certificate = sp_key_pair.certificate
    one = pasted(idp, response(fake, idp, encrypt_for=certificate))
    assert one.claims.external_id == ANN.upn
    elsewhere = response(fake, idp, encrypt_for=certificate, audience="https://else.example/")
    assert refused(idp, elsewhere).cause == "audience_mismatch"
    unsigned = response(fake, idp, encrypt_for=certificate, sign=None)
    assert refused(idp, unsigned).cause == "signature_invalid"
    settings.JITPROV_SP_KEY_PAIRS = []
    assert refused(idp, elsewhere).cause == "decryption_key_missing"


def test_a_row_with_another_tenants_entity_id_opens_nothing(
    fake: FakeIdentityProvider, idp: IdentityProvider, settings: Any, sp_key_pair: KeyPair
) -> None:
    settings.JITPROV_SP_KEY_PAIRS = [sp_key_pair]
    legacy = "https://legacy.example/saml"
    stranger = connected(fake, slug="stranger", subject_claim="")
    for entity_id in (idp.as_service_provider().entity_id, legacy):
        given: Any = {"acs_url": "https://x", "encrypt_for": sp_key_pair.certificate}
        theirs = fake.respond(audience=entity_id, **given).xml
        stranger.sp_entity_id = entity_id
        if entity_id == legacy:
            assert pasted(stranger, theirs).claims.external_id == ANN.upn
            IdentityProvider.objects.filter(pk=idp.pk).update(sp_entity_id=legacy)
        assert refused(stranger, theirs).cause == "audience_mismatch"


def refused(idp: IdentityProvider, text: str) -> PreviewInputRefused:
    with pytest.raises(JitprovError) as caught:
        pasted(idp, text)
    assert isinstance(caught.value, PreviewInputRefused)
    assert caught.value.code == "preview_input_refused"
    assert str(caught.value.problem)
    return caught.value


def test_pasted_claims_are_read(idp: IdentityProvider) -> None:
    idp.subject_claim = ""
    one = pasted(idp, '\n{"NameID": "ann", "mail": [" a@x.example ", ""], "none": []}')
    assert (one.origin, one.is_proved) == (Origin.CLAIMS, False)
    assert one.claims.external_id == "ann"
    assert one.claims.values == {"NameID": ("ann",), "mail": ("a@x.example",), "none": ()}
    assert one.origin.label


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("", "this is neither", id="nothing"),
        pytest.param("hello!", "this is neither", id="a word"),
        pytest.param("<a/>", "Something else than a SAML 2.0 response", id="another document"),
        pytest.param("<!DOCTYPE a><a/>", "document type", id="a document type"),
        pytest.param("x" * 2_000_000, "too long", id="very much"),
        pytest.param("{", "no JSON", id="half an object"),
        pytest.param("[" * 100_000, "no JSON", id="deep"),
        pytest.param("[]", "one object", id="a list"),
        pytest.param('"mail"', "one object", id="a text"),
        pytest.param('{"a": "1", "a": "2"}', "twice", id="a name twice"),
        pytest.param('{"a": 1}', "text or a list of texts", id="a number"),
        pytest.param('{"a": null}', "text or a list of texts", id="null"),
        pytest.param('{"a": ["b", {}]}', "text or a list of texts", id="an object inside"),
        pytest.param('{"a": "\\ud800"}', "text or a list of texts", id="half a character"),
        pytest.param('{"": "b"}', "name that no claim can have", id="without a name"),
        pytest.param('{"\\u0000": "b"}', "name that no claim can have", id="an unstorable name"),
        pytest.param(json.dumps({"x" * 600: "b"}), "name that no claim", id="a long name"),
        pytest.param(json.dumps({"a": ["b"] * 1001}), "not too many", id="many values"),
        pytest.param(
            json.dumps({str(number): "b" for number in range(201)}), "more than 200", id="many"
        ),
    ],
)
def test_unreadable_input_is_refused_in_words(idp: IdentityProvider, text: str, words: str) -> None:
    assert words in str(refused(idp, text).problem)
