"""Neither the message nor what it says of a person is in the report of an exception, with DEBUG off and on."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any

import django
import pytest
from django.core import mail
from django.test import Client, RequestFactory
from django.utils.log import AdminEmailHandler
from django.views.debug import (
    SafeExceptionReporterFilter,
    get_default_exception_reporter_filter,
    technical_500_response,
)

from jitprov.host.provisioner import Provisioner
from jitprov.models import IdentityProvider
from jitprov.saml.types import Binding
from jitprov.sign_in import round_trip
from jitprov.sign_in.confidential import confidential
from jitprov.testing import ANN, FakeIdentityProvider
from jitprov.testing.logout import request_logout
from jitprov.testing.round_trip import SignIn

pytestmark = pytest.mark.django_db


SECRET = "-".join(["hidden", "by", "the", "host"])  # lines of this file are in the report


class Broken(Provisioner):
    """A host's class with a mistake, deep below the view, with everything in its hands."""

    def create_user(self, decision: Any) -> Any:
        claims = decision.desired.claims
        raise RuntimeError("a mistake") if claims else ValueError


def report_of(client: Client, act: Callable[[], Any], settings: Any, debug: bool) -> str:
    """Return the page and the mail that Django makes of an exception."""
    operator = "operator@app.example"
    # Pairs, up to Django 5.2.
    settings.ADMINS = [operator if django.VERSION >= (6,) else ("Operator", operator)]
    settings.DEBUG = debug
    client.raise_request_exception = False
    handler = AdminEmailHandler(include_html=True)
    logger = logging.getLogger("django.request")
    logger.addHandler(handler)
    try:
        page = act().content.decode()
    finally:
        logger.removeHandler(handler)
    sent: list[Any] = mail.outbox
    html = "".join(str(one[0]) for message in sent for one in message.alternatives)
    assert "a mistake" in html
    assert not debug or "a mistake" in page
    return "".join([page, html, *(str(message.body) for message in sent)])


def forget_filter() -> None:
    remembered: Any = get_default_exception_reporter_filter
    remembered.cache_clear()


def personal(message: str) -> list[str]:
    return [
        ANN.object_id,
        ANN.email,
        ANN.surname,
        ANN.upn,
        ANN.groups[0],
        message[:60],
        message[-60:],
    ]


@pytest.mark.parametrize("debug", [False, True])
def test_an_exception_at_a_sign_in_tells_nothing_of_the_person(
    client: Client,
    saml_sign_in: SignIn,
    idp: IdentityProvider,
    fake_identity_provider: FakeIdentityProvider,
    settings: Any,
    debug: bool,
) -> None:
    settings.JITPROV_PROVISIONER = f"{__name__}.Broken"
    answer = saml_sign_in.begin(idp, fake_identity_provider)

    report = report_of(client, lambda: saml_sign_in.deliver(answer), settings, debug)

    message = answer.form["SAMLResponse"]
    assert [value for value in personal(message) if value.lower() in report.lower()] == []


@pytest.mark.parametrize("debug", [False, True])
def test_an_exception_before_anything_is_judged_tells_nothing_of_the_message(
    client: Client,
    saml_sign_in: SignIn,
    idp: IdentityProvider,
    fake_identity_provider: FakeIdentityProvider,
    settings: Any,
    debug: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError("a mistake")

    monkeypatch.setattr(round_trip, "refused", fail)
    message = saml_sign_in.begin(idp, fake_identity_provider).form["SAMLResponse"]

    by_get = report_of(
        client,
        lambda: client.get("/saml/acme/acs/", {"SAMLResponse": message}),
        settings,
        debug,
    )

    assert message[:60] not in by_get


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("binding", list(Binding))
def test_an_exception_at_a_logout_tells_nothing_of_the_message(
    client: Client,
    idp: IdentityProvider,
    fake_identity_provider: FakeIdentityProvider,
    settings: Any,
    debug: bool,
    binding: Binding,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError("a mistake")

    monkeypatch.setattr("jitprov.saml.logout._require_recent", fail)
    slo = "/saml/acme/slo/"
    sent = request_logout(fake_identity_provider, f"https://app.example{slo}", binding=binding)
    message = sent.form.get("SAMLRequest") or sent.query.split("&")[0].split("=")[1]

    report = report_of(
        client,
        lambda: client.post(slo, sent.form) if sent.form else client.get(f"{slo}?{sent.query}"),
        settings,
        debug,
    )

    assert [value for value in personal(message) if value.lower() in report.lower()] == []


def test_the_filter_of_the_host_is_kept_where_it_hides_more(settings: Any) -> None:
    settings.DEFAULT_EXCEPTION_REPORTER_FILTER = f"{__name__}.OfTheHost"
    forget_filter()

    @confidential
    def fail(request: Any) -> Any:
        raise RuntimeError("a mistake")

    request = RequestFactory().get("/", headers={"x-ours": SECRET})
    with pytest.raises(RuntimeError):
        fail(request)
    try:
        fail(request)
    except RuntimeError:
        page = technical_500_response(request, *sys.exc_info()).content.decode()

    forget_filter()

    assert SECRET not in page


class OfTheHost(SafeExceptionReporterFilter):
    def get_safe_request_meta(self, request: Any) -> Any:
        return {**super().get_safe_request_meta(request), "HTTP_X_OURS": "gone"}
