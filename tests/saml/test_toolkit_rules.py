"""Our copy of python3-saml gives the same verdict, and reads the same values, as the installed library."""

from __future__ import annotations

import base64
import random
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import pytest
from onelogin.saml2.constants import OneLogin_Saml2_Constants
from onelogin.saml2.errors import OneLogin_Saml2_Error, OneLogin_Saml2_ValidationError
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.utils import OneLogin_Saml2_Utils
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

from jitprov.saml import toolkit
from jitprov.saml.response import Expectation
from jitprov.testing import FakeIdentityProvider
from tests.saml import real_data
from tests.saml.mutations import damage, mutilation
from tests.saml.test_envelope_refused import NO_RESPONSES
from tests.saml.test_response_accepted import USUAL_SHAPES, respond
from tests.saml.test_response_real import AD_FS, ONELOGIN, PING_RESPONSE_SIGNED, Captured
from tests.saml.test_response_refused import SIGNED_BUT_NOT_FOR_US
from tests.saml.test_signature_refused import UNPROVED
from tests.saml.test_toolkit import foreign_statement, text_beside_a_name_id

Verdict: TypeAlias = toolkit.Reading | str
FORGED: list[tuple[str, Any, str]] = [*UNPROVED, *SIGNED_BUT_NOT_FOR_US]
MOMENTS = (timedelta(0), timedelta(minutes=-20), timedelta(minutes=61), timedelta(hours=9))


def unmodified(
    document: bytes, parties: toolkit.Parties, request_id: str | None, now: datetime
) -> Verdict:
    """Return the verdict of the library as it is installed; only its clock is ours."""
    clock = toolkit._Now.between(now, now)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(OneLogin_Saml2_Utils, "now", staticmethod(lambda: clock))
        patch.setattr(OneLogin_Saml2_Constants, "ALLOWED_CLOCK_DRIFT", 0)
        try:
            response = OneLogin_Saml2_Response(
                toolkit._settings(parties), base64.b64encode(document)
            )
            request = toolkit._request_data(parties.acs_url)
            response.is_valid(request, request_id, raise_exceptions=True)
            return toolkit._reading(response)
        except (OneLogin_Saml2_ValidationError, OneLogin_Saml2_Error) as error:
            return f"{type(error).__name__} {error.code}"
        except Exception as error:  # noqa: BLE001 -- which is what it raises
            return type(error).__name__


def ours(
    document: bytes, parties: toolkit.Parties, request_id: str | None, now: datetime
) -> Verdict:
    """Return the verdict of our copy."""
    try:
        return toolkit.judge(
            document, decrypted=None, parties=parties, request_id=request_id, now=now
        )
    except (toolkit.ToolkitRefused, toolkit.VerifierFailed) as refusal:
        return str(refusal)


def same_verdict(saml_response: str, expect: Expectation, *moments: timedelta) -> list[Verdict]:
    """Require the same verdict of both at all moments, and return it for each."""
    document = base64.b64decode(saml_response)
    pems = tuple(certificate.pem for certificate in expect.idp.signing_certificates)
    parties = toolkit.Parties.of(expect.sp, expect.idp, pems)
    [request_id] = expect.pending
    verdicts = []
    for moment in moments:
        now = expect.earliest + moment
        verdicts.append(ours(document, parties, request_id, now))
        assert verdicts[-1] == unmodified(document, parties, request_id, now)
    return verdicts


@pytest.mark.parametrize("knobs", USUAL_SHAPES)
def test_usual_responses_get_the_same_verdict_at_any_time(
    fake: FakeIdentityProvider, expect: Expectation, knobs: dict[str, Any]
) -> None:
    verdicts = same_verdict(respond(fake, **knobs), expect, *MOMENTS)
    assert isinstance(verdicts[0], toolkit.Reading)


@real_data.needs_real_data
@pytest.mark.parametrize(
    "captured",
    [
        pytest.param(AD_FS, id="AD FS"),
        pytest.param(PING_RESPONSE_SIGNED, id="Ping"),
        pytest.param(ONELOGIN, id="OneLogin"),
    ],
)
def test_real_responses_get_the_same_verdict_at_any_time(captured: Captured) -> None:
    same_verdict(captured.encoded(), captured.expectation(), *MOMENTS)


@pytest.mark.parametrize(
    "knobs",
    [
        pytest.param(knobs, id=why)
        for _, knobs, why in FORGED
        if "encrypt" not in knobs  # we decrypt, not the library
    ],
)
def test_forged_and_misplaced_responses_get_the_same_verdict(
    fake: FakeIdentityProvider, expect: Expectation, knobs: dict[str, Any]
) -> None:
    same_verdict(respond(fake, **knobs), expect, timedelta(0))


@pytest.mark.parametrize("mutation", [foreign_statement, text_beside_a_name_id])
def test_unusual_responses_that_the_first_verifier_accepts_get_the_same_verdict(
    fake: FakeIdentityProvider, expect: Expectation, mutation: Any
) -> None:
    same_verdict(respond(fake, mutate_before_signing=mutation), expect, timedelta(0))


@pytest.mark.parametrize(
    "posted",
    [
        pytest.param(case.values[0], id=case.id)
        for case in NO_RESPONSES
        if case.values[1] not in {"response_not_base64", "response_missing"}
    ],
)
def test_messages_that_are_no_response_get_the_same_verdict(
    expect: Expectation, posted: str
) -> None:
    [same] = same_verdict(posted, expect, timedelta(0))
    assert isinstance(same, str)


@pytest.mark.parametrize("sign", ["assertion", "response", "both"])
@pytest.mark.parametrize("when", ["mutate_before_signing", "mutate_after_signing"])
def test_mutilated_responses_get_the_same_verdict(
    fake: FakeIdentityProvider, expect: Expectation, when: str, sign: Any
) -> None:
    dice = random.Random(20260305)  # noqa: S311 -- the same damage every time
    for _ in range(25):
        response = respond(fake, sign=sign, comments=True, **{when: mutilation(dice)})
        same_verdict(response, expect, timedelta(0))


def test_damaged_bytes_get_the_same_verdict(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    whole = base64.b64decode(respond(fake, sign="both"))
    dice = random.Random(20260306)  # noqa: S311 -- the same damage every time
    for _ in range(150):
        damaged = base64.b64encode(damage(bytearray(whole), dice)).decode()
        same_verdict(damaged, expect, timedelta(0))


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-02T09:15:30Z",
        "2026-03-02T09:15:30.5Z",
        "2026-03-02T09:15:30.999999Z",
        "2026-03-02T09:15:30.1234567Z",
        "2026-03-02T09:15:30.Z",
        "2026-03-02T09:15:30z",
        "2026-03-02t09:15:30Z",
        "2026-03-02 09:15:30Z",
        "2026-3-2T9:5:3Z",
        "20260302T091530Z",
        "2026-W10-1T09:15:30Z",
        "2026-03-02T09:15Z",
        "2026-03-02T24:00:00Z",
        "2026-03-02T23:59:60Z",
        "2026-03-02T23:60:00Z",
        "2026-02-29T00:00:00Z",
        "2024-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-03-00T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "1969-12-31T23:59:59.9Z",
        "10000-01-01T00:00:00Z",
        "-2026-03-02T09:15:30Z",
        "٢٠٢٦-03-02T09:15:30Z",
        "2026-03-02T09:15:30,5Z",
        "now",
        "",
    ],
)
def test_times_are_read_as_the_library_reads_them(written: str) -> None:
    def read(utils: Any) -> int | str:
        try:
            return int(utils.parse_SAML_to_time(written))
        except Exception:  # noqa: BLE001 -- which is what it raises
            return "refused"

    assert read(toolkit._Utils) == read(OneLogin_Saml2_Utils)


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-02T11:15:30+02:00",
        "2026-03-02T09:15:30",
        " 2026-03-02T09:15:30Z",
        "\t2026-03-02T09:15:30.9Z\n",
    ],
)
def test_times_that_only_xml_schema_knows_are_read_all_the_same(written: str) -> None:
    moment = datetime(2026, 3, 2, 9, 15, 30, tzinfo=UTC)
    assert toolkit._Utils.parse_SAML_to_time(written) == int(moment.timestamp())


def test_kept_queries_find_what_the_library_finds(
    fake: FakeIdentityProvider, expect: Expectation, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = set()

    kept = toolkit._Xml.query

    def query(dom: Any, query: str, *arguments: Any) -> Any:
        found = kept(dom, query, *arguments)
        assert found == OneLogin_Saml2_XML.query(dom, query, *arguments)
        asked.add(query)
        return found

    monkeypatch.setattr(toolkit._Xml, "query", staticmethod(query))
    same_verdict(respond(fake, sign="both"), expect, timedelta(0))
    assert len(asked) > 20


def test_a_query_forgets_the_id_that_it_was_asked_for(fake: FakeIdentityProvider) -> None:
    root = OneLogin_Saml2_XML.to_etree(base64.b64decode(respond(fake)))
    with_an_id = "/samlp:Response[@ID=$tagid]"
    assert toolkit._Xml.query(root, with_an_id, None, root.get("ID")) == [root]
    assert toolkit._Xml.query(root, with_an_id, None, "_other") == []
    with pytest.raises(Exception, match="Undefined variable"):
        toolkit._Xml.query(root, with_an_id)
