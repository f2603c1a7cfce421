"""Test sign-ins: the path of a real sign-in with the present configuration, which ends in a report."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.test import Client

from jitprov.configuration import enabling
from jitprov.journal.actors import Actor
from jitprov.models import (
    ClaimMapping,
    ConfigurationChange,
    ConsumedAssertion,
    ExternalIdentity,
    IdentityProvider,
    ObservedClaim,
    ProvisioningEvent,
    SigningCertificate,
    TestSignIn,
)
from jitprov.provisioner import Provisioner
from jitprov.saml import toolkit
from jitprov.saml.assertion_refusals import RequestUnknown
from jitprov.saml.types import NameID
from jitprov.sealed import unseal
from jitprov.sign_in import round_trip, witness
from jitprov.sign_in.rehearsal import MAX_KEPT, ask, begin, report_of, start_url
from jitprov.sign_in.rehearsal_report import MASK, Report
from jitprov.testing import ANN, FakeIdentityProvider, FakeResponse, Person, rsa_key_pair
from jitprov.testing.person import EMAIL_CLAIM, GROUPS_CLAIM
from jitprov.testing.round_trip import SignIn
from tests.support.accounts.models import User
from tests.support.factories import UserFactory, connected, map_group

pytestmark = pytest.mark.django_db
REPORT_URL = "/the-report/"


@pytest.fixture
def admin() -> Any:
    return UserFactory.create(is_staff=True)


@pytest.fixture
def draft(idp: IdentityProvider) -> IdentityProvider:
    """An identity provider that is configured but not enabled."""
    idp.enabled = False
    idp.save()
    return idp


class Rehearsal:
    """Test sign-ins in one browser."""

    def __init__(self, idp: IdentityProvider, fake: FakeIdentityProvider, admin: Any) -> None:
        self.idp, self.fake, self.admin = idp, fake, admin
        self.client = Client()

    def begin(self) -> TestSignIn:
        actor = Actor.person(self.admin)
        return begin(self.idp, actor=actor, report_url=REPORT_URL)

    def leave(self, test: TestSignIn) -> Any:
        path = "/" + start_url(test).split("/", 3)[3]
        return self.client.get(path)

    def answer(self, leaving: Any, person: Person = ANN, **knobs: Any) -> FakeResponse:
        request = self.fake.read_request(leaving["Location"])
        return self.fake.answer(request, person=person, **knobs)

    def deliver(self, response: FakeResponse, client: Client | None = None) -> Any:
        return SignIn(client or self.client).deliver(response)

    def run(self, person: Person = ANN, **knobs: Any) -> Report:
        test = self.begin()
        answer = self.deliver(self.answer(self.leave(test), person, **knobs))
        assert answer.status_code == 302
        assert answer["Location"] == REPORT_URL
        return self.report(test)

    def report(self, test: TestSignIn) -> Report:
        test.refresh_from_db()
        report = report_of(test, with_values=True)
        assert report is not None
        return report


@pytest.fixture
def rehearsal(
    draft: IdentityProvider, fake_identity_provider: FakeIdentityProvider, admin: Any
) -> Rehearsal:
    return Rehearsal(draft, fake_identity_provider, admin)


def nobody_came_in() -> bool:
    return not (
        User.objects.exclude(is_staff=True).exists()
        or ExternalIdentity.objects.exists()
        or Session.objects.exists()
        or ProvisioningEvent.objects.exists()
    )


def failed(report: Report) -> dict[str, str]:
    return {check.check: check.code for check in report.checks if check.passed is False}


# Effects of a test


def test_a_passed_test_has_a_report_and_signs_nobody_in(rehearsal: Rehearsal) -> None:
    report = rehearsal.run()

    assert report.passed
    assert (report.decision, report.code) == ("create", "")
    assert all(check.passed for check in report.checks)
    assert nobody_came_in()
    assert "sessionid" not in rehearsal.client.cookies
    assert [name for name, cookie in rehearsal.client.cookies.items() if cookie.value] == [
        witness.COOKIE
    ]


def test_the_report_shows_every_claim_and_the_effect_of_each_mapping(rehearsal: Rehearsal) -> None:
    ClaimMapping.objects.filter(target="username").update(transforms=[{"name": "lower"}])
    group = map_group(rehearsal.idp, ANN.groups[0])

    report = rehearsal.run()

    claims = {claim.name: claim.values for claim in report.claims}
    assert claims[EMAIL_CLAIM] == (ANN.email,)
    assert claims[GROUPS_CLAIM] == tuple(ANN.groups)
    fields = {field.target: field for field in report.fields}
    assert fields["email"].after == ANN.email
    assert fields["email"].source == EMAIL_CLAIM
    assert fields["username"].steps == (("lower", ANN.upn.lower()),)
    assert fields["username"].changes
    assert report.groups_joined == (group.name,)
    assert set(report.groups_unmatched) == {*ANN.groups} - {ANN.groups[0]}
    assert report.without_values().groups_unmatched == ()
    assert report.external_id == ANN.object_id


def test_the_report_shows_a_known_persons_fields_before_and_after(
    rehearsal: Rehearsal, sign_in: Any
) -> None:
    IdentityProvider.objects.update(enabled=True)
    sign_in()
    before = User.objects.get(email=ANN.email)
    User.objects.filter(pk=before.pk).update(first_name="Anna")

    report = rehearsal.run()

    [first_name] = [field for field in report.fields if field.target == "first_name"]
    assert (first_name.before, first_name.after, first_name.changes) == ("Anna", "Ann", True)
    assert (report.decision, report.username) == ("update", before.username)
    before.refresh_from_db()
    assert before.first_name == "Anna"


def test_the_assertion_of_a_test_is_consumed(rehearsal: Rehearsal) -> None:
    rehearsal.run()

    assert ConsumedAssertion.objects.count() == 1


def test_a_test_with_a_consumed_assertion_fails(rehearsal: Rehearsal) -> None:
    rehearsal.run(assertion_id="_used")

    report = rehearsal.run(assertion_id="_used")

    assert (report.passed, report.code) == (False, "assertion_replayed")


def test_the_names_of_claims_are_stored_as_suggestions_without_values(
    rehearsal: Rehearsal,
) -> None:
    rehearsal.run()

    assert ObservedClaim.objects.filter(name=EMAIL_CLAIM).exists()
    assert ANN.email not in str(list(ObservedClaim.objects.values()))


def test_a_test_of_an_enabled_identity_provider_signs_nobody_in(
    rehearsal: Rehearsal,
) -> None:
    IdentityProvider.objects.update(enabled=True)
    rehearsal.idp.refresh_from_db()

    assert rehearsal.run().passed
    assert nobody_came_in()


def test_the_response_to_a_test_is_refused_without_the_cookie(rehearsal: Rehearsal) -> None:
    IdentityProvider.objects.update(enabled=True)
    response = rehearsal.answer(rehearsal.leave(rehearsal.begin()))

    answer = rehearsal.deliver(response, Client())

    assert answer.status_code == 403
    assert ProvisioningEvent.objects.get().reason == "request_unknown"
    assert not ExternalIdentity.objects.exists()


def test_a_sign_in_refuses_the_response_to_a_test(
    rehearsal: Rehearsal,
) -> None:
    """Even if the unverified reading of the response goes wrong, a test's request is not a sign-in's request."""
    IdentityProvider.objects.update(enabled=True)
    rehearsal.idp.refresh_from_db()
    request, pending = ask(rehearsal.begin(), rehearsal.idp)
    response = rehearsal.fake.answer(rehearsal.fake.read_request(request.url))

    with pytest.raises(RequestUnknown):
        round_trip.complete_login(rehearsal.idp, response.encoded, [pending], now=datetime.now(UTC))

    assert not ExternalIdentity.objects.exists()


def test_a_sign_in_in_another_tab_is_still_a_sign_in(rehearsal: Rehearsal) -> None:
    IdentityProvider.objects.update(enabled=True)
    leaving = rehearsal.client.get(f"/saml/{rehearsal.idp.slug}/login/")
    rehearsal.leave(rehearsal.begin())

    answer = rehearsal.deliver(rehearsal.answer(leaving))

    assert answer.status_code == 302
    assert ExternalIdentity.objects.count() == 1
    assert TestSignIn.objects.get().finished_at is None


def test_a_second_response_to_a_test_is_refused(rehearsal: Rehearsal) -> None:
    leaving = rehearsal.leave(rehearsal.begin())
    cookies = deepcopy(rehearsal.client.cookies)
    rehearsal.deliver(rehearsal.answer(leaving))
    rehearsal.client.cookies = cookies

    assert rehearsal.deliver(rehearsal.answer(leaving)).status_code == 403


# The start URL


def test_a_start_url_that_was_altered_is_refused(rehearsal: Rehearsal) -> None:
    url = start_url(rehearsal.begin())

    assert rehearsal.client.get("/" + url.split("/", 3)[3] + "x").status_code == 403
    assert rehearsal.client.get(f"/saml/{rehearsal.idp.slug}/test/").status_code == 403


def test_a_start_url_of_another_identity_provider_is_refused(
    rehearsal: Rehearsal, fake_identity_provider: FakeIdentityProvider
) -> None:
    connected(fake_identity_provider, slug="other")
    query = start_url(rehearsal.begin()).partition("?")[2]

    assert rehearsal.client.get(f"/saml/other/test/?{query}").status_code == 403


def test_a_test_needs_a_certificate(rehearsal: Rehearsal, draft: IdentityProvider) -> None:
    SigningCertificate.objects.all().delete()
    with pytest.raises(enabling.NotComplete):
        rehearsal.begin()


def test_only_the_latest_tests_are_kept(rehearsal: Rehearsal) -> None:
    for _ in range(MAX_KEPT + 3):
        latest = rehearsal.begin()

    assert TestSignIn.objects.count() == MAX_KEPT
    assert TestSignIn.objects.filter(pk=latest.pk).exists()


# Failures


@pytest.mark.parametrize(
    ("knobs", "check", "code"),
    [
        ({"sign": None}, "signature", "signature_missing"),
        ({"signing_key_pair": rsa_key_pair("mallory")}, "signature", "signature_invalid"),
        ({"audience_restrictions": [["https://x.example"]]}, "audience", "audience_mismatch"),
        ({"recipient": "https://x.example/acs/"}, "recipient", "recipient_mismatch"),
        ({"assertion_issuer": "https://x.example/"}, "issuer", "issuer_mismatch"),
        ({"now": datetime.now(UTC) - timedelta(hours=3)}, "time", "expired"),
    ],
)
def test_a_failed_check_is_reported_with_its_code(
    rehearsal: Rehearsal, knobs: dict[str, Any], check: str, code: str
) -> None:
    report = rehearsal.run(**knobs)

    assert not report.passed
    assert failed(report)[check] == code
    assert nobody_came_in()
    rehearsal.idp.refresh_from_db()
    assert not enabling.is_tested(rehearsal.idp)


def test_several_failed_checks_are_reported_together_with_the_claims(
    rehearsal: Rehearsal,
) -> None:
    report = rehearsal.run(
        audience_restrictions=[["https://x.example"]], recipient="https://x.example/acs/"
    )

    assert {"audience", "recipient"} <= failed(report).keys()
    [audience] = [check for check in report.checks if check.check == "audience"]
    assert audience.received == ("https://x.example",)
    assert EMAIL_CLAIM in {claim.name for claim in report.claims}


def test_claims_are_not_shown_after_a_bad_signature(rehearsal: Rehearsal) -> None:
    report = rehearsal.run(signing_key_pair=rsa_key_pair("mallory"))

    assert not report.claims
    assert not report.fields


def test_claims_of_an_encrypted_assertion_are_shown_only_if_every_check_passes(
    rehearsal: Rehearsal, settings: Any
) -> None:
    """All tenants share our key, so that a valid signature around a stolen assertion must not show its claims."""
    pair = rsa_key_pair("sp")
    settings.JITPROV_SP_KEY_PAIRS = [pair]
    stolen: dict[str, Any] = {
        "encrypt_for": pair.certificate,
        "sign": "response",
        "audience_restrictions": [["https://app.example/saml/another-tenant/metadata/"]],
    }

    report = rehearsal.run(**stolen)

    assert not report.passed
    assert failed(report)["audience"] == "audience_mismatch"
    assert not report.claims
    assert not report.fields
    assert rehearsal.run(encrypt_for=pair.certificate).claims


class Finding(Provisioner):
    def find(self, claims: Any) -> Any:
        return User.objects.get(username="the-boss")


@pytest.mark.parametrize("link", [True, False])
def test_an_account_that_is_not_linked_is_not_shown_in_the_report(
    rehearsal: Rehearsal, settings: Any, link: bool
) -> None:
    settings.JITPROV_PROVISIONER = f"{__name__}.Finding"
    User.objects.create(username="the-boss", email="boss@globex.example", first_name="Ann")
    IdentityProvider.objects.update(link_existing_users=link)
    rehearsal.idp.refresh_from_db()

    report = rehearsal.run()

    assert "boss" not in str(report)
    assert not any(field.before for field in report.fields)
    assert all(field.changes for field in report.fields if field.target != "username")


def test_an_unsolicited_response_is_reported_if_a_test_was_begun_last(
    rehearsal: Rehearsal,
) -> None:
    test = rehearsal.begin()
    rehearsal.leave(test)
    sp = rehearsal.idp.as_service_provider()
    response = rehearsal.fake.respond(acs_url=sp.acs_url, audience=sp.entity_id)

    rehearsal.deliver(response)

    assert failed(rehearsal.report(test)) == {"answer": "unsolicited"}


def test_an_unreadable_response_is_reported(rehearsal: Rehearsal) -> None:
    test = rehearsal.begin()
    rehearsal.leave(test)
    path = "/" + rehearsal.idp.url("acs").split("/", 3)[3]

    assert rehearsal.client.post(path, {"SAMLResponse": "junk!"}).status_code == 302
    assert failed(rehearsal.report(test)) == {"message": "response_not_base64"}


def test_a_missing_claim_is_named_with_its_mapping(rehearsal: Rehearsal) -> None:
    ClaimMapping.objects.filter(target="email").update(required=True)

    report = rehearsal.run(attributes={EMAIL_CLAIM: None})

    assert (report.passed, report.code) == (False, "required_claim_missing")
    [email] = [field for field in report.fields if field.target == "email"]
    assert email.outcome == "required_claim_missing"
    assert EMAIL_CLAIM in email.problem
    assert report.codes == ("required_claim_missing",)


def test_a_disabled_account_fails_the_test(rehearsal: Rehearsal) -> None:
    user = UserFactory.create(is_active=False)
    ExternalIdentity.objects.create(
        identity_provider=rehearsal.idp, external_id=ANN.object_id, user=user
    )

    report = rehearsal.run()

    assert (report.passed, report.decision, report.code) == (False, "refuse", "account_disabled")
    assert report.username == user.username


def test_a_test_with_an_unknown_person_passes_if_creating_is_off(rehearsal: Rehearsal) -> None:
    IdentityProvider.objects.update(create_users=False)
    rehearsal.idp.refresh_from_db()

    report = rehearsal.run()

    assert (report.passed, report.decision, report.code) == (True, "refuse", "creation_disabled")


def test_an_invalid_mapping_is_reported(rehearsal: Rehearsal) -> None:
    ClaimMapping.objects.filter(target="email").update(transforms=[{"name": "nonsense"}])

    report = rehearsal.run()

    assert (report.passed, report.code) == (False, "mapping_invalid")
    assert report.claims


class Broken(Provisioner):
    def find(self, claims: Any) -> Any:
        raise ZeroDivisionError


def test_an_error_in_the_hosts_code_fails_the_test_and_is_raised(
    rehearsal: Rehearsal, settings: Any
) -> None:
    settings.JITPROV_PROVISIONER = f"{__name__}.Broken"
    test = rehearsal.begin()
    response = rehearsal.answer(rehearsal.leave(test))

    with pytest.raises(ZeroDivisionError):
        rehearsal.deliver(response)

    assert rehearsal.report(test).code == "internal_error"


# Stored results


def test_a_passed_test_counts_until_the_configuration_changes(
    rehearsal: Rehearsal,
) -> None:
    rehearsal.run()
    rehearsal.idp.refresh_from_db()
    assert enabling.is_tested(rehearsal.idp)

    ClaimMapping.objects.filter(target="email").update(required=True)

    assert not enabling.is_tested(rehearsal.idp)


def test_a_change_during_a_test_needs_another_test(rehearsal: Rehearsal) -> None:
    test = rehearsal.begin()
    response = rehearsal.answer(rehearsal.leave(test))
    ClaimMapping.objects.filter(target="email").update(required=True)

    rehearsal.deliver(response)

    assert rehearsal.report(test).passed
    rehearsal.idp.refresh_from_db()
    assert not enabling.is_tested(rehearsal.idp)


def test_the_report_is_stored_encrypted_and_expires(rehearsal: Rehearsal) -> None:
    rehearsal.run()
    test = TestSignIn.objects.get()

    for model in apps.get_app_config("jitprov").get_models():
        assert ANN.email not in str(list(model._default_manager.values())), model
    assert unseal(test.report, "claims") is None
    test.expires_at = datetime.now(UTC)
    assert report_of(test, with_values=True) is None


def test_values_are_cut_and_secrets_are_masked(rehearsal: Rehearsal) -> None:
    report = rehearsal.run(
        attributes={
            "userPassword": "hunter2",
            "long": "x" * 5000,
            "many": [f"group-{number}" for number in range(400)],
        }
    )

    claims = {claim.name: claim for claim in report.claims}
    assert claims["userPassword"].values == (MASK,)
    assert len(claims["long"].values[0]) == 1000
    assert (len(claims["many"].values), claims["many"].more) == (50, 350)


def test_a_report_that_is_too_large_is_shortened(rehearsal: Rehearsal) -> None:
    much = {f"claim-{number}": ["x" * 900] * 40 for number in range(12)}

    report = rehearsal.run(attributes=much)

    assert report.passed
    assert max(len(value) for claim in report.claims for value in claim.values) <= 100


def test_a_test_changes_nothing_and_adds_nothing_to_the_record_of_changes(
    rehearsal: Rehearsal,
) -> None:
    before = ConfigurationChange.objects.count()

    rehearsal.run()
    rehearsal.run(signing_key_pair=rsa_key_pair("mallory"))

    assert ConfigurationChange.objects.count() == before
    assert {test.started_by for test in TestSignIn.objects.all()} == {rehearsal.admin}


def test_a_verifier_that_cannot_run_is_reported_and_logged(
    rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_root: object) -> None:
        raise RuntimeError("ann.archer@acme.example")

    monkeypatch.setattr(toolkit._schema, "first_fault", fail)
    report = rehearsal.run()
    assert not report.passed
    assert report.code == "verifier_failed"
    assert failed(report) == {"second_verifier": "verifier_failed"}
    [record] = [item for item in caplog.records if item.levelname == "ERROR"]
    assert "RuntimeError" in record.getMessage()
    assert "ann.archer" not in caplog.text


def test_a_claim_that_is_no_text_is_reported_as_a_sign_in_would_refuse_it(
    rehearsal: Rehearsal,
) -> None:
    rehearsal.idp.subject_claim = "employee"
    rehearsal.idp.save()
    name_id = NameID(value="4711", name_qualifier="https://other.example/")
    report = rehearsal.run(attributes={"employee": [name_id]})
    assert report.code == "subject_missing"
