"""The examples in the README and the documentation run as they are written."""

from __future__ import annotations

import importlib
import inspect
import json
import re
import shlex
import sys
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from django.core.checks import run_checks
from django.core.management import get_commands, load_command_class
from django.http import HttpResponse
from django.test import override_settings
from django.urls import include, path, resolve, reverse

from jitprov import signals
from jitprov.conf import conf
from jitprov.models import Tenant
from jitprov.provisioner import Provisioner
from jitprov.provisioning.steps import parse_transforms
from jitprov.testing import ANN, FakeIdentityProvider, Person
from tests.support.pages import FENCES, README, ROOT, Fence, fences, reference, rows

if TYPE_CHECKING:
    from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

own_tenant_model = pytest.mark.skipif(
    conf.TENANT_MODEL != "jitprov.Tenant", reason="the examples use jitprov's own tenant model"
)


@pytest.mark.parametrize("fence", fences("python"))
def test_every_python_example_can_be_compiled(fence: Fence) -> None:
    compile(fence.code, str(fence), "exec")


def run(fence: Fence, **names: Any) -> dict[str, Any]:
    exec(compile(fence.code, str(fence), "exec"), names)  # noqa: S102 -- our own page
    return names


def of_readme(role: str) -> Fence:
    [fence] = [fence for fence in FENCES if fence.page == README and fence.role == role]
    return fence


@pytest.mark.django_db  # from Django 6.1 on, checks look into the databases
def test_the_settings_in_the_readme_are_all_that_is_needed() -> None:
    names = run(of_readme("settings"), INSTALLED_APPS=[], MIDDLEWARE=[])
    assert names["INSTALLED_APPS"] == ["jitprov"]
    chosen = {name: names[name] for name in ("AUTHENTICATION_BACKENDS", "JITPROV_BASE_URL")}
    with override_settings(**chosen):
        assert run_checks(tags=["jitprov"]) == []


def test_the_urls_in_the_readme_make_the_addresses_of_its_table() -> None:
    urlconf = ModuleType("urls_of_the_readme")
    urlconf.__dict__["urlpatterns"] = run(
        of_readme("urls"), urlpatterns=[], path=path, include=include
    )["urlpatterns"]
    promised = re.findall(
        r"^\| `https://app\.example([^`?]+)[^`]*` \| `(jitprov:\w+)`",
        README.read_text("utf-8"),
        re.MULTILINE,
    )
    names = {f"jitprov:{one.name}" for one in importlib.import_module("jitprov.urls").urlpatterns}
    assert {name for _, name in promised} == {name for name in names if "-" not in name}
    for url, name in promised:
        match = resolve(url, urlconf)  # type: ignore[arg-type]  # a module is what it takes
        assert match.view_name == name
        assert reverse(name, urlconf, kwargs=match.kwargs) == url  # type: ignore[arg-type]


@own_tenant_model
@pytest.mark.django_db
@pytest.mark.parametrize("fence", fences("python", "test"))
def test_the_example_tests_pass(fence: Fence, request: pytest.FixtureRequest) -> None:
    names = run(fence)
    [test] = [value for name, value in names.items() if name.startswith("test_")]
    test(**{name: request.getfixturevalue(name) for name in inspect.signature(test).parameters})


class Memberships:
    """A host's model of memberships, as far as the example uses it."""

    def __init__(self) -> None:
        self.objects = self
        self.roles: dict[tuple[Any, Any], str] = {}

    def update_or_create(self, *, user: Any, organisation: Any, defaults: dict[str, str]) -> None:
        self.roles[user, organisation] = defaults["role"]


@pytest.fixture
def memberships(monkeypatch: pytest.MonkeyPatch) -> Memberships:
    host = ModuleType("acme.models")
    host.__dict__["Membership"] = Memberships()
    monkeypatch.setitem(sys.modules, "acme", ModuleType("acme"))
    monkeypatch.setitem(sys.modules, "acme.models", host)
    membership: Memberships = host.__dict__["Membership"]
    return membership


PROVISIONERS = [fence for fence in FENCES if "(Provisioner):" in fence.code]


@pytest.mark.parametrize("fence", PROVISIONERS, ids=str)
def test_an_example_provisioner_overrides_methods_that_exist(
    fence: Fence, memberships: Memberships
) -> None:
    example = run(fence)["AcmeProvisioner"]
    hooks = vars(Provisioner).keys() & {name for name in vars(example) if name[0] != "_"}
    assert hooks
    for name in hooks:
        ours = inspect.signature(vars(Provisioner)[name]).parameters
        assert list(inspect.signature(vars(example)[name]).parameters) == list(ours)


@own_tenant_model
@pytest.mark.django_db
@pytest.mark.parametrize(
    "fence", [fence for fence in PROVISIONERS if "Membership" in fence.code], ids=str
)
def test_the_example_provisioner_turns_a_group_into_a_role(
    fence: Fence,
    memberships: Memberships,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
    connect_identity_provider: Callable[..., Any],
    saml_sign_in: Callable[..., HttpResponse],
) -> None:
    host = ModuleType("acme.sso")
    host.__dict__.update(run(fence))
    monkeypatch.setitem(sys.modules, "acme.sso", host)
    settings.JITPROV_PROVISIONER = "acme.sso.AcmeProvisioner"
    fake = FakeIdentityProvider()
    row = connect_identity_provider(fake, Tenant.objects.create(slug="acme", name="Acme"))

    def role_with(**claims: Any) -> list[str]:
        person = Person(object_id=ANN.object_id, upn=ANN.upn, **claims)
        assert saml_sign_in(row, fake, person).status_code == 302
        return list(memberships.roles.values())

    assert role_with(groups=[host.__dict__["ADMINS"]]) == ["admin"]
    assert role_with(group_overage=True) == ["admin"]
    assert role_with(groups=["c1d9e7f4-3b2a-4c5d-8e6f-7a8b9c0d1e2f"]) == ["member"]


@pytest.mark.parametrize("fence", fences("json", "transforms"))
def test_every_example_of_transforms_is_accepted(fence: Fence) -> None:
    assert parse_transforms(json.loads(fence.code))


@pytest.mark.parametrize("fence", fences("console"))
def test_every_example_command_is_accepted(fence: Fence) -> None:
    for line in re.findall(r"^\$ (.+)$", fence.code, re.MULTILINE):
        match shlex.split(line.partition(" > ")[0]):
            case ["python", "manage.py", name, *arguments]:
                app = get_commands().get(name, "jitprov")
                parser = load_command_class(str(app), name).create_parser("manage.py", name)
                parser.allow_abbrev = False
                parser.parse_args(arguments)
            case ["make", target, *_]:
                assert re.search(
                    rf"^{target}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE
                )
            case [program, *_]:
                assert program in {"pip", "openssl"}


@own_tenant_model
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "columns"), [("account_provisioned", {}), ("login_refused", {"create_users": False})]
)
def test_a_signal_has_the_arguments_that_are_documented(
    name: str,
    columns: dict[str, Any],
    connect_identity_provider: Callable[..., Any],
    fake_identity_provider: FakeIdentityProvider,
    saml_sign_in: Callable[..., HttpResponse],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    received: list[dict[str, Any]] = []

    def receiver(**arguments: Any) -> None:
        received.append(arguments)

    signal = getattr(signals, name)
    signal.connect(receiver)
    acme = Tenant.objects.create(slug="acme", name="Acme")
    row = connect_identity_provider(fake_identity_provider, acme, **columns)
    with django_capture_on_commit_callbacks(execute=True):
        saml_sign_in(row, fake_identity_provider)
    signal.disconnect(receiver)
    [documented] = [row[1] for row in rows(reference("provisioner"), 3) if row[0] == name]
    sent = received[0].keys() - {"signal", "sender"}
    assert set(re.findall(r"`(\w+)`", documented)) == sent
