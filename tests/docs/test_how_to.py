"""The how-tos work: settings can be set, commands run, and people sign in with the claims of each page."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.conf import global_settings
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection
from django.db.utils import ConnectionHandler
from django.http import HttpResponse
from django.template import engines
from django.urls import include, path, resolve
from django.utils.module_loading import import_string

from jitprov.admin.people import ProvisioningLink
from jitprov.conf import Conf, conf
from jitprov.models import IdentityProvider, Tenant
from jitprov.provisioning.presets import PRESETS, Preset
from jitprov.sign_in.views import AssertionConsumerServiceView
from jitprov.sign_out.views import SingleLogoutMixin
from jitprov.testing import FakeIdentityProvider
from tests.support.pages import DOCS, FENCES, README, Fence, fences_of

HOW_TO = DOCS / "how-to"
PAGES = sorted(HOW_TO.glob("*.md"))  # those of hosts have tests of their own
IN_HOW_TO = [fence for fence in FENCES if fence.page in {*PAGES, README}]

own_tenant_model = pytest.mark.skipif(
    conf.TENANT_MODEL != "jitprov.Tenant", reason="the pages use jitprov's own tenant model"
)

# Every block is of a kind that is run somewhere


RUN = {
    ("console", ""),  # here
    ("html", ""),
    ("json", "claims"),
    ("json", "user"),
    ("python", "admin"),
    ("python", "settings"),
    ("python", "urls"),
    ("python", "dangerous"),  # in test_reauthentication
    ("python", "view"),
    ("text", "entity-id"),
    ("text", "sign-on-url"),
    ("json", "transforms"),  # in test_docs_examples
    ("python", "provisioner"),
    ("python", "test"),
}
NOT_CODE = {("text", ""), ("toctree", "")}


def test_every_block_of_a_how_to_is_of_a_kind_that_is_run() -> None:
    found = {(fence.language, fence.role) for fence in IN_HOW_TO}
    assert found <= RUN | NOT_CODE
    assert found >= RUN


def of(language: str, role: str = "") -> pytest.MarkDecorator:
    found = [fence for fence in IN_HOW_TO if (fence.language, fence.role) == (language, role)]
    return pytest.mark.parametrize("fence", found, ids=str)


def run(fence: Fence, **names: Any) -> dict[str, Any]:
    exec(compile(fence.code, str(fence), "exec"), names)  # noqa: S102 -- our own page
    return {name: value for name, value in names.items() if name.isupper()}


# Settings, URLs, templates


@pytest.mark.django_db  # one of them is a database
@of("python", "settings")
def test_the_example_settings_exist_and_can_be_set(
    fence: Fence, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = {f"JITPROV_{name}" for name in vars(Conf) if name.isupper()}
    for name, value in run(fence, INSTALLED_APPS=[], MIDDLEWARE=[]).items():
        assert name in ours or hasattr(global_settings, name)
        if name == "DATABASES":
            monkeypatch.chdir(tmp_path)
            connect(value["default"])
        elif name == "LOGGING":
            # In a process of its own: what it sets up would stay.
            code = f"import logging.config; logging.config.dictConfig({value!r})"
            subprocess.run([sys.executable, "-c", code], check=True)
        elif name == "MIDDLEWARE":
            assert all(map(import_string, value))
        elif name in ours:
            setattr(settings, name, value)
            assert getattr(conf, name.removeprefix("JITPROV_")) == value


def connect(database: dict[str, Any]) -> None:
    """Connect to the file of a page, or, with the options of the page, to the server that these tests have."""
    ours = connection.settings_dict
    if database["ENGINE"] != "django.db.backends.sqlite3":
        if database["ENGINE"] != ours["ENGINE"]:
            return  # on another run
        database = {**ours, "OPTIONS": {**ours["OPTIONS"], **database["OPTIONS"]}}
    databases = ConnectionHandler({"default": database})
    databases["default"].ensure_connection()
    databases.close_all()


@of("python", "urls")
def test_the_example_urls_lead_to_our_view(fence: Fence) -> None:
    urlconf = ModuleType("urls_of_a_page")
    names: dict[str, Any] = {"urlpatterns": [], "path": path, "include": include}
    exec(compile(fence.code, str(fence), "exec"), names)  # noqa: S102 -- our own page
    urlconf.__dict__["urlpatterns"] = names["urlpatterns"]
    [prefix] = re.findall(r'path\("(\w+)/', fence.code)
    url = {"saml": "/saml/acme/acs/", "sso": "/sso/acme/acs"}[prefix]
    match: Any = resolve(url, urlconf)  # type: ignore[arg-type]  # a module is what it takes
    assert match.func.view_class is AssertionConsumerServiceView
    assert match.kwargs == {"slug": "acme"}


@of("python", "view")
def test_the_example_view_signs_out_at_the_directory_too(fence: Fence) -> None:
    names: dict[str, Any] = {}
    exec(compile(fence.code, str(fence), "exec"), names)  # noqa: S102 -- our own page
    [view] = [one for name, one in names.items() if name == "SignOut"]
    assert view.as_view()
    assert view.post is SingleLogoutMixin.post


@of("python", "admin")
def test_the_example_screen_of_users_links_to_provisioning(fence: Fence) -> None:
    try:
        run(fence)
        assert isinstance(admin.site.get_model_admin(get_user_model()), ProvisioningLink)
    finally:
        admin.site.unregister(get_user_model())


@of("html")
def test_the_example_base_template_is_used(
    fence: Fence, client: Any, settings: Any, db: None
) -> None:
    templates = {"page.html": fence.code}
    settings.JITPROV_BASE_TEMPLATE = "page.html"
    loaders = [
        ("django.template.loaders.locmem.Loader", templates),
        "django.template.loaders.app_directories.Loader",
    ]
    [engine] = settings.TEMPLATES
    options = {**engine["OPTIONS"], "loaders": loaders}
    settings.TEMPLATES = [{**engine, "APP_DIRS": False, "OPTIONS": options}]
    assert engines.all()
    page = client.get("/saml/login/").content.decode()
    assert page.startswith(fence.code.partition("{%")[0])
    assert "Sign in with your organisation" in page


# Commands


ELSEWHERE = "https://idp.acme.example/sso"


@pytest.fixture
def in_folder_with_metadata(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Fence], FakeIdentityProvider]:
    """Return a function that saves the metadata of a page's identity provider in the file that the page names."""
    monkeypatch.chdir(tmp_path)

    def publish(fence: Fence) -> FakeIdentityProvider:
        shown = {item.role: item.code.strip() for item in fences_of(fence.page)}
        fake = FakeIdentityProvider(
            entity_id=shown.get("entity-id"), sso_url=shown.get("sign-on-url", ELSEWHERE)
        )
        for source in _sources(fence):
            _on_disk(source).write_text(fake.metadata_xml())
        return fake

    return publish


def _sources(fence: Fence) -> list[str]:
    return re.findall(r'import_idp_metadata "?([^"\s]+)', fence.code)


def _on_disk(source: str) -> Path:
    """Return the file that takes the place of a source, because there is no network."""
    return Path("fetched.xml" if source.startswith("https://") else source)


def give(fence: Fence) -> None:
    """Run the commands of a block that are ours; the others need a network, a browser, or hours."""
    for line in re.findall(r"^\$ (.+)$", fence.code, re.MULTILINE):
        match shlex.split(line):
            case ["python", "manage.py", "import_idp_metadata", source, *arguments]:
                call_command("import_idp_metadata", str(_on_disk(source)), *arguments)
            case ["python", "manage.py", "migrate" | "createsuperuser" | "runserver"]:
                pass  # Django's own, which tests/e2e/test_new_project.py runs
            case ["python", "manage.py", name, *arguments]:
                # These tests are deployed nowhere.
                call_command(name, *(one for one in arguments if one != "--deploy"))
            case [program, *_]:
                assert program in {"make", "pip"}  # make demo has tests of its own


@own_tenant_model
@pytest.mark.django_db
@of("console")
def test_the_example_commands_work(
    fence: Fence, in_folder_with_metadata: Callable[[Fence], FakeIdentityProvider]
) -> None:
    Tenant.objects.create(slug="acme", name="Acme")
    in_folder_with_metadata(fence)
    give(fence)
    assert IdentityProvider.objects.filter(slug="acme").exists() is bool(_sources(fence))


# Identity providers


def block(page: Path, role: str) -> str:
    return next(fence.code for fence in fences_of(page) if fence.role == role)


def kind(page: Path) -> Preset:
    """Return the preset of a page."""
    names = {"google-workspace": "google", "ad-fs": "adfs"}
    name = names.get(page.stem, page.stem)
    return Preset(name) if name in set(Preset) else Preset.NONE


WITH_CLAIMS = [
    fence.page for fence in FENCES if fence.role == "claims" and fence.page.parent == HOW_TO
]


@own_tenant_model
@pytest.mark.django_db
@pytest.mark.parametrize("page", WITH_CLAIMS, ids=lambda page: page.stem)
def test_a_sign_in_with_the_claims_of_the_page_makes_the_user_of_the_page(
    page: Path,
    in_folder_with_metadata: Callable[[Fence], FakeIdentityProvider],
    saml_sign_in: Callable[..., HttpResponse],
) -> None:
    Tenant.objects.create(slug="acme", name="Acme")
    console = next(fence for fence in fences_of(page) if fence.language == "console")
    fake = in_folder_with_metadata(console)
    give(console)
    row = IdentityProvider.objects.get(slug="acme")
    assert row.preset == kind(page)
    claims = json.loads(block(page, "claims"))
    claim = PRESETS[kind(page)].group_claim
    if claim:
        group = Group.objects.create(name="Editors")
        row.group_mappings.create(claim=claim, value=claims[claim][0], group=group)

    name_id = claims.pop("NameID")
    answer = saml_sign_in(row, fake, None, name_id=name_id, attributes=claims)

    assert answer.status_code == 302
    user = get_user_model().objects.get()
    expected = json.loads(block(page, "user"))
    assert {name: getattr(user, name) for name in expected} == expected
    assert [group.name for group in user.groups.all()] == (["Editors"] if claim else [])
    assert user.external_identities.get().external_id == name_id


def test_every_preset_has_a_page_with_its_claims() -> None:
    assert {kind(page) for page in WITH_CLAIMS} | {Preset.ENTRA} == set(Preset)


# The tutorial's


def test_the_provisioner_of_the_how_to_is_that_of_the_tutorial() -> None:
    tutorial = (DOCS / "tutorial" / "first-sign-in.md").read_text("utf-8")
    [fence] = [
        fence
        for fence in IN_HOW_TO
        if fence.page.stem == "host-project" and fence.role == "provisioner"
    ]
    assert fence.code.replace("AcmeProvisioner", "ShopProvisioner") in tutorial
