from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.checks import CheckMessage, run_checks
from django.core.management import CommandError, call_command
from django.test import override_settings

from jitprov.backends import ProvisionedUserBackend
from jitprov.checks import settings as checks
from jitprov.checks.user_model import USERNAMES_WITH_CASE
from jitprov.saml.types import KeyPair
from jitprov.testing import ec_key_pair, rsa_key_pair
from tests.support.factories import GroupFactory

# From Django 6.1 on, checks look into the databases without being told to.
pytestmark = pytest.mark.django_db

PAIR, OTHER = rsa_key_pair("ours"), rsa_key_pair("another")
MIXED = KeyPair(certificate=PAIR.certificate, private_key=OTHER.private_key)
SECRET = PAIR.private_key.splitlines()[5]
"""A line from the middle of a key: it must turn up nowhere."""


class HostBackend(ProvisionedUserBackend):
    """A host's own, with ours inside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """Settings that are wrong, and the message that says so."""

    id: str
    settings: dict[str, Any] = field(default_factory=dict)
    without_app: str = ""
    deploy: bool = False

    def apply(self) -> Any:
        changed = dict(self.settings)
        if self.without_app:
            apps = [app for app in settings.INSTALLED_APPS if app != self.without_app]
            changed["INSTALLED_APPS"] = apps
        return override_settings(**changed)


def _pairs(*entries: object) -> dict[str, object]:
    return {"JITPROV_SP_KEY_PAIRS": list(entries)}


WRONG = {
    "no base URL": Wrong(id=checks.BASE_URL_MISSING, settings={"JITPROV_BASE_URL": ""}),
    "a base URL without a scheme": Wrong(
        id=checks.BASE_URL_MISSING, settings={"JITPROV_BASE_URL": "app.example"}
    ),
    "a base URL that is no URL": Wrong(
        id=checks.BASE_URL_MISSING, settings={"JITPROV_BASE_URL": "https://[app.example"}
    ),
    "a next host that is every host": Wrong(
        id=checks.NEXT_HOST_NOT_USABLE, settings={"JITPROV_ALLOWED_NEXT_HOSTS": ["*"]}
    ),
    "a next host that is a URL": Wrong(
        id=checks.NEXT_HOST_NOT_USABLE,
        settings={"JITPROV_ALLOWED_NEXT_HOSTS": ["https://acme.app.example"]},
    ),
    "next hosts below everything": Wrong(
        id=checks.NEXT_HOST_NOT_USABLE, settings={"JITPROV_ALLOWED_NEXT_HOSTS": [".example"]}
    ),
    "a base URL that is http": Wrong(
        id=checks.BASE_URL_NOT_HTTPS, settings={"JITPROV_BASE_URL": "http://app.example"}
    ),
    "a base URL of another kind": Wrong(
        id=checks.BASE_URL_NOT_HTTPS, settings={"JITPROV_BASE_URL": "ftp://app.example"}
    ),
    "a base URL with a path": Wrong(
        id=checks.BASE_URL_WITH_PATH, settings={"JITPROV_BASE_URL": "https://app.example/desk"}
    ),
    "a provisioner that is not there": Wrong(
        id=checks.PROVISIONER_NOT_USABLE, settings={"JITPROV_PROVISIONER": "nowhere.Provisioner"}
    ),
    "a provisioner that is no dotted path": Wrong(
        id=checks.PROVISIONER_NOT_USABLE, settings={"JITPROV_PROVISIONER": ""}
    ),
    "a provisioner that is a function": Wrong(
        id=checks.PROVISIONER_NOT_USABLE, settings={"JITPROV_PROVISIONER": "tests.urls.home"}
    ),
    "a provisioner that is another class": Wrong(
        id=checks.PROVISIONER_NOT_USABLE, settings={"JITPROV_PROVISIONER": "datetime.date"}
    ),
    "a tenant field that is not there": Wrong(
        id=checks.TENANT_LOOKUP_FIELD_UNKNOWN, settings={"JITPROV_TENANT_LOOKUP_FIELD": "code"}
    ),
    "a key pair without a key": Wrong(
        id=checks.KEY_PAIR_NOT_USABLE, settings=_pairs({"certificate": PAIR.certificate})
    ),
    "a key where a key pair belongs": Wrong(
        id=checks.KEY_PAIR_NOT_USABLE, settings=_pairs(PAIR.private_key)
    ),
    "a key that belongs to another certificate": Wrong(
        id=checks.KEY_PAIR_NOT_USABLE, settings=_pairs(PAIR, MIXED)
    ),
    "a certificate and a key in each other's place": Wrong(
        id=checks.KEY_PAIR_NOT_USABLE,
        settings=_pairs({"certificate": PAIR.private_key, "private_key": PAIR.certificate}),
    ),
    "a key pair of nothing, as from an empty environment": Wrong(
        id=checks.KEY_PAIR_NOT_USABLE, settings=_pairs({"certificate": None, "private_key": None})
    ),
    "a key that is cut off": Wrong(
        id=checks.KEY_PAIR_NOT_USABLE,
        settings=_pairs({"certificate": PAIR.certificate, "private_key": PAIR.private_key[:500]}),
    ),
    "signing without a key": Wrong(
        id=checks.SIGNING_WITHOUT_KEY, settings={"JITPROV_SIGN_REQUESTS": True}
    ),
    "a clock skew of more than five minutes": Wrong(
        id=checks.CLOCK_SKEW_TOO_LARGE, settings={"JITPROV_CLOCK_SKEW": 301}
    ),
    "our authentication backend missing": Wrong(
        id=checks.BACKEND_MISSING,
        settings={"AUTHENTICATION_BACKENDS": ["django.contrib.auth.backends.ModelBackend"]},
    ),
    "sessions missing": Wrong(id=checks.SESSIONS_MISSING, without_app="django.contrib.sessions"),
    "no time to sign in": Wrong(
        id=checks.DURATION_NOT_POSITIVE, settings={"JITPROV_REQUEST_LIFETIME": 0}
    ),
    "no time to fetch metadata": Wrong(
        id=checks.DURATION_NOT_POSITIVE,
        settings={"JITPROV_METADATA_TIMEOUT": timedelta(seconds=-1)},
    ),
    "a mappable field that is not there": Wrong(
        id=checks.MAPPABLE_FIELD_NOT_USABLE, settings={"JITPROV_MAPPABLE_FIELDS": ["emial"]}
    ),
    "a mappable field that gives power": Wrong(
        id=checks.MAPPABLE_FIELD_NOT_USABLE,
        settings={"JITPROV_MAPPABLE_FIELDS": ["email", "is_superuser"]},
    ),
    "a mappable field that is a relation": Wrong(
        id=checks.MAPPABLE_FIELD_NOT_USABLE, settings={"JITPROV_MAPPABLE_FIELDS": ["mentor"]}
    ),
    "mappable fields that are no list": Wrong(
        id=checks.MAPPABLE_FIELD_NOT_USABLE, settings={"JITPROV_MAPPABLE_FIELDS": 7}
    ),
    "assignable groups that are no list": Wrong(
        id=checks.ASSIGNABLE_GROUPS_NOT_NAMES, settings={"JITPROV_ASSIGNABLE_GROUPS": True}
    ),
    "assignable groups by number": Wrong(
        id=checks.ASSIGNABLE_GROUPS_NOT_NAMES, settings={"JITPROV_ASSIGNABLE_GROUPS": [1, 2]}
    ),
    "claims kept for a year": Wrong(
        id=checks.CLAIMS_RETENTION_DOUBTFUL,
        settings={"JITPROV_CLAIMS_RETENTION": timedelta(days=365)},
    ),
    "claims kept for less than nothing": Wrong(
        id=checks.CLAIMS_RETENTION_DOUBTFUL, settings={"JITPROV_CLAIMS_RETENTION": -1}
    ),
    "a setting that does not exist": Wrong(
        id=checks.SETTING_UNKNOWN, settings={"JITPROV_MAPABLE_FIELDS": ["email"]}
    ),
    "bits of no IP version": Wrong(
        id=checks.EVENT_NETWORK_BITS_DOUBTFUL, settings={"JITPROV_EVENT_NETWORK_BITS": {5: 24}}
    ),
    "more bits than there are": Wrong(
        id=checks.EVENT_NETWORK_BITS_DOUBTFUL, settings={"JITPROV_EVENT_NETWORK_BITS": {4: 33}}
    ),
    "bits without a version": Wrong(
        id=checks.EVENT_NETWORK_BITS_DOUBTFUL, settings={"JITPROV_EVENT_NETWORK_BITS": 24}
    ),
    "no key pair in production": Wrong(id=checks.NO_KEY_PAIR, deploy=True),
}


OF_THE_TESTS = (USERNAMES_WITH_CASE, checks.BASE_URL_IS_EXAMPLE)


def ids(messages: Sequence[CheckMessage]) -> list[str | None]:
    return [message.id for message in messages]


def run(*, deploy: bool = False) -> list[CheckMessage]:
    found = run_checks(tags=["jitprov"], include_deployment_checks=deploy)
    # The user model and the base URL of the tests are what they are.
    return [message for message in found if message.id not in OF_THE_TESTS]


def check_ids() -> Iterator[str]:
    return (
        value
        for name, value in vars(checks).items()
        if name.isupper() and isinstance(value, str) and value.startswith("jitprov.")
    )


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_wrong_settings_give_one_message_with_its_own_id(wrong: Wrong) -> None:
    with wrong.apply():
        assert ids(run(deploy=wrong.deploy)) == [wrong.id]


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_the_check_command_fails_with_the_message(wrong: Wrong) -> None:
    with wrong.apply(), pytest.raises(CommandError, match=wrong.id):
        call_command(
            "check",
            tags=["jitprov"],
            deploy=wrong.deploy,
            fail_level="WARNING",
            stderr=io.StringIO(),
        )


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_no_message_shows_anything_of_a_private_key(wrong: Wrong) -> None:
    with wrong.apply():
        shown = "".join(f"{message}{message!r}" for message in run(deploy=True))

    assert SECRET not in shown
    assert "PRIVATE KEY" not in shown


def test_every_id_is_unique_and_tested() -> None:
    every = list(check_ids())

    assert len(every) == len(set(every))
    # That of an example is in test_host.py.
    assert set(every) - {checks.BASE_URL_IS_EXAMPLE} == {wrong.id for wrong in WRONG.values()}


@pytest.mark.parametrize(
    "right",
    [
        pytest.param({}, id="as a host starts out"),
        pytest.param({"JITPROV_BASE_URL": "http://localhost:8000"}, id="http on this machine"),
        pytest.param({"JITPROV_BASE_URL": "http://127.0.0.1:8000"}, id="http on the loopback"),
        pytest.param({"JITPROV_TENANT_LOOKUP_FIELD": "pk"}, id="tenants by primary key"),
        pytest.param({"JITPROV_CLOCK_SKEW": 300}, id="the largest clock skew"),
        pytest.param({"JITPROV_EVENT_NETWORK_BITS": {}}, id="no network kept"),
        pytest.param({"JITPROV_CLAIMS_RETENTION": 0}, id="no claims kept"),
        pytest.param({"JITPROV_MAPPABLE_FIELDS": ()}, id="nothing to map to"),
        pytest.param({"JITPROV_MAPPABLE_FIELDS": ["email", "department"]}, id="some fields"),
        pytest.param({"JITPROV_ASSIGNABLE_GROUPS": "Editors"}, id="a group by itself"),
        pytest.param({"JITPROV_SP_KEY_PAIRS": None}, id="key pairs said as None"),
        pytest.param(
            {**_pairs(PAIR, ec_key_pair()), "JITPROV_SIGN_REQUESTS": True}, id="two key pairs"
        ),
        pytest.param(
            {"AUTHENTICATION_BACKENDS": ["tests.checks.test_settings.HostBackend"]},
            id="a backend on ours",
        ),
    ],
)
def test_right_settings_give_no_message(right: dict[str, object]) -> None:
    GroupFactory.create(name="Editors")
    with override_settings(**right):
        assert ids(run()) == []


def test_right_settings_for_production_give_no_message() -> None:
    silenced = list(OF_THE_TESTS)
    with override_settings(**_pairs(PAIR), SILENCED_SYSTEM_CHECKS=silenced):
        assert ids(run(deploy=True)) == []
        call_command("check", tags=["jitprov"], deploy=True, fail_level="WARNING")


def test_a_broken_key_pair_gives_one_message_in_production_too() -> None:
    with override_settings(**_pairs({"certificate": PAIR.certificate})):
        assert ids(run(deploy=True)) == [checks.KEY_PAIR_NOT_USABLE]
