from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest

from jitprov.saml import metadata_refusals as refusals
from jitprov.saml.metadata import MetadataRefused
from jitprov.saml.types import Binding, IdpMetadata
from jitprov.saml.xml import SAMLP, Limits
from jitprov.testing.identity_provider import FakeIdentityProvider
from tests.saml.documents import (
    ENTITY_ID,
    NOW,
    POST,
    SSO_URL,
    YEAR,
    aggregate,
    base64_of,
    certificate,
    entity,
    expired_pair,
    idp_role,
    key_descriptor,
    key_pair,
    parse,
    refusal,
    service,
    sp_role,
)

OTHER = "https://other.example/saml"
ARTIFACT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"
WS_FEDERATION = (
    '<md:RoleDescriptor xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:fed="http://docs.oasis-open.org/wsfed/federation/200706" '
    'xsi:type="fed:SecurityTokenServiceType" '
    'protocolSupportEnumeration="http://docs.oasis-open.org/wsfed/federation/200706"/>'
)


# Documents that are read


def test_an_ordinary_document_is_read() -> None:
    assert parse(entity()) == IdpMetadata(
        entity_id=ENTITY_ID, sso_url=SSO_URL, signing_certificates=(certificate(),)
    )


def test_roles_of_ws_federation_are_skipped() -> None:
    assert parse(entity(WS_FEDERATION + sp_role() + idp_role())).entity_id == ENTITY_ID


def test_the_sp_role_of_the_same_entity_is_ignored() -> None:
    assert parse(entity(sp_role() + idp_role())).sso_url == SSO_URL


def test_a_saml_1_role_beside_the_saml_2_role_is_ignored() -> None:
    old = idp_role(protocols="urn:mace:shibboleth:1.0", services=service(url="https://old.example"))
    assert parse(entity(old + idp_role())).sso_url == SSO_URL


def test_every_signing_certificate_is_read_once() -> None:
    keys = (
        key_descriptor()
        + key_descriptor(text="\n  " + base64_of(key_pair().certificate) + "\n")
        + key_descriptor(key_pair("rsa-2"))
        + key_descriptor(key_pair("ec"), use="")
        + key_descriptor(key_pair("rsa-3"), use='use="encryption"')
    )
    found = parse(entity(idp_role(keys=keys))).signing_certificates
    assert found == (certificate(), certificate("rsa-2"), certificate("ec"))


def test_a_good_certificate_is_enough_beside_an_expired_or_weak_one() -> None:
    keys = (
        key_descriptor(expired_pair("rsa-2"))
        + key_descriptor(key_pair("rsa-1024"))
        + key_descriptor()
    )
    found = parse(entity(idp_role(keys=keys))).signing_certificates
    assert [one.not_after < NOW for one in found] == [True, False]


def test_a_certificate_that_is_not_valid_yet_is_enough() -> None:
    pair = key_pair("rsa-2", not_before=NOW + timedelta(days=1), not_after=NOW + YEAR)
    found = parse(entity(idp_role(keys=key_descriptor(pair)))).signing_certificates
    assert len(found) == 1


@pytest.mark.parametrize(
    ("services", "url", "binding"),
    [
        pytest.param(
            service(binding=POST, url="https://idp.example/post") + service(),
            SSO_URL,
            Binding.REDIRECT,
            id="redirect is preferred whatever the order",
        ),
        pytest.param(
            service(binding=POST), SSO_URL, Binding.POST, id="an IdP with HTTP-POST only works"
        ),
        pytest.param(
            service(url="http://idp.example/sso") + service(binding=POST),
            SSO_URL,
            Binding.POST,
            id="a binding without TLS is passed over for one with it",
        ),
        pytest.param(
            service(binding=ARTIFACT) + service(url="https://idp.example/sso?idpid=C02"),
            "https://idp.example/sso?idpid=C02",
            Binding.REDIRECT,
            id="other bindings are ignored and queries are kept",
        ),
    ],
)
def test_the_sign_on_url_is_that_of_the_best_binding(
    services: str, url: str, binding: Binding
) -> None:
    found = parse(entity(idp_role(services=services)))
    assert (found.sso_url, found.sso_binding) == (url, binding)


@pytest.mark.parametrize(
    ("services", "url", "binding"),
    [
        pytest.param("", "", Binding.REDIRECT, id="none"),
        pytest.param(
            service("SingleLogoutService", url="https://idp.example/slo", binding=POST),
            "https://idp.example/slo",
            Binding.POST,
            id="by HTTP-POST",
        ),
        pytest.param(
            service("SingleLogoutService", url="http://idp.example/slo"),
            "",
            Binding.REDIRECT,
            id="one without TLS is not used",
        ),
    ],
)
def test_the_logout_url_is_that_of_the_best_binding(
    services: str, url: str, binding: Binding
) -> None:
    found = parse(entity(idp_role(services=services + service())))
    assert (found.slo_url, found.slo_binding) == (url, binding)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [("true", True), ("1", True), (" true ", True), ("false", False), ("0", False), ("", False)],
)
def test_the_wish_for_signed_requests_is_read(value: str, wanted: bool) -> None:
    role = idp_role(attributes=f'WantAuthnRequestsSigned="{value}"')
    assert parse(entity(role)).want_authn_requests_signed is wanted


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-03T00:00:00Z", datetime(2026, 3, 3, tzinfo=UTC)),
        ("2026-03-03T00:00:00.1234567Z", datetime(2026, 3, 3, 0, 0, 0, 123456, tzinfo=UTC)),
        ("2026-03-03T02:00:00+02:00", datetime(2026, 3, 3, tzinfo=UTC)),
        (" 2026-03-03T00:00:00 ", datetime(2026, 3, 3, tzinfo=UTC)),
    ],
)
def test_the_end_of_validity_is_read(text: str, expected: datetime) -> None:
    assert parse(entity(attributes=f'validUntil="{text}"')).valid_until == expected


def test_the_earliest_end_of_validity_counts() -> None:
    document = aggregate(
        entity(
            idp_role(attributes='validUntil="2026-06-01T00:00:00Z"'),
            attributes='validUntil="2026-05-01T00:00:00Z"',
        ),
        attributes='validUntil="2026-04-01T00:00:00Z"',
    )
    assert parse(document).valid_until == datetime(2026, 4, 1, tzinfo=UTC)


@pytest.mark.parametrize("host", ["localhost", "acme.localhost", "127.0.0.1", "127.8.8.8", "[::1]"])
def test_plain_http_is_allowed_on_loopback_when_asked_for(host: str) -> None:
    document = entity(idp_role(services=service(url=f"http://{host}:7001/sso")))
    assert parse(document, allow_http=True).sso_url == f"http://{host}:7001/sso"
    assert isinstance(refusal(document), refusals.NoSsoUrl)


def test_the_metadata_of_the_fake_identity_provider_is_read_as_it_was_written() -> None:
    fake = FakeIdentityProvider(key_pairs=(key_pair(), key_pair("rsa-2")))
    assert parse(fake.metadata_xml(), trusted=certificate()) == fake.idp_metadata()


# Documents with several entities


def test_the_only_identity_provider_of_an_aggregate_need_not_be_named() -> None:
    assert parse(aggregate(entity(sp_role(), entity_id=OTHER), entity())).entity_id == ENTITY_ID


def test_an_identity_provider_is_found_by_its_entity_id_in_nested_aggregates() -> None:
    document = aggregate(aggregate(aggregate(entity(entity_id=OTHER))), entity())
    assert parse(document, entity_id=OTHER).entity_id == OTHER


def test_a_refusal_lists_at_most_ten_identity_providers() -> None:
    document = aggregate(*(entity(entity_id=f"https://idp{n}.example") for n in range(12)))
    error = refusal(document)
    assert isinstance(error, refusals.SeveralIdentityProviders)
    assert len(error.entity_ids) == 12
    assert "'https://idp9.example' and 2 more" in error.problem
    assert "idp10" not in error.problem
    assert "--entity-id" in str(error)


@pytest.mark.parametrize("chosen", [ENTITY_ID, ""])
def test_an_entity_id_that_occurs_twice_is_refused_as_that(chosen: str) -> None:
    error = refusal(aggregate(entity(), entity()), entity_id=chosen)
    assert isinstance(error, refusals.EntityTwice)
    assert (error.entity_id, error.count) == (ENTITY_ID, 2)
    assert "--entity-id" not in str(error)


def test_the_list_of_several_identity_providers_names_each_once() -> None:
    error = refusal(aggregate(entity(), entity(entity_id=OTHER), entity()))
    assert isinstance(error, refusals.SeveralIdentityProviders)
    assert error.entity_ids == (ENTITY_ID, OTHER)


def test_the_refusal_of_an_absent_entity_lists_those_that_are_there() -> None:
    error = refusal(aggregate(entity(), entity(entity_id=OTHER)), entity_id=OTHER + "/")
    assert isinstance(error, refusals.EntityNotFound)
    assert repr(OTHER) in error.problem
    assert repr(ENTITY_ID) in error.problem


def test_an_entity_inside_extensions_is_ignored() -> None:
    hidden = f"<md:Extensions>{entity(entity_id=OTHER)}</md:Extensions>"
    assert parse(entity(hidden + idp_role())).entity_id == ENTITY_ID
    assert isinstance(
        refusal(entity(hidden + idp_role()), entity_id=OTHER), refusals.EntityNotFound
    )


# Documents that are refused


LONG = "https://idp.example/" + "a" * 2048
BAD_CERTIFICATE = base64.b64encode(b"no certificate").decode()


@pytest.mark.parametrize(
    ("document", "error", "words"),
    [
        pytest.param(entity()[:-5], refusals.MetadataNotXml, "well-formed", id="cut short"),
        pytest.param(
            "\n<!DOCTYPE html><html></html>", refusals.NotMetadata, "web page", id="a web page"
        ),
        pytest.param("<HTML><br></HTML>", refusals.NotMetadata, "web page", id="an old web page"),
        pytest.param("<html/>", refusals.NotMetadata, "'html'", id="a page that is XML"),
        pytest.param(
            '<!DOCTYPE md [<!ENTITY a "b">]>' + entity(),
            refusals.MetadataForbiddenXml,
            "document type",
            id="a DTD",
        ),
        pytest.param(
            entity("<?xml-stylesheet href='a'?>" + idp_role()),
            refusals.MetadataForbiddenXml,
            "processing instruction",
            id="a processing instruction inside",
        ),
        pytest.param(
            entity(sp_role()),
            refusals.NoIdentityProvider,
            f"{ENTITY_ID!r} is a service provider",
            id="the metadata of a service provider",
        ),
        pytest.param(
            aggregate(entity(sp_role()), entity(sp_role(), entity_id=OTHER)),
            refusals.NoIdentityProvider,
            "none of the document's 2 entities",
            id="an aggregate of service providers",
        ),
        pytest.param(
            entity(WS_FEDERATION),
            refusals.NoIdentityProvider,
            "none of",
            id="an entity with WS-Federation only",
        ),
        pytest.param(
            aggregate(), refusals.NoIdentityProvider, "0 entities", id="an empty aggregate"
        ),
        pytest.param(
            entity(idp_role(protocols="urn:oasis:names:tc:SAML:1.1:protocol")),
            refusals.NoSaml2Role,
            "SAML 2.0",
            id="an identity provider of SAML 1.1",
        ),
        pytest.param(
            entity(idp_role(protocols=SAMLP + "x")),
            refusals.NoSaml2Role,
            "SAML 2.0",
            id="a protocol that only begins like SAML 2.0",
        ),
        pytest.param(
            entity(idp_role(keys="")),
            refusals.NoSigningCertificate,
            "2048",
            id="no certificate at all",
        ),
        pytest.param(
            entity(idp_role(keys=key_descriptor(use='use="encryption"'))),
            refusals.NoSigningCertificate,
            "2048",
            id="only an encryption certificate",
        ),
        pytest.param(
            entity(idp_role(keys=key_descriptor(key_pair("rsa-1024")))),
            refusals.NoSigningCertificate,
            "certificate 1: its key has 1024 bits",
            id="only a weak key",
        ),
        pytest.param(
            entity(
                idp_role(
                    keys=key_descriptor(text=BAD_CERTIFICATE) + key_descriptor(key_pair("ed25519"))
                )
            ),
            refusals.NoSigningCertificate,
            "certificate 1: not an X.509 certificate; certificate 2: its key is neither",
            id="something that is no certificate, and a key of another kind",
        ),
        pytest.param(
            entity(idp_role(keys=key_descriptor(expired_pair()))),
            refusals.CertificatesExpired,
            "valid until 2026-03-01",
            id="only expired certificates",
        ),
        pytest.param(
            entity(idp_role(keys="".join(key_descriptor(text=f"A{n}") for n in range(21)))),
            MetadataRefused,
            "more than 20 certificates",
            id="too many certificates",
        ),
        pytest.param(
            entity(idp_role(services="")), refusals.NoSsoUrl, "HTTP-POST", id="no sign-on service"
        ),
        pytest.param(
            entity(idp_role(services=service(binding=ARTIFACT))),
            refusals.NoSsoUrl,
            "HTTP-POST",
            id="only bindings that we do not speak",
        ),
        pytest.param(
            entity(idp_role(services=service(url="http://idp.example/sso"))),
            refusals.NoSsoUrl,
            "'http://idp.example/sso' is not https",
            id="no TLS",
        ),
        pytest.param(
            entity(idp_role(services=service(url="javascript:alert(1)"))),
            refusals.NoSsoUrl,
            "is not a URL",
            id="a script for a URL",
        ),
        pytest.param(
            entity(idp_role(services=service(url="https://a@b.example/"))),
            refusals.NoSsoUrl,
            "is not a URL",
            id="a URL with a user",
        ),
        pytest.param(
            entity(idp_role(services=service(url="https://idp.example/a b"))),
            refusals.NoSsoUrl,
            "is not a URL",
            id="a URL with a blank",
        ),
        pytest.param(
            entity(idp_role(services=service(url="https://idp.example:port/"))),
            refusals.NoSsoUrl,
            "is not a URL",
            id="a URL with a port that is no number",
        ),
        pytest.param(
            entity(idp_role(services=service(url=LONG))),
            refusals.NoSsoUrl,
            "longer than 2048",
            id="a URL that is too long",
        ),
        pytest.param(
            entity(entity_id=""), MetadataRefused, "entity ID is empty", id="no entity ID"
        ),
        pytest.param(
            entity(entity_id="https://idp.example/&#x9b;31m"),
            MetadataRefused,
            "not printable",
            id="an entity ID with control characters",
        ),
        pytest.param(
            entity(entity_id=LONG), MetadataRefused, "longer than 1024", id="a long entity ID"
        ),
        pytest.param(
            entity(entity_id="https://sts.windows.net/{tenantid}/"),
            refusals.PlaceholderEntityId,
            "App Federation Metadata URL",
            id="the document of Entra's common tenant",
        ),
        pytest.param(
            entity(entity_id="https://sts.windows.net/{tenant}/"),
            refusals.PlaceholderEntityId,
            "{tenant}",
            id="its other spelling",
        ),
        pytest.param(
            entity(attributes='validUntil="2026-03-02T09:15:00Z"'),
            refusals.MetadataExpired,
            "2026-03-02 09:15",
            id="metadata that is no longer valid at this very moment",
        ),
        pytest.param(
            entity(idp_role(attributes='validUntil="2026-03-02T09:14:59.999Z"')),
            refusals.MetadataExpired,
            "2026-03-02",
            id="a role that is no longer valid",
        ),
        pytest.param(
            aggregate(aggregate(entity()), attributes='validUntil="2014-01-01T00:00:00Z"'),
            refusals.MetadataExpired,
            "2014-01-01",
            id="an enclosing aggregate that is no longer valid",
        ),
        pytest.param(
            entity(attributes='validUntil="tomorrow"'),
            MetadataRefused,
            "'tomorrow'",
            id="a validUntil that is no date",
        ),
        pytest.param(
            entity(attributes='validUntil=""'), MetadataRefused, "not a date", id="an empty one"
        ),
        pytest.param(
            entity(attributes='validUntil="0001-01-01T00:00:00+14:00"'),
            MetadataRefused,
            "not a date",
            id="one before the beginning of time",
        ),
    ],
)
def test_bad_metadata_is_refused_with_its_problem(
    document: str | bytes, error: type[MetadataRefused], words: str
) -> None:
    found = refusal(document)
    assert type(found) is error
    assert words in str(found)


@pytest.mark.parametrize(
    "limits",
    [
        pytest.param(Limits(bytes=100, depth=48, nodes=1000), id="bytes"),
        pytest.param(Limits(bytes=10_000, depth=2, nodes=1000), id="levels"),
        pytest.param(Limits(bytes=10_000, depth=48, nodes=5), id="nodes"),
    ],
)
def test_a_document_that_is_too_large_is_refused(limits: Limits) -> None:
    error = refusal(entity(), limits=limits)
    assert isinstance(error, refusals.MetadataTooLarge)
    assert "JITPROV_METADATA_MAX_BYTES" in str(error)


def test_every_refusal_has_a_code_of_its_own() -> None:
    family: list[type[MetadataRefused]] = [MetadataRefused, *MetadataRefused.__subclasses__()]
    assert len({one.code for one in family}) == len(family)
    assert all(one.__doc__ and one.remedy for one in family)
