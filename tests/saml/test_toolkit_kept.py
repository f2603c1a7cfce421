"""Objects that the second verifier keeps between messages are bounded, and never stale."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest

from jitprov.saml import toolkit
from jitprov.saml.response import Expectation, verify_response
from jitprov.testing import FakeIdentityProvider, rsa_key_pair
from jitprov.testing.person import ANN, EMAIL_CLAIM
from tests.saml.conftest import ACS_URL, NOW, REQUEST_ID, SP_ENTITY_ID
from tests.saml.test_response_accepted import respond

STRANGER = rsa_key_pair("stranger").certificate


@pytest.fixture
def document(fake: FakeIdentityProvider) -> bytes:
    return base64.b64decode(respond(fake))


@pytest.fixture
def parties(expect: Expectation) -> toolkit.Parties:
    pems = tuple(certificate.pem for certificate in expect.idp.signing_certificates)
    return toolkit.Parties.of(expect.sp, expect.idp, pems)


def accepts(document: bytes, parties: toolkit.Parties, *, now: datetime = NOW) -> bool:
    try:
        toolkit.judge(document, decrypted=None, parties=parties, request_id=REQUEST_ID, now=now)
    except toolkit.ToolkitRefused:
        return False
    return True


@pytest.mark.parametrize(
    "changed",
    [
        {"certificates": (STRANGER,)},
        {"certificates": ()},
        {"sp_entity_id": "https://app.example/saml/other/metadata/"},
        {"acs_url": "https://app.example/saml/other/acs/"},
        {"idp_entity_id": "https://idp.example/other"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_response_is_judged_by_the_parties_that_are_given(
    document: bytes, parties: toolkit.Parties, changed: dict[str, str | tuple[str, ...]]
) -> None:
    others = replace(parties, **changed)  # type: ignore[arg-type]
    verdicts = [accepts(document, given) for given in (parties, others, parties, others)]
    assert verdicts == [True, False, True, False]


def test_a_second_certificate_is_tried_after_the_first(
    document: bytes, parties: toolkit.Parties
) -> None:
    assert accepts(document, replace(parties, certificates=(STRANGER, *parties.certificates)))


def test_a_response_is_judged_at_the_moment_that_is_given(
    document: bytes, parties: toolkit.Parties
) -> None:
    late = NOW + timedelta(hours=2)
    verdicts = [accepts(document, parties, now=now) for now in (NOW, late, NOW, late)]
    assert verdicts == [True, False, True, False]


def test_nothing_that_one_message_said_is_read_in_another(
    fake: FakeIdentityProvider, document: bytes, parties: toolkit.Parties
) -> None:
    stripped = respond(fake, session_index=None, attributes={EMAIL_CLAIM: None}, name_id=None)
    readings = [
        toolkit.judge(given, decrypted=None, parties=parties, request_id=REQUEST_ID, now=NOW)
        for given in (document, base64.b64decode(stripped), document)
    ]
    assert [reading.name_id for reading in readings] == [ANN.upn, None, ANN.upn]
    assert [EMAIL_CLAIM in reading.attributes for reading in readings] == [True, False, True]


def test_threads_read_their_own_messages(fake: FakeIdentityProvider, expect: Expectation) -> None:
    names = [f"person{number}@acme.example" for number in range(8)]
    start = Barrier(len(names))

    def sign_in(name: str) -> set[str]:
        answer = fake.respond(
            acs_url=ACS_URL, audience=SP_ENTITY_ID, in_response_to=REQUEST_ID, now=NOW, name_id=name
        )
        start.wait()
        verified = [verify_response(answer.encoded, expect) for _ in range(20)]
        return {one.name_id.value for one in verified if one.name_id}

    with ThreadPoolExecutor(len(names)) as pool:
        assert list(pool.map(sign_in, names)) == [{name} for name in names]


@pytest.mark.parametrize(
    "kept",
    [toolkit._settings, toolkit._Keys.from_memory, toolkit._compiled_query],
    ids=["settings", "keys", "queries"],
)
def test_every_cache_is_bounded(kept: Any) -> None:
    assert kept.cache_parameters()["maxsize"]
