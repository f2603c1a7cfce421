"""The quick start of the README: a new project, the lines of the README, two commands, and a person signs in."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from example_site.demo.page import Page
from tests.e2e.browser import Browser
from tests.e2e.directory import ANN_AT_WORK, Behaviour
from tests.e2e.host import Connection, identified
from tests.e2e.processes import free_port, serving
from tests.e2e.simplesamlphp import SimpleSamlPhp
from tests.support.pages import README, ROOT, fences_of

pytestmark = pytest.mark.e2e


def of_readme(role: str) -> str:
    """Return the lines of the README with this role."""
    return next(fence.code for fence in fences_of(README) if fence.role == role)


def commands_of_readme(first: str) -> list[list[str]]:
    """Return the arguments for ``manage.py`` of the README's commands in the block that begins with this one."""
    blocks = [fence.code for fence in fences_of(README) if fence.language == "console"]
    [block] = [code for code in blocks if code.startswith(f"$ {first}")]
    lines = [line.removeprefix("$ python manage.py ") for line in block.strip().splitlines()]
    return [shlex.split(line) for line in lines]


SUPERUSER = {
    "DJANGO_SUPERUSER_USERNAME": "root",
    "DJANGO_SUPERUSER_EMAIL": "root@app.example",
    "DJANGO_SUPERUSER_PASSWORD": "for this test only",
}


def make_tenant(base_url: str) -> None:
    """Make the tenant in the admin, as the README says."""
    browser = Browser()
    asked = browser.open(f"{base_url}/admin/login/?next=/admin/jitprov/tenant/add/")
    page = browser.send(asked, username="root", password=SUPERUSER["DJANGO_SUPERUSER_PASSWORD"])
    [form] = [form for form in page.forms if "slug" in form.fields]
    made = browser.submit(form, {"slug": "acme", "name": "Acme"})
    assert "was added successfully" in made.text


def import_metadata(project: Project) -> str:
    """Run the README's command with the document of this test."""
    [[command, _url, *options]] = commands_of_readme("python manage.py import_idp_metadata")
    return project.manage(command, "../metadata.xml", *options)


def sign_in_at(imported: str, name: str) -> Page:
    """Sign a person in at the address that the command prints, and return where they end."""
    [address] = re.findall(r"Sign in at +(\S+)", imported)
    browser = Browser()
    return browser.send(identified(browser, browser.open(address), name))


class Project:
    """A host's project as ``django-admin startproject`` makes it.

    :param python: an interpreter with jitprov.
    """

    def __init__(self, folder: Path, python: Path) -> None:
        self.folder, self.python = folder, python
        folder.mkdir()
        # Without the settings and modules of this checkout.
        self.env = {"PATH": os.environ["PATH"]}
        self.run("-m", "django", "startproject", "shop", ".")

    def run(self, *arguments: str) -> str:
        """Run Python in the project's folder; an error shows its output."""
        done = subprocess.run(
            [self.python, *arguments],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def manage(self, *arguments: str) -> str:
        return self.run("manage.py", *arguments)

    def append(self, file: str, lines: str) -> None:
        path = self.folder / "shop" / file
        path.write_text(path.read_text() + lines)


@pytest.fixture(params=["from this checkout", "from the wheel, outside the checkout"])
def python(request: pytest.FixtureRequest) -> Path:
    """Return an interpreter that has jitprov; the test runs once for each way to install it."""
    if request.param == "from this checkout":
        return Path(sys.executable)
    bare: Path = request.getfixturevalue("bare_python")
    return bare


def test_new_project_signs_a_person_in_after_the_lines_of_the_readme_and_two_commands(
    python: Path, start_simplesamlphp: Callable[[Behaviour], SimpleSamlPhp], tmp_path: Path
) -> None:
    port = free_port()
    connection = Connection(base_url=f"http://localhost:{port}")
    idp = start_simplesamlphp(Behaviour())
    idp.know({"ann": ANN_AT_WORK})
    (tmp_path / "metadata.xml").write_bytes(idp.metadata())

    project = Project(tmp_path / "project", python)
    project.append(
        "settings.py", of_readme("settings").replace("https://app.example", connection.base_url)
    )
    project.append("urls.py", of_readme("urls"))
    migrate, superuser, serve = commands_of_readme("python manage.py migrate")
    project.manage(*migrate)
    project.env |= SUPERUSER
    project.manage(*superuser, "--noinput")

    server = [str(python), "manage.py", *serve, "--noreload", f"127.0.0.1:{port}"]
    with serving(server, port=port, log=tmp_path / "log", cwd=project.folder, env=project.env):
        make_tenant(connection.base_url)
        imported = import_metadata(project)
        again = import_metadata(project)
        idp.trust(Browser().open(connection.metadata_url).html.encode())
        page = sign_in_at(imported, "ann")

    installed = Path(project.run("-c", "import jitprov; print(jitprov.__file__)").strip())
    assert installed.is_relative_to(ROOT) is (python == Path(sys.executable))
    assert connection.metadata_url in imported
    assert "nothing changed" in again.lower()
    # Where LOGIN_REDIRECT_URL leads: Django's own message for a signed-in user who may not use the admin.
    assert "You are authenticated as" in page.text
    assert "ann.archer" in page.text.lower()
