from __future__ import annotations

from dataclasses import replace

from acme.models import Profile

from jitprov.models import ProvisioningEvent, Tenant
from jitprov.testing import ANN


def at(department, job_title=None):
    extra = {"user.department": department}
    if job_title:
        extra["user.jobtitle"] = job_title
    return replace(ANN, extra=extra)


def test_a_profile_is_written_kept_and_never_cut(fake, connect_identity_provider, saml_sign_in):
    row = connect_identity_provider(fake, Tenant.objects.create(slug="acme", name="Acme"))

    saml_sign_in(row, fake, at("Design", "Architect"))
    profile = Profile.objects.get()
    assert (profile.user.email, profile.department) == (ANN.email, "Design")
    assert profile.job_title == "Architect"

    saml_sign_in(row, fake, at("Sales"))
    profile.refresh_from_db()
    assert (profile.department, profile.job_title) == ("Sales", "Architect")

    assert saml_sign_in(row, fake, at("x" * 31)).status_code == 403
    profile.refresh_from_db()
    assert profile.department == "Sales"
    event = ProvisioningEvent.objects.latest("pk")
    assert (event.reason, event.changed_fields) == ("invalid_value", ["department"])


def test_a_refused_person_gets_neither_user_nor_profile(
    fake, connect_identity_provider, saml_sign_in
):
    acme = Tenant.objects.create(slug="acme", name="Acme")
    row = connect_identity_provider(fake, acme)
    assert saml_sign_in(row, fake, at("x" * 31)).status_code == 403
    assert not Profile.objects.exists()
    assert not row.identities.exists()
