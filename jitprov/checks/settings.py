"""Check the settings, so that mistakes are found before a person meets them at sign-in. One function each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from difflib import get_close_matches
from typing import Any, TypeAlias
from urllib.parse import SplitResult, urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.apps import AppConfig, apps
from django.conf import settings  # noqa: TID251 -- all names, also those that are not ours
from django.contrib.auth import get_backends
from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004 -- Django's name for it
from django.core.exceptions import FieldDoesNotExist
from django.utils.module_loading import import_string

from jitprov.backends import ProvisionedUserBackend
from jitprov.conf import Conf, conf, is_next_host
from jitprov.exceptions import ConfigurationError, JitprovError
from jitprov.host.assignable_groups import POWERFUL_APPS
from jitprov.host.provisioner import Provisioner
from jitprov.host.user_fields import could_be_mapped
from jitprov.saml.certificates import load_certificate, public_key
from jitprov.saml.metadata import is_loopback
from jitprov.saml.types import MAX_CLOCK_SKEW, KeyPair

Apps: TypeAlias = Sequence[AppConfig] | None

BASE_URL_MISSING = "jitprov.E001"
PROVISIONER_NOT_USABLE = "jitprov.E002"
BASE_URL_NOT_HTTPS = "jitprov.E003"
TENANT_LOOKUP_FIELD_UNKNOWN = "jitprov.E004"
KEY_PAIR_NOT_USABLE = "jitprov.E005"
SIGNING_WITHOUT_KEY = "jitprov.E006"
CLOCK_SKEW_TOO_LARGE = "jitprov.E007"
BACKEND_MISSING = "jitprov.E008"
SESSIONS_MISSING = "jitprov.E009"
DURATION_NOT_POSITIVE = "jitprov.E010"
BASE_URL_WITH_PATH = "jitprov.E011"
NEXT_HOST_NOT_USABLE = "jitprov.E012"
MAPPABLE_FIELD_NOT_USABLE = "jitprov.E013"
ASSIGNABLE_GROUPS_NOT_NAMES = "jitprov.E014"
NO_KEY_PAIR = "jitprov.W001"
CLAIMS_RETENTION_DOUBTFUL = "jitprov.W002"

EVENT_NETWORK_BITS_DOUBTFUL = "jitprov.W021"

BASE_URL_IS_EXAMPLE = "jitprov.W024"
SETTING_UNKNOWN = "jitprov.W025"

_EXAMPLES = (".example", "example.com", "example.org", "example.net")
CLAIMS_RETENTION_AT_MOST = timedelta(days=90)
"""The longest retention without a warning: claims are personal data, and a preview needs only the latest."""


@register("jitprov")
def check_base_url(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Require a base URL: every URL that an identity provider learns about us starts with it."""
    url = _parsed(conf.BASE_URL)
    if conf.BASE_URL and "://" not in conf.BASE_URL:
        return [
            Error(
                f"JITPROV_BASE_URL is {conf.BASE_URL}, which has no scheme.",
                hint=f'Write "https://{conf.BASE_URL}".',
                id=BASE_URL_MISSING,
            )
        ]
    if url is None or not url.scheme or not url.hostname:
        return [
            Error(
                "JITPROV_BASE_URL is not set.",
                hint='Set it to where browsers reach you, for example "https://app.example".',
                id=BASE_URL_MISSING,
            )
        ]
    if url.scheme != "https" and not is_loopback(url.hostname):
        return [
            Error(
                f"JITPROV_BASE_URL is {conf.BASE_URL}, which is not https.",
                hint="Browsers keep the cookie of a sign-in only for https (and for localhost).",
                id=BASE_URL_NOT_HTTPS,
            )
        ]
    if url.path or url.query or url.fragment:
        return [
            Error(
                f"JITPROV_BASE_URL is {conf.BASE_URL}, which is more than scheme and host.",
                hint="Leave the path out. Where you are mounted below one, Django's own URLs bring it along.",
                id=BASE_URL_WITH_PATH,
            )
        ]
    return []


@register("jitprov")
def check_next_hosts(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Require names of hosts: with a wildcard, a link could send people anywhere."""
    return [
        Error(
            f"JITPROV_ALLOWED_NEXT_HOSTS: {host!r} is not a host.",
            hint='Give hosts, such as "front.app.example", or ".app.example" for all below it.',
            id=NEXT_HOST_NOT_USABLE,
        )
        for host in conf.configured_next_hosts
        if not is_next_host(host)
    ]


@register("jitprov")
def check_provisioner(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Require that the Provisioner can be imported and is a subclass of ours."""
    try:
        provisioner = import_string(conf.PROVISIONER)
    except ImportError as error:
        problem = str(error)
    else:
        if isinstance(provisioner, type) and issubclass(provisioner, Provisioner):
            return []
        problem = "it is not a subclass of jitprov.provisioner.Provisioner"
    return [
        Error(
            f"JITPROV_PROVISIONER cannot be used: {problem}.",
            hint="Give the dotted path of a Provisioner subclass.",
            id=PROVISIONER_NOT_USABLE,
        )
    ]


@register("jitprov")
def check_tenant_lookup_field(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Require that the tenant model has the field that ``?tenant=`` and ``--tenant`` look up."""
    if conf.TENANT_LOOKUP_FIELD == "pk":
        return []
    try:
        apps.get_model(conf.TENANT_MODEL)._meta.get_field(conf.TENANT_LOOKUP_FIELD)
    except FieldDoesNotExist:
        return [
            Error(
                f"{conf.TENANT_MODEL} has no field {conf.TENANT_LOOKUP_FIELD}.",
                hint='Name a unique field of it, or "pk", in JITPROV_TENANT_LOOKUP_FIELD.',
                id=TENANT_LOOKUP_FIELD_UNKNOWN,
            )
        ]
    return []


@register("jitprov")
def check_key_pairs(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Require that each certificate is readable and belongs to its key; never show any part of a key."""
    try:
        pairs = conf.SP_KEY_PAIRS
    except JitprovError as error:
        return [_bad_key_pair(str(error))]
    bad = [number for number, pair in enumerate(pairs, start=1) if not _fits(pair)]
    if bad:
        return [_bad_key_pair(f"certificate and private key do not fit in entry {bad[0]}")]
    if conf.SIGN_REQUESTS and not pairs:
        return [
            Error(
                "JITPROV_SIGN_REQUESTS is on, and there is no key to sign with.",
                hint="Add a pair to JITPROV_SP_KEY_PAIRS.",
                id=SIGNING_WITHOUT_KEY,
            )
        ]
    return []


@register("jitprov", deploy=True)
def check_some_key_pair(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Recommend a key pair: without one nobody can encrypt for us, and our metadata is not signed."""
    try:
        if conf.SP_KEY_PAIRS:
            return []
    except JitprovError:
        return []  # check_key_pairs reports it
    return [
        Warning(
            "JITPROV_SP_KEY_PAIRS is empty.",
            hint="With a pair, tenants can encrypt assertions, and metadata and requests can be signed.",
            id=NO_KEY_PAIR,
        )
    ]


@register("jitprov")
def check_durations(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Bound the clock skew, which lengthens the life of every stolen assertion, and require positive times."""
    messages: list[CheckMessage] = []
    if conf.configured_clock_skew > MAX_CLOCK_SKEW:
        messages.append(
            Error(
                "JITPROV_CLOCK_SKEW is more than 300 seconds.",
                hint="Set the clocks right instead (NTP). 300 seconds are used.",
                id=CLOCK_SKEW_TOO_LARGE,
            )
        )
    if min(conf.REQUEST_LIFETIME, conf.METADATA_TIMEOUT).total_seconds() <= 0:
        messages.append(
            Error(
                "JITPROV_REQUEST_LIFETIME and JITPROV_METADATA_TIMEOUT must be positive.",
                id=DURATION_NOT_POSITIVE,
            )
        )
    return messages


@register("jitprov", deploy=True)
def check_base_url_is_ours(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Warn where the base URL is still that of an example: tenants would give it to their identity providers."""
    url = _parsed(conf.BASE_URL)
    host = (url.hostname or "") if url else ""
    if not host.endswith(_EXAMPLES):
        return []
    return [
        Warning(
            f"JITPROV_BASE_URL is {conf.BASE_URL}, which is an example.",
            hint="Set it to where browsers reach you: identity providers learn it, and go on using it.",
            id=BASE_URL_IS_EXAMPLE,
        )
    ]


@register("jitprov")
def check_names(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Warn of settings that do not exist, which would change nothing without a word."""
    known = {name for name in dir(Conf) if name.isupper()}
    given = {name.removeprefix("JITPROV_") for name in dir(settings) if name.startswith("JITPROV_")}
    return [
        Warning(
            f"There is no setting JITPROV_{name}.",
            hint=_hint(get_close_matches(name, known, n=1)),
            id=SETTING_UNKNOWN,
        )
        for name in sorted(given - known)
    ]


def _hint(close: list[str]) -> str:
    return f"Did you mean JITPROV_{close[0]}?" if close else "Remove it."


@register("jitprov")
def check_event_network_bits(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Warn where no network is kept of a browser because the setting is wrong."""
    if conf.configured_network_bits == conf.EVENT_NETWORK_BITS:
        return []
    return [
        Warning(
            "JITPROV_EVENT_NETWORK_BITS is not bits by IP version, so that events keep less than you want.",
            hint="For example {4: 24, 6: 48}; 0 for a version of which nothing is to be kept.",
            id=EVENT_NETWORK_BITS_DOUBTFUL,
        )
    ]


@register("jitprov")
def check_claims_retention(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Warn about a retention of claims that is longer than previews need."""
    asked = conf.configured_claims_retention
    if timedelta(0) <= asked <= CLAIMS_RETENTION_AT_MOST:
        return []
    problem = (
        "negative" if asked < timedelta(0) else f"more than {CLAIMS_RETENTION_AT_MOST.days} days"
    )
    return [
        Warning(
            f"JITPROV_CLAIMS_RETENTION is {problem}.",
            hint="0 keeps nothing. Previews of a mapping need no more than a few days.",
            id=CLAIMS_RETENTION_DOUBTFUL,
        )
    ]


@register("jitprov")
def check_mappable_fields(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Require fields that a mapping may write: a wrong name would be missing from forms without a word."""
    try:
        unusable = set(conf.MAPPABLE_FIELDS or ()) - set(could_be_mapped())
    except ConfigurationError as error:
        problems = [str(error)]
    else:
        problems = [
            f"JITPROV_MAPPABLE_FIELDS: {name!r} is no user field that a mapping may write"
            for name in sorted(unusable)
        ]
    hint = "Name plain fields of the user model, but none that gives power, such as is_staff."
    return [Error(f"{problem}.", hint=hint, id=MAPPABLE_FIELD_NOT_USABLE) for problem in problems]


@register("jitprov")
def check_assignable_groups(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Require lists of names; whether there are such groups is a check of the database."""
    hint = 'Give names of groups, such as ["Editors"].'
    try:
        _ = conf.ASSIGNABLE_GROUPS
        hint = 'Give labels of apps, such as ["shop"]; an empty list for groups without any permission.'
        unknown = set(conf.ASSIGNABLE_GROUPS_OF_APPS or ()) - _harmless_apps()
    except ConfigurationError as error:
        return [Error(f"{error}.", hint=hint, id=ASSIGNABLE_GROUPS_NOT_NAMES)]
    return [
        Error(
            f"JITPROV_ASSIGNABLE_GROUPS_OF_APPS: {name!r} is no installed app whose permissions are harmless.",
            hint=hint,
            id=ASSIGNABLE_GROUPS_NOT_NAMES,
        )
        for name in sorted(unknown)
    ]


def _harmless_apps() -> set[str]:
    return {app.label for app in apps.get_app_configs()} - set(POWERFUL_APPS)


@register("jitprov")
def check_host(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Require the authentication backend and the sessions in the host's own settings."""
    messages: list[CheckMessage] = []
    if not any(isinstance(backend, ProvisionedUserBackend) for backend in get_backends()):
        messages.append(
            Error(
                "AUTHENTICATION_BACKENDS lacks jitprov.backends.ProvisionedUserBackend.",
                hint="Add it; without it nobody who was provisioned can be signed in.",
                id=BACKEND_MISSING,
            )
        )
    if not apps.is_installed("django.contrib.sessions"):
        messages.append(Error("django.contrib.sessions is not installed.", id=SESSIONS_MISSING))
    return messages


def _parsed(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None


def _bad_key_pair(problem: str) -> Error:
    return Error(
        f"JITPROV_SP_KEY_PAIRS: {problem}.",
        hint="Each entry is a mapping of certificate and private_key, both PEM, without a passphrase.",
        id=KEY_PAIR_NOT_USABLE,
    )


def _fits(pair: KeyPair) -> bool:
    try:
        key = load_pem_private_key(pair.private_key.encode(), password=None)
        certificate = load_certificate(pair.certificate)
    except (JitprovError, UnsupportedAlgorithm, ValueError, TypeError, AttributeError):
        return False
    return key.public_key() == public_key(certificate.pem)
