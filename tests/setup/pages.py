"""The set-up page in a browser without JavaScript: its fields, its buttons and its errors."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse
from lxml import html

from jitprov.models import IdentityProvider, TenantAdministrator
from jitprov.setup.forms import SetupForms
from tests.support.factories import UserFactory


def url(view: str, *args: object) -> str:
    return reverse(f"admin:jitprov_identityprovider_{view}", args=args)


def superuser() -> Any:
    return UserFactory.create(is_staff=True, is_superuser=True)


def administrator_of(*rows: IdentityProvider) -> Any:
    user = UserFactory.create(is_staff=True)
    for row in rows:
        TenantAdministrator.objects.create(user=user, tenant=row.tenant)
    return user


class Page:
    """One identity provider's page in one browser."""

    def __init__(self, client: Client, row: IdentityProvider) -> None:
        self.client, self.row = client, row

    def get(self) -> Any:
        return self.client.get(url("change", self.row.pk))

    def configuration(self) -> dict[str, Any]:
        """Return what the form of the unchanged page would post."""
        return fields_of(self.get())

    def save(self, changes: dict[str, Any] | None = None, **more: Any) -> Any:
        """Post the configuration with some fields changed."""
        data = {**self.configuration(), **(changes or {}), "_save": "Save", **more}
        return self.client.post(url("change", self.row.pk), data)

    def press(self, name: str, value: str, changes: dict[str, Any] | None = None) -> Any:
        """Press a button other than the one that saves."""
        data = {**self.configuration(), **(changes or {}), name: value}
        return self.client.post(url("change", self.row.pk), data)

    def add_row(self, prefix: str, values: dict[str, Any]) -> dict[str, Any]:
        """Return the fields of a page to which a row was added."""
        grown = fields_of(self.press("_add", prefix))
        last = int(grown[f"{prefix}-TOTAL_FORMS"]) - 1
        return {**grown, **{f"{prefix}-{last}-{name}": value for name, value in values.items()}}


def fields_of(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer
    tree: Any = html.fromstring(answer.content.decode())
    form = tree.get_element_by_id("jitprov-configuration")
    empty = form.xpath(".//input[not(@value) and not(@type='checkbox' or @type='file')]/@name")
    return {**dict.fromkeys(empty, ""), **dict(form.form_values())}


def errors_of(answer: Any) -> dict[str, str]:
    """Return the errors beside the fields of the page, by the name of the field."""
    return errors_in(answer.context["forms"])


def errors_in(forms: SetupForms) -> dict[str, str]:
    found: dict[str, str] = {}
    rows = [form for table in forms.tables for form in table.forms]
    steps = [step for form in forms.claim_mappings.forms for step in form.steps]
    for form in [*forms.columns, *rows, *steps]:
        found |= {form.add_prefix(name): " ".join(said) for name, said in form.errors.items()}
    for table in forms.tables:
        if said := table.non_form_errors():
            found[table.prefix] = " ".join(said)
    return found


def beside(answer: Any, name: str) -> str:
    """Return the text of the error that stands beside a field in the HTML."""
    tree: Any = html.fromstring(answer.content.decode())
    [field] = tree.xpath(f"//*[@name='{name}']")
    described = field.get("aria-describedby", "").split()
    texts = [tree.get_element_by_id(one).text_content() for one in described if "_error" in one]
    return " ".join(texts).strip()
