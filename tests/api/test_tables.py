"""Certificates, e-mail domains and setup links by the API."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from jitprov.configuration import setup_links
from jitprov.configuration.setup_links import MAX_ACTIVE
from jitprov.models import ConfigurationChange, EmailDomain, IdentityProvider, SetupLink
from jitprov.testing import rsa_key_pair
from tests.api.client import Api
from tests.support.factories import IdentityProviderFactory

pytestmark = pytest.mark.django_db

ACME = "identity-providers/acme/"
CERTIFICATES = f"{ACME}certificates/"
DOMAINS = f"{ACME}email-domains/"
LINKS = f"{ACME}setup-links/"
PEM = rsa_key_pair("another").certificate


# Certificates


def test_certificates_are_added_kept_and_removed(ours: Api, idp: IdentityProvider) -> None:
    [old] = ours.get(CERTIFICATES).json["results"]

    both = ours.put(
        CERTIFICATES,
        {"results": [{"pem": PEM}, {"fingerprint": old["fingerprint"], "allow_expired": True}]},
    )
    assert both.status == 200
    assert {one["fingerprint"]: one["allow_expired"] for one in both.json["results"]}[
        old["fingerprint"]
    ]
    [new] = [
        one["fingerprint"]
        for one in both.json["results"]
        if one["fingerprint"] != old["fingerprint"]
    ]
    one = ours.put(CERTIFICATES, {"results": [{"fingerprint": new}]})
    assert [row["fingerprint"] for row in one.json["results"]] == [new]
    assert set(ConfigurationChange.objects.values_list("what", flat=True)) == {"certificate"}


@pytest.mark.parametrize(
    ("rows", "path"),
    [
        ([], "results"),
        ([{}], "results.0"),
        ([{"pem": PEM, "fingerprint": "00"}], "results.0"),
        ([{"fingerprint": "00"}], "results.0.fingerprint"),
        ([{"pem": PEM}, {"pem": "no certificate"}], "results.1.pem"),
        ([{"pem": PEM}, {"pem": PEM}], "results.1.pem"),
        ([{"pem": PEM}] * 21, "results"),
    ],
)
def test_invalid_certificates_are_refused_at_their_path(
    ours: Api, idp: IdentityProvider, rows: list[Any], path: str
) -> None:
    before = ours.get(CERTIFICATES).json

    answer = ours.put(CERTIFICATES, {"results": rows})

    assert answer.status == 400
    assert list(answer.codes) == [path]
    assert ours.get(CERTIFICATES).json == before


def test_a_certificate_of_another_identity_provider_cannot_be_kept(
    ours: Api, idp: IdentityProvider
) -> None:
    other = IdentityProviderFactory.create()
    theirs = other.certificates.create(pem=PEM)

    answer = ours.put(CERTIFICATES, {"results": [{"fingerprint": theirs.fingerprint}]})

    assert answer.codes == {"results.0.fingerprint": ["invalid_choice"]}


# E-mail domains


def test_a_superuser_can_replace_the_email_domains(superuser: Api, idp: IdentityProvider) -> None:
    answer = superuser.put(DOMAINS, {"results": ["Acme.Example", "b.example"]})
    assert answer.json["results"] == ["acme.example", "b.example"]
    kept = EmailDomain.objects.get(domain="acme.example").pk

    assert superuser.put(DOMAINS, {"results": ["acme.example"]}).json["results"] == ["acme.example"]
    assert EmailDomain.objects.get().pk == kept


def test_a_tenants_administrator_can_only_read_the_email_domains(
    ours: Api, idp: IdentityProvider
) -> None:
    EmailDomain.objects.create(identity_provider=idp, domain="acme.example")

    assert ours.get(DOMAINS).json["results"] == ["acme.example"]
    assert ours.put(DOMAINS, {"results": []}).status == 403
    assert EmailDomain.objects.exists()


@pytest.mark.parametrize("rows", [["twice.example", "twice.example"], ["taken.example"], [""], [1]])
def test_invalid_email_domains_are_refused(
    superuser: Api, idp: IdentityProvider, rows: list[Any]
) -> None:
    EmailDomain.objects.create(
        identity_provider=IdentityProviderFactory.create(), domain="taken.example"
    )

    assert superuser.put(DOMAINS, {"results": rows}).status == 400
    assert not idp.email_domains.exists()


# Setup links


def test_a_setup_link_is_made_shown_once_and_revoked(superuser: Api, idp: IdentityProvider) -> None:
    made = superuser.post(LINKS, {"recipient": "it@acme.example", "days": 2})
    assert made.status == 201
    token = made.json["url"].rpartition("=")[2]
    assert setup_links.find(token, timezone.now()) is not None

    [listed] = superuser.get(LINKS).json["results"]
    assert listed["works"] is True
    assert "url" not in listed
    assert token not in str(listed)

    assert superuser.post(f"{LINKS}{listed['id']}/revoke/").json["works"] is False
    assert setup_links.find(token, timezone.now()) is None


@pytest.mark.parametrize("body", [{"days": 0}, {"days": 31}, {"days": "1"}, {"recipient": 1}])
def test_an_invalid_setup_link_is_refused_at_its_field(
    superuser: Api, idp: IdentityProvider, body: dict[str, Any]
) -> None:
    assert list(superuser.post(LINKS, body).codes) == list(body)


def test_more_setup_links_than_the_limit_are_refused(superuser: Api, idp: IdentityProvider) -> None:
    statuses = [superuser.post(LINKS, {}).status for _ in range(MAX_ACTIVE + 1)]

    assert statuses == [201] * MAX_ACTIVE + [400]


def test_a_tenants_administrator_needs_permission_to_make_setup_links(
    idp: IdentityProvider, administrator_of: Any, api_for: Any
) -> None:
    user = administrator_of(idp.tenant)
    assert api_for(user).get(LINKS).status == 403
    assert api_for(user).post(LINKS, {}).status == 403

    user.user_permissions.add(Permission.objects.get(codename="add_setuplink"))
    assert api_for(user).post(LINKS, {}).status == 201
    other = IdentityProviderFactory.create(slug="theirs")
    link = SetupLink.objects.create(
        identity_provider=other, token_digest="x", expires_at="2100-01-01T00:00Z"
    )
    assert api_for(user).post("identity-providers/theirs/setup-links/", {}).status == 404
    assert api_for(user).post(f"{LINKS}{link.pk}/revoke/").status == 404
