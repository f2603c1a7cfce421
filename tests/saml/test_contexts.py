"""How a person authenticated is judged on what was signed, by whole values, and nothing empty counts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from lxml import etree

from jitprov.saml.assertion import Attributes
from jitprov.saml.assertion_refusals import AuthnContextUnmet
from jitprov.saml.contexts import METHODS, SEVERAL_FACTORS, require_context
from jitprov.saml.examination import Check, examine_response
from jitprov.saml.response import Expectation, verify_response
from jitprov.testing import FakeIdentityProvider
from tests.saml.test_assertion_refusals import refused
from tests.saml.test_response_accepted import respond

PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"
CARD = "urn:oasis:names:tc:SAML:2.0:ac:classes:Smartcard"


@pytest.mark.parametrize(
    ("required", "knobs"),
    [
        ([], {"authn_context": ""}),
        ([PASSWORD], {"authn_context": PASSWORD}),
        ([CARD, PASSWORD], {"authn_context": PASSWORD}),
        ([SEVERAL_FACTORS], {"authn_context": SEVERAL_FACTORS}),
        ([SEVERAL_FACTORS], {"attributes": {METHODS: [PASSWORD, SEVERAL_FACTORS]}}),
        ([CARD, SEVERAL_FACTORS], {"attributes": {METHODS: SEVERAL_FACTORS}}),
    ],
)
def test_one_of_the_required_contexts_is_enough(
    fake: FakeIdentityProvider, expect: Expectation, required: list[str], knobs: dict[str, Any]
) -> None:
    demanding = replace(expect, required_contexts=frozenset(required))
    assertion = verify_response(respond(fake, **knobs), demanding)
    assert assertion.authn_context == knobs.get("authn_context", PASSWORD) or not required


@pytest.mark.parametrize(
    ("required", "knobs"),
    [
        ([CARD], {"authn_context": PASSWORD}),
        ([CARD], {"authn_context": ""}),
        ([PASSWORD], {"authn_context": PASSWORD.lower()}),
        ([PASSWORD], {"authn_context": f"{PASSWORD}Protected"}),
        ([PASSWORD], {"authn_context": PASSWORD[:-1]}),
        ([SEVERAL_FACTORS], {}),
        ([SEVERAL_FACTORS], {"attributes": {METHODS: []}}),
        ([SEVERAL_FACTORS], {"attributes": {METHODS: [f"{SEVERAL_FACTORS}x", PASSWORD]}}),
        ([SEVERAL_FACTORS], {"attributes": {METHODS: [SEVERAL_FACTORS.upper()]}}),
        ([SEVERAL_FACTORS], {"attributes": {f"{METHODS}2": [SEVERAL_FACTORS]}}),
        # Entra's alternative stands for a second factor, and for nothing else that a row may require.
        ([CARD], {"attributes": {METHODS: [SEVERAL_FACTORS, CARD]}}),
    ],
)
def test_anything_else_is_refused(
    fake: FakeIdentityProvider, expect: Expectation, required: list[str], knobs: dict[str, Any]
) -> None:
    demanding = replace(expect, required_contexts=frozenset(required))
    error = refused(respond(fake, **knobs), demanding)

    assert (error.code, error.origin_verified) == ("authn_context_unmet", True)
    assert error.expected == ", ".join(sorted(required))
    assert error.received == tuple(filter(None, [knobs.get("authn_context", PASSWORD)]))


def test_an_examination_says_which_context_was_wanted_and_which_came(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    demanding = replace(expect, required_contexts=frozenset([CARD]))
    for response, passed in (
        (respond(fake, authn_context=CARD), True),
        (respond(fake, authn_context=PASSWORD), False),
    ):
        results = examine_response(response, demanding).results
        [found] = [one for one in results if one.check is Check.AUTHENTICATION]
        assert found.passed is passed
        assert CARD in found.expected


def test_methods_of_which_a_value_cannot_be_read_prove_nothing() -> None:
    namespace = "urn:oasis:names:tc:SAML:2.0:assertion"
    statement = etree.fromstring(
        f'<AuthnStatement xmlns="{namespace}"><AuthnContext><AuthnContextClassRef>{PASSWORD}'
        "</AuthnContextClassRef></AuthnContext></AuthnStatement>"
    )
    values = {METHODS: (SEVERAL_FACTORS,)}
    wanted = {SEVERAL_FACTORS}
    assert require_context(statement, Attributes(values=values), wanted) == PASSWORD

    with pytest.raises(AuthnContextUnmet):
        require_context(
            statement, Attributes(values=values, unreadable=frozenset({METHODS})), wanted
        )
