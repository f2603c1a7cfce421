from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.test import override_settings

from jitprov.conf import Conf, conf
from jitprov.exceptions import ConfigurationError
from jitprov.saml.types import KeyPair
from jitprov.testing import rsa_key_pair

if TYPE_CHECKING:
    from pytest_django import Settings

SETTINGS = sorted(name for name in vars(Conf) if name.isupper())

DEFAULTS: dict[str, Any] = {
    "ALLOWED_NEXT_HOSTS": (),
    "API_PERMISSION": "jitprov.api.permissions.AdministersTenant",
    "ASSIGNABLE_GROUPS": (),
    "ASSIGNABLE_GROUPS_OF_APPS": None,
    "BASE_TEMPLATE": "base.html",
    "CLAIMS_RETENTION": timedelta(days=7),
    "CLOCK_SKEW": timedelta(seconds=120),
    "EVENT_NETWORK_BITS": {4: 24, 6: 48},
    "COSTLY_PER_MINUTE": 20,
    "EVENT_RETENTION": timedelta(days=400),
    "KEEP_UNKNOWN_SESSIONS": False,
    "MAPPABLE_FIELDS": None,
    "METADATA_CA_FILE": "",
    "METADATA_MAX_BYTES": 10 * 1024 * 1024,
    "METADATA_PRIVATE_HOSTS": (),
    "METADATA_TIMEOUT": timedelta(seconds=10),
    "PRODUCT_COLOUR": "",
    "PRODUCT_LOGO": "",
    "PRODUCT_NAME": "",
    "PROVISIONER": "jitprov.provisioner.Provisioner",
    "REQUEST_LIFETIME": timedelta(minutes=10),
    "RETURN_URL": "",
    "SESSION_CHECK_AGE": timedelta(seconds=30),
    "SIGN_REQUESTS": False,
    "SP_KEY_PAIRS": (),
    "SUPPORT_CONTACT": "",
    "TENANT_LOOKUP_FIELD": "slug",
    "TENANT_MODEL": "jitprov.Tenant",
    "UNVERIFIED_EVENTS_KEPT": 100,
}
DURATIONS = [
    "CLAIMS_RETENTION",
    "CLOCK_SKEW",
    "EVENT_RETENTION",
    "METADATA_TIMEOUT",
    "REQUEST_LIFETIME",
    "SESSION_CHECK_AGE",
]


def test_every_setting_but_the_base_url_has_a_default() -> None:
    assert sorted([*DEFAULTS, "BASE_URL"]) == SETTINGS


@pytest.mark.parametrize(("name", "default"), DEFAULTS.items(), ids=DEFAULTS)
def test_a_setting_that_is_not_set_has_its_default(
    name: str, default: object, settings: Settings
) -> None:
    if hasattr(settings, f"JITPROV_{name}"):
        delattr(settings, f"JITPROV_{name}")
    value = getattr(conf, name)

    assert value == default
    assert type(value) is type(default)


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_has_a_docstring(name: str) -> None:
    assert getattr(Conf, name).__doc__


@pytest.mark.parametrize("name", DURATIONS)
@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        pytest.param(timedelta(seconds=90), 90, id="a timedelta"),
        pytest.param(90, 90, id="whole seconds"),
        pytest.param(1.5, 1.5, id="a part of a second"),
        pytest.param("90", 90, id="a text, as from the environment"),
    ],
)
def test_a_duration_is_a_timedelta_or_a_number_of_seconds(
    name: str, given: object, seconds: float
) -> None:
    with override_settings(**{f"JITPROV_{name}": given}):
        assert getattr(conf, name) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("given", "used"),
    [
        pytest.param(0, 0, id="none at all is possible"),
        pytest.param(300, 300, id="the most there is"),
        pytest.param(301, 300, id="more is cut"),
        pytest.param(timedelta(days=1), 300, id="far more is cut"),
        pytest.param(-60, 0, id="a negative one would forget used assertions before they expire"),
    ],
)
def test_the_clock_skew_is_bounded(given: object, used: int) -> None:
    with override_settings(JITPROV_CLOCK_SKEW=given):
        assert timedelta(seconds=used) == conf.CLOCK_SKEW


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        pytest.param("BASE_URL", "https://app.example/", "https://app.example", id="base URL"),
        pytest.param("METADATA_MAX_BYTES", "2048", 2048, id="a number from the environment"),
        pytest.param("UNVERIFIED_EVENTS_KEPT", 0, 0, id="none kept"),
        pytest.param("SIGN_REQUESTS", 1, True, id="a truth"),
        pytest.param("SP_KEY_PAIRS", None, (), id="no key pairs, said as None"),
        pytest.param("SP_KEY_PAIRS", [], (), id="no key pairs, said as a list"),
    ],
)
def test_a_value_is_read_as_its_type(name: str, given: object, value: object) -> None:
    with override_settings(**{f"JITPROV_{name}": given}):
        assert getattr(conf, name) == value


@pytest.mark.parametrize("name", ["ASSIGNABLE_GROUPS_OF_APPS", "MAPPABLE_FIELDS"])
@pytest.mark.parametrize(
    ("given", "names"),
    [
        pytest.param(["email", "title"], ("email", "title"), id="a list"),
        pytest.param("email", ("email",), id="one by itself is no list of letters"),
        pytest.param([], (), id="none at all"),
        pytest.param(None, None, id="no opinion"),
    ],
)
def test_a_setting_of_names_is_read_as_names(name: str, given: object, names: object) -> None:
    with override_settings(**{f"JITPROV_{name}": given}):
        assert getattr(conf, name) == names


def test_a_negative_retention_keeps_nothing() -> None:
    with override_settings(JITPROV_CLAIMS_RETENTION=-1):
        assert timedelta(0) == conf.CLAIMS_RETENTION


def test_settings_are_read_at_every_access() -> None:
    with override_settings(JITPROV_BASE_URL="https://one.example"):
        assert conf.BASE_URL == "https://one.example"
    with override_settings(JITPROV_BASE_URL="https://two.example"):
        assert conf.BASE_URL == "https://two.example"


def test_key_pairs_are_mappings_newest_first() -> None:
    new, old = rsa_key_pair("new"), rsa_key_pair("old")
    entries = [
        {"certificate": new.certificate, "private_key": new.private_key},
        {"certificate": old.certificate, "private_key": old.private_key, "note": "until June"},
    ]

    with override_settings(JITPROV_SP_KEY_PAIRS=entries):
        assert (new, old) == conf.SP_KEY_PAIRS


def test_a_key_pair_object_is_taken_as_it_is() -> None:
    with override_settings(JITPROV_SP_KEY_PAIRS=[rsa_key_pair()]):
        assert (rsa_key_pair(),) == conf.SP_KEY_PAIRS


KEY = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----"


@pytest.mark.parametrize(
    "value",
    [
        pytest.param([KEY], id="a key where a mapping belongs"),
        pytest.param(KEY, id="a key where the list belongs"),
        pytest.param([{"private_key": KEY}], id="without its certificate"),
        pytest.param([{"certificate": KEY}], id="without its key"),
        pytest.param([(KEY, KEY)], id="a pair of texts"),
        pytest.param({"certificate": KEY, "private_key": KEY}, id="a mapping without a list"),
        pytest.param([None], id="nothing in the list"),
    ],
)
def test_a_broken_key_pair_is_refused_and_not_shown(value: object) -> None:
    with (
        override_settings(JITPROV_SP_KEY_PAIRS=value),
        pytest.raises(ConfigurationError) as refusal,
    ):
        _ = conf.SP_KEY_PAIRS

    assert "c2VjcmV0" not in repr(refusal.value)
    assert refusal.value.code == "configuration_error"


def test_a_key_pair_does_not_show_its_key() -> None:
    assert KEY not in repr(KeyPair(certificate="certificate", private_key=KEY))
