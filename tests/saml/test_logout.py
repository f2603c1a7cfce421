"""Logout messages of an identity provider, good ones and forged ones, and ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Unpack

import pytest
from lxml import etree

from jitprov.exceptions import JitprovError
from jitprov.saml import logout, logout_toolkit
from jitprov.saml.logout import (
    LogoutExpectation,
    LogoutRequest,
    issuers_of,
    logout_request,
    logout_response,
    verify_logout_request,
    verify_logout_response,
)
from jitprov.saml.received import Received, from_form, from_query
from jitprov.saml.types import Binding, IdpMetadata, NameID, ServiceProvider
from jitprov.saml.xml import SAML, SAMLP
from jitprov.testing import ANN, FakeIdentityProvider, SignatureAlgorithm, ec_key_pair, rsa_key_pair
from jitprov.testing.keys import certificate_of
from jitprov.testing.knobs import EMAIL_ADDRESS_FORMAT, SUCCESS
from jitprov.testing.logout import (
    FakeLogout,
    LogoutKnobs,
    answer_logout,
    read_logout,
    request_logout,
)
from tests.saml.conftest import NOW, SKEW, SP_ENTITY_ID
from tests.saml.documents import schema

SLO_URL = "https://app.example/saml/acme/slo/"
ANN_ID = NameID(value=ANN.upn, format=EMAIL_ADDRESS_FORMAT)
REQUEST_ID = "id8c0f2b7d"
PARTIAL = "urn:oasis:names:tc:SAML:2.0:status:PartialLogout"
RESPONDER = "urn:oasis:names:tc:SAML:2.0:status:Responder"
BINDINGS = pytest.mark.parametrize("binding", list(Binding), ids=["redirect", "post"])
SIGNED = pytest.mark.parametrize("sign", [True, False], ids=["signed", "unsigned"])


@pytest.fixture
def expecting(fake: FakeIdentityProvider, sp: ServiceProvider) -> LogoutExpectation:
    return LogoutExpectation(
        sp=replace(sp, slo_url=SLO_URL), idp=fake.idp_metadata(), now=NOW, clock_skew=SKEW
    )


def unpacked(sent: FakeLogout) -> Received:
    if sent.binding is Binding.REDIRECT:
        return from_query(sent.query)
    return from_form({name: [value] for name, value in sent.form.items()})


@pytest.fixture
def ask(fake: FakeIdentityProvider, expecting: LogoutExpectation) -> Callable[..., LogoutRequest]:
    def go(**knobs: Unpack[LogoutKnobs]) -> LogoutRequest:
        at_present: LogoutKnobs = {"now": NOW}
        at_present.update(knobs)
        sent = request_logout(fake, SLO_URL, **at_present)
        return verify_logout_request(unpacked(sent), expecting)

    return go


@pytest.fixture
def answer(fake: FakeIdentityProvider, expecting: LogoutExpectation) -> Callable[..., None]:
    def go(*statuses: str, **knobs: Unpack[LogoutKnobs]) -> None:
        at_present: LogoutKnobs = {"now": NOW}
        at_present.update(knobs)
        sent = answer_logout(
            fake, SLO_URL, REQUEST_ID, statuses=statuses or (SUCCESS,), **at_present
        )
        verify_logout_response(unpacked(sent), expecting, REQUEST_ID)

    return go


def refusal(judge: Callable[..., object], *args: Any, **knobs: Any) -> tuple[str, bool]:
    """Return the code of the refusal, and whether the origin had been proved before."""
    with pytest.raises(JitprovError) as caught:
        judge(*args, **knobs)
    return caught.value.code, caught.value.origin_verified


def set_text(path: str, text: str) -> Callable[[etree._Element], None]:
    def mutate(root: etree._Element) -> None:
        element = root.find(path)
        assert element is not None
        element.text = text

    return mutate


def add(tag: str, text: str = "x") -> Callable[[etree._Element], None]:
    def mutate(root: etree._Element) -> None:
        etree.SubElement(root, tag).text = text

    return mutate


# A request of theirs


@BINDINGS
@SIGNED
def test_a_good_request_names_the_person_and_the_sessions(
    ask: Callable[..., LogoutRequest], binding: Binding, sign: bool
) -> None:
    request = ask(binding=binding, sign=sign, session_indexes=["one", "two"], relay_state="a b+c&d")
    assert request.id.startswith("_")
    assert request.name_id == ANN_ID
    assert request.session_indexes == ("one", "two")
    assert request.is_proved is sign
    assert request.relay_state == "a b+c&d"
    assert request.usable_until == NOW + logout.LONGEST_AGE


@pytest.mark.parametrize("relay_state", ["", "https://idp.example/x?a=b&c=%C3"])
def test_percent_encoding_in_lower_case_is_verified_as_it_was_sent(
    ask: Callable[..., LogoutRequest], relay_state: str
) -> None:
    request = ask(lower_case=True, relay_state=relay_state)
    assert request.is_proved
    assert request.relay_state == relay_state


def test_a_query_that_was_encoded_again_proves_nothing(
    fake: FakeIdentityProvider, expecting: LogoutExpectation
) -> None:
    sent = request_logout(fake, SLO_URL, now=NOW, lower_case=True)
    upper = sent.query.replace("%3a", "%3A").replace("%2f", "%2F").replace("%23", "%23")
    assert upper != sent.query
    assert refusal(verify_logout_request, from_query(upper), expecting) == (
        "signature_invalid",
        False,
    )


@BINDINGS
@pytest.mark.parametrize("algorithm", ["SHA256", "SHA384", "SHA512"])
@pytest.mark.parametrize("kind", ["RSA", "ECDSA"])
def test_every_algorithm_that_is_allowed_is_verified_twice(
    expecting: LogoutExpectation, binding: Binding, kind: str, algorithm: str
) -> None:
    pair = rsa_key_pair("other") if kind == "RSA" else ec_key_pair("other")
    other = FakeIdentityProvider(key_pairs=[pair])
    sent = request_logout(
        other,
        SLO_URL,
        now=NOW,
        binding=binding,
        signature_algorithm=SignatureAlgorithm[f"{kind}_{algorithm}"],
    )
    expecting = replace(expecting, idp=other.idp_metadata())
    assert verify_logout_request(unpacked(sent), expecting).is_proved


@BINDINGS
def test_a_request_without_sessions_names_all_of_the_person(
    ask: Callable[..., LogoutRequest], binding: Binding
) -> None:
    assert ask(binding=binding).session_indexes == ()


@BINDINGS
def test_the_signature_of_another_is_refused(
    ask: Callable[..., LogoutRequest], binding: Binding
) -> None:
    forged = refusal(ask, binding=binding, signing_key_pair=rsa_key_pair("mallory"))
    assert forged == ("signature_invalid", False)


@BINDINGS
def test_sha_1_is_refused_before_anything_is_computed(
    ask: Callable[..., LogoutRequest], binding: Binding
) -> None:
    weak = refusal(ask, binding=binding, signature_algorithm=SignatureAlgorithm.RSA_SHA1)
    assert weak == ("algorithm_not_allowed", False)


@BINDINGS
def test_an_expired_certificate_proves_nothing(
    fake: FakeIdentityProvider, expecting: LogoutExpectation, binding: Binding
) -> None:
    certificate = certificate_of(fake.key_pairs[0].certificate)
    expired = replace(certificate, not_after=NOW - timedelta(days=1))
    idp = replace(fake.idp_metadata(), signing_certificates=(expired,))
    sent = request_logout(fake, SLO_URL, now=NOW, binding=binding)
    refused = refusal(verify_logout_request, unpacked(sent), replace(expecting, idp=idp))
    assert refused == ("certificate_expired", False)


def test_a_certificate_beside_the_right_one_is_passed_over(
    fake: FakeIdentityProvider, expecting: LogoutExpectation
) -> None:
    other = certificate_of(ec_key_pair("other").certificate)
    right = fake.idp_metadata().signing_certificates
    idp = replace(fake.idp_metadata(), signing_certificates=(other, *right))
    received = unpacked(request_logout(fake, SLO_URL, now=NOW))
    assert verify_logout_request(received, replace(expecting, idp=idp)).is_proved


@pytest.mark.parametrize("parameter", ["SAMLRequest", "RelayState", "SigAlg"])
def test_no_part_that_a_signature_covers_can_be_changed(
    fake: FakeIdentityProvider, expecting: LogoutExpectation, parameter: str
) -> None:
    one = request_logout(fake, SLO_URL, now=NOW, relay_state="one").query
    other = request_logout(
        fake,
        SLO_URL,
        now=NOW,
        relay_state="other",
        signature_algorithm=SignatureAlgorithm.RSA_SHA512,
    ).query
    parts = dict(part.split("=", 1) for part in one.split("&"))
    parts[parameter] = dict(part.split("=", 1) for part in other.split("&"))[parameter]
    mixed = "&".join(f"{name}={value}" for name, value in parts.items())
    assert refusal(verify_logout_request, from_query(mixed), expecting)[0] == "signature_invalid"


def test_a_relay_state_cannot_be_taken_away(
    fake: FakeIdentityProvider, expecting: LogoutExpectation
) -> None:
    query = request_logout(fake, SLO_URL, now=NOW, relay_state="one").query
    without = "&".join(part for part in query.split("&") if not part.startswith("RelayState"))
    assert refusal(verify_logout_request, from_query(without), expecting)[0] == "signature_invalid"


def test_the_order_in_which_a_query_is_sent_does_not_matter(
    fake: FakeIdentityProvider, expecting: LogoutExpectation
) -> None:
    query = request_logout(fake, SLO_URL, now=NOW, relay_state="one").query
    backwards = "&".join(reversed([*query.split("&"), "utm_source=mail"]))
    assert verify_logout_request(from_query(backwards), expecting).is_proved


def test_a_request_whose_signature_was_taken_away_is_one_that_anybody_wrote(
    fake: FakeIdentityProvider, expecting: LogoutExpectation
) -> None:
    query = request_logout(fake, SLO_URL, now=NOW).query.partition("&SigAlg")[0]
    assert not verify_logout_request(from_query(query), expecting).is_proved


def test_a_change_in_a_form_after_the_signature_is_refused(
    ask: Callable[..., LogoutRequest],
) -> None:
    mutate = set_text(f"{{{SAML}}}NameID", "bob@acme.example")
    refused = refusal(ask, binding=Binding.POST, mutate_after_signing=mutate)
    assert refused == ("signature_invalid", False)


@SIGNED
@BINDINGS
@pytest.mark.parametrize(
    ("code", "knobs"),
    [
        ("destination_mismatch", {"destination": "https://app.example/saml/acme/slo/../x/"}),
        ("destination_mismatch", {"destination": f"{SLO_URL}?x"}),
        ("issuer_mismatch", {"issuer": "https://evil.example/"}),
        ("logout_malformed", {"attributes": {"Version": "1.1"}}),
        ("logout_malformed", {"attributes": {"IssueInstant": None}}),
        ("logout_malformed", {"attributes": {"IssueInstant": "yesterday"}}),
        ("logout_malformed", {"attributes": {"NotOnOrAfter": "tomorrow"}}),
        ("not_yet_valid", {"now": NOW + timedelta(seconds=121)}),
        ("logout_too_old", {"now": NOW - timedelta(seconds=421)}),
        ("expired", {"attributes": {"NotOnOrAfter": "2026-03-02T09:13:29Z"}}),
        ("logout_malformed", {"name_id": None}),
        ("logout_malformed", {"name_id": NameID(value="")}),
        ("issuer_mismatch", {"name_id": replace(ANN_ID, name_qualifier="https://evil.example/")}),
        ("audience_mismatch", {"name_id": replace(ANN_ID, sp_name_qualifier="https://x.example/")}),
        ("logout_malformed", {"session_indexes": ["x"] * 101}),
        ("logout_malformed", {"mutate_before_signing": add(f"{{{SAML}}}NameID")}),
        ("encrypted_part", {"mutate_before_signing": add(f"{{{SAML}}}EncryptedID")}),
        ("issuer_mismatch", {"mutate_before_signing": add(f"{{{SAML}}}Issuer")}),
        ("not_by_schema", {"mutate_before_signing": add(f"{{{SAMLP}}}Evil")}),
        ("not_by_schema", {"mutate_before_signing": add(f"{{{SAML}}}BaseID")}),
        ("not_by_schema", {"attributes": {"Reason": "x", "Evil": "x"}}),
    ],
)
def test_a_request_that_is_wrong_in_one_thing_is_refused(
    ask: Callable[..., LogoutRequest],
    binding: Binding,
    sign: bool,
    code: str,
    knobs: LogoutKnobs,
) -> None:
    assert refusal(ask, binding=binding, sign=sign, **knobs) == (code, sign)


@BINDINGS
def test_an_id_is_wanted(ask: Callable[..., LogoutRequest], binding: Binding) -> None:
    attributes = {"attributes": {"ID": None}}
    assert refusal(ask, binding=binding, sign=False, **attributes)[0] == "logout_malformed"


@BINDINGS
def test_a_destination_may_be_absent_only_where_nothing_is_signed(
    ask: Callable[..., LogoutRequest], binding: Binding
) -> None:
    assert not ask(binding=binding, sign=False, destination=None).is_proved
    missing = refusal(ask, binding=binding, destination=None)
    assert missing == ("destination_mismatch", True)


@BINDINGS
@pytest.mark.parametrize("seconds", [-419, 119])
def test_a_clock_within_the_skew_is_good(
    ask: Callable[..., LogoutRequest], binding: Binding, seconds: int
) -> None:
    assert ask(binding=binding, now=NOW + timedelta(seconds=seconds)).is_proved


@BINDINGS
def test_a_request_that_is_not_over_is_good(
    ask: Callable[..., LogoutRequest], binding: Binding
) -> None:
    assert ask(binding=binding, attributes={"NotOnOrAfter": "2026-03-02T09:20:00Z"}).is_proved


@SIGNED
@BINDINGS
def test_a_comment_does_not_cut_a_name_id_short(
    ask: Callable[..., LogoutRequest], binding: Binding, sign: bool
) -> None:
    def comment(root: etree._Element) -> None:
        name_id = root.find(f"{{{SAML}}}NameID")
        assert name_id is not None
        name_id.text = "ann@acme.example"
        hidden = etree.Comment("")
        hidden.tail = ".evil.example"
        name_id.append(hidden)

    request = ask(binding=binding, sign=sign, mutate_before_signing=comment)
    assert request.name_id.value == "ann@acme.example.evil.example"


@SIGNED
@BINDINGS
def test_an_element_inside_a_name_id_is_refused(
    ask: Callable[..., LogoutRequest], binding: Binding, sign: bool
) -> None:
    def inside(root: etree._Element) -> None:
        name_id = root.find(f"{{{SAML}}}NameID")
        assert name_id is not None
        etree.SubElement(name_id, "x")

    refused = refusal(ask, binding=binding, sign=sign, mutate_before_signing=inside)
    assert refused == ("logout_malformed", sign)


@BINDINGS
def test_a_response_is_no_request(
    fake: FakeIdentityProvider, expecting: LogoutExpectation, binding: Binding
) -> None:
    sent = answer_logout(fake, SLO_URL, REQUEST_ID, now=NOW, binding=binding)
    assert refusal(verify_logout_request, unpacked(sent), expecting)[0] == "logout_malformed"


def test_entra_sends_under_either_of_its_names(
    ask: Callable[..., LogoutRequest], fake: FakeIdentityProvider
) -> None:
    tenant = fake.tenant_id
    assert ask(issuer=f"https://login.microsoftonline.com/{tenant}/").is_proved
    other = tenant[:-1] + ("0" if tenant[-1] != "0" else "1")
    for host in ("login.microsoftonline.com", "sts.windows.net"):
        assert refusal(ask, issuer=f"https://{host}/{other}/")[0] == "issuer_mismatch"


def test_nobody_else_has_two_names() -> None:
    assert issuers_of("https://idp.example/") == ("https://idp.example/",)
    assert issuers_of("https://sts.windows.net.evil.example/x/") == (
        "https://sts.windows.net.evil.example/x/",
    )


# Two verifiers


@BINDINGS
def test_a_signature_that_only_one_verifier_finds_good_is_refused(
    ask: Callable[..., LogoutRequest], binding: Binding, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the first verifier took any signature."""
    monkeypatch.setattr("jitprov.saml.signature.SignatureMethod.verifies", lambda *_args: True)
    refused = refusal(ask, binding=binding, signing_key_pair=rsa_key_pair("mallory"))
    assert refused == ("verifiers_disagree", True)


@BINDINGS
def test_values_that_only_one_verifier_reads_are_refused(
    ask: Callable[..., LogoutRequest], binding: Binding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logout_toolkit, "_of_request", lambda _document: ("another",))
    assert refusal(ask, binding=binding) == ("verifiers_disagree", True)


# An answer of theirs


@BINDINGS
def test_a_good_answer_is_taken(answer: Callable[..., None], binding: Binding) -> None:
    answer(binding=binding)
    answer(binding=binding, lower_case=True)


@BINDINGS
@pytest.mark.parametrize(
    ("code", "knobs"),
    [
        ("signature_missing", {"sign": False}),
        ("signature_invalid", {"signing_key_pair": rsa_key_pair("mallory")}),
        ("algorithm_not_allowed", {"signature_algorithm": SignatureAlgorithm.RSA_SHA1}),
        ("logout_unknown", {"attributes": {"InResponseTo": "another"}}),
        ("logout_unknown", {"attributes": {"InResponseTo": None}}),
        ("issuer_mismatch", {"issuer": "https://evil.example/"}),
        ("destination_mismatch", {"destination": None}),
        ("logout_too_old", {"now": NOW - timedelta(hours=1)}),
        ("not_by_schema", {"mutate_before_signing": add(f"{{{SAMLP}}}Status", "")}),
    ],
)
def test_an_answer_that_is_wrong_in_one_thing_is_refused(
    answer: Callable[..., None], binding: Binding, code: str, knobs: dict[str, Any]
) -> None:
    assert refusal(answer, binding=binding, **knobs)[0] == code


@BINDINGS
def test_an_answer_without_a_status_is_refused(
    answer: Callable[..., None], binding: Binding
) -> None:
    def empty(root: etree._Element) -> None:
        status = root.find(f"{{{SAMLP}}}Status")
        assert status is not None
        status.clear()

    refused = refusal(answer, binding=binding, mutate_before_signing=empty)
    assert refused == ("not_by_schema", True)


@BINDINGS
@pytest.mark.parametrize("statuses", [(SUCCESS, PARTIAL), (RESPONDER, PARTIAL), (RESPONDER,)])
def test_anything_but_success_is_no_success(
    answer: Callable[..., None], binding: Binding, statuses: tuple[str, ...]
) -> None:
    assert refusal(answer, *statuses, binding=binding) == ("status_not_success", True)


# Ours


PERSISTENT = NameID(
    value="  Ann <&> é ",
    format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    name_qualifier="https://idp.example/",
    sp_name_qualifier=SP_ENTITY_ID,
)
ENDPOINT = "https://idp.example/slo?idpid=C02"


@pytest.fixture(params=list(Binding), ids=["redirect", "post"])
def theirs(request: pytest.FixtureRequest, fake: FakeIdentityProvider) -> IdpMetadata:
    return replace(fake.idp_metadata(), slo_url=ENDPOINT, slo_binding=request.param)


def carried(message: Any) -> Any:
    return read_logout(message.url if message.binding is Binding.REDIRECT else message.fields)


@pytest.mark.parametrize("name_id", [PERSISTENT, NameID(value="ann")])
@pytest.mark.parametrize("signed", [True, False])
def test_our_request_names_the_person_as_they_were_named_to_us(
    sp: ServiceProvider, theirs: IdpMetadata, name_id: NameID, signed: bool
) -> None:
    ours = sp if signed else replace(sp, key_pairs=())
    message = logout_request(ours, theirs, name_id, "index", now=NOW)
    sent = carried(message)
    schema("protocol").assertValid(sent.root)
    assert sent.id == message.id
    assert not message.id[0].isdigit()
    assert sent.name_id == name_id
    assert sent.session_indexes == ["index"]
    assert sent.signed is signed
    assert sent.relay_state == ""
    assert sent.root.get("Destination") == ENDPOINT
    assert sent.root.findtext(f"{{{SAML}}}Issuer") == SP_ENTITY_ID
    assert message.url.startswith(ENDPOINT)


def test_a_session_without_an_index_is_named_without_one(
    sp: ServiceProvider, theirs: IdpMetadata
) -> None:
    assert carried(logout_request(sp, theirs, PERSISTENT, "", now=NOW)).session_indexes == []


@pytest.mark.parametrize("ended", [True, False])
def test_our_answer_says_whether_the_sessions_have_ended(
    ask: Callable[..., LogoutRequest], sp: ServiceProvider, theirs: IdpMetadata, ended: bool
) -> None:
    request = ask(relay_state="a b&c")
    sent = carried(logout_response(sp, theirs, request, ended=ended, now=NOW))
    schema("protocol").assertValid(sent.root)
    assert sent.root.get("InResponseTo") == request.id
    assert sent.statuses == ([SUCCESS] if ended else [RESPONDER, logout.REQUEST_DENIED])
    assert sent.relay_state == "a b&c"
    assert sent.signed


def test_our_messages_pass_our_own_checks(sp: ServiceProvider, theirs: IdpMetadata) -> None:
    """With the parties the other way round."""
    message = logout_request(sp, theirs, NameID(value="ann"), "index", now=NOW)
    certificate = certificate_of(sp.key_pairs[0].certificate)
    expecting = LogoutExpectation(
        sp=ServiceProvider(entity_id=theirs.entity_id, acs_url="", slo_url=ENDPOINT),
        idp=IdpMetadata(entity_id=SP_ENTITY_ID, sso_url="", signing_certificates=(certificate,)),
        now=NOW,
    )
    if message.binding is Binding.REDIRECT:
        received = from_query(message.url.partition("?")[2])
    else:
        received = from_form({name: [value] for name, value in message.fields.items()})
    assert verify_logout_request(received, expecting).is_proved
