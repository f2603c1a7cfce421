"""The reference documents everything public that exists in the code, and nothing else."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from django.apps import apps
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand
from django.utils.module_loading import import_string

import jitprov
from jitprov import checks
from jitprov.api import checks as api_checks
from jitprov.apps import JOBS
from jitprov.conf import Conf, conf
from jitprov.exceptions import JitprovError
from jitprov.metadata.source import ImportRefused
from jitprov.models import Tenant
from jitprov.provisioner import Provisioner
from jitprov.provisioning import mapping, patterns, steps, transform_spec
from jitprov.provisioning.types import RefusalReason
from jitprov.saml.metadata import MetadataRefused
from jitprov.saml.xml import MESSAGE_LIMITS
from jitprov.sign_in.round_trip import MAX_PENDING
from jitprov.words.refusals import EXPLANATIONS
from tests.support.pages import DOCS, PAGES, ROOT, anchors, reference, rows, section

if TYPE_CHECKING:
    from pytest_django import Settings

# Links


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if link.startswith(("https://", "http://")):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.is_file(), link
        assert not anchor or anchor in anchors(target), link


# Settings

SETTINGS = [name for name in vars(Conf) if name.isupper()]


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_is_documented_with_its_default(name: str, settings: Settings) -> None:
    match = re.search(
        rf"^### `JITPROV_{name}`\n\nType: .+ Default: `(.+)`\.$",
        reference("settings"),
        re.MULTILINE,
    )
    assert match, "no heading with type and default"
    if hasattr(settings, f"JITPROV_{name}"):
        delattr(settings, f"JITPROV_{name}")
    documented = eval(match[1], {"timedelta": timedelta})  # noqa: S307 -- our own page
    assert documented == getattr(conf, name)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_setting_that_is_named_exists(page: Path) -> None:
    named = set(re.findall(r"JITPROV_([A-Z_]+[A-Z])", page.read_text("utf-8")))
    # The one that is of the environment: it makes tests of ours fail instead of being skipped.
    assert named <= {*SETTINGS, "REQUIRE_PEERS"}


# Refusals


def modules() -> Iterator[ModuleType]:
    for info in pkgutil.walk_packages(jitprov.__path__, "jitprov."):
        if ".migrations" not in info.name:
            yield importlib.import_module(info.name)


def family(error: type[JitprovError]) -> Iterator[type[JitprovError]]:
    yield error
    for child in error.__subclasses__():
        yield from family(child)


def refusals() -> list[type[JitprovError]]:
    list(modules())  # so that every class exists
    return sorted(
        {error for error in family(JitprovError) if error.__module__.startswith("jitprov.")},
        key=lambda error: error.__qualname__,
    )


REFUSALS = refusals()
FOR_OPERATORS = {
    error.code for error in REFUSALS if issubclass(error, (MetadataRefused, ImportRefused))
}
FOR_PEOPLE = {error.code for error in REFUSALS} - FOR_OPERATORS | set(RefusalReason)
DOCUMENTED_FOR_OPERATORS = {
    code for code, *_ in rows(section(reference("refusals"), "Metadata"), 3)
}
DOCUMENTED_FOR_PEOPLE = {
    code for width in (2, 3) for code, *_ in rows(reference("refusals"), width)
} - DOCUMENTED_FOR_OPERATORS


@pytest.mark.parametrize("code", sorted(FOR_PEOPLE))
def test_every_refusal_is_explained_to_people_and_documented(code: str) -> None:
    assert code in EXPLANATIONS
    assert code in DOCUMENTED_FOR_PEOPLE


@pytest.mark.parametrize("code", sorted(FOR_OPERATORS))
def test_every_refusal_of_an_import_is_documented(code: str) -> None:
    assert code in DOCUMENTED_FOR_OPERATORS


def test_no_refusal_is_explained_or_documented_that_does_not_exist() -> None:
    assert set(EXPLANATIONS) == FOR_PEOPLE
    assert DOCUMENTED_FOR_PEOPLE == FOR_PEOPLE
    # The one that is no exception of ours: the import command tells of the database's.
    assert {*FOR_OPERATORS, "database_error"} == DOCUMENTED_FOR_OPERATORS


def test_no_two_refusals_share_a_code() -> None:
    codes = [error.code for error in REFUSALS if "code" in vars(error)]
    assert sorted(codes) == sorted(set(codes))


@pytest.mark.parametrize("error", REFUSALS, ids=lambda error: error.__qualname__)
def test_every_refusal_says_what_happened_and_has_a_code_of_its_own(
    error: type[JitprovError],
) -> None:
    assert error.__doc__
    assert "code" in vars(error)


@pytest.mark.parametrize(
    ("code", "source"),
    [
        ("internal_error", "jitprov/journal/events.py"),
        ("database_error", "jitprov/management/commands/import_idp_metadata.py"),
        ("groups_overage", "jitprov/provisioning/types.py"),
        ("groups_absent", "jitprov/provisioning/types.py"),
        ("group_not_assignable", "jitprov/provisioning/types.py"),
    ],
)
def test_codes_that_are_no_exceptions_are_documented_and_exist(code: str, source: str) -> None:
    assert f'"{code}"' in (ROOT / source).read_text("utf-8")
    assert f"`{code}`" in reference("refusals") + reference("models")


# Checks

CHECK_IDS = [
    value
    for module in (
        api_checks,
        *(
            importlib.import_module(one.name)
            for one in pkgutil.iter_modules(checks.__path__, "jitprov.checks.")
        ),
    )
    for value in vars(module).values()
    if isinstance(value, str) and re.fullmatch(r"jitprov\.[EW]\d{3}", value)
]


def test_no_two_checks_share_an_id() -> None:
    assert sorted(CHECK_IDS) == sorted(set(CHECK_IDS))


def test_exactly_the_checks_that_exist_are_documented() -> None:
    assert [check for check, *_ in rows(reference("checks"), 3)] == sorted(CHECK_IDS)


# Limits


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("reference/transforms.md", f"{steps.MAX_TRANSFORMS} transforms in a row"),
        ("reference/transforms.md", f"{mapping.MAX_RULES} rows"),
        ("reference/transforms.md", f"{mapping.MAX_SOURCES} claims in a row"),
        ("reference/transforms.md", f"{transform_spec.MAX_VALUES} values"),
        ("reference/transforms.md", f"at most {transform_spec.MAX_VALUE_LENGTH} characters each"),
        ("reference/transforms.md", f"at most {patterns.MAX_PATTERN_LENGTH}\ncharacters"),
        ("reference/refusals.md", f"more than {MESSAGE_LIMITS.bytes // 1024} KiB"),
        ("reference/refusals.md", f"more than {MESSAGE_LIMITS.nodes:,} nodes"),
        ("reference/refusals.md", f"deeper than {MESSAGE_LIMITS.depth} levels"),
        ("explanation/security.md", f"at most {MESSAGE_LIMITS.bytes // 1024} KiB"),
        ("explanation/security.md", f"at most {MESSAGE_LIMITS.nodes:,} nodes"),
        ("explanation/security.md", f"{MESSAGE_LIMITS.depth}\n   levels"),
        (
            "explanation/decisions/0005-browser-bound-request-state.md",
            f"At most { {16: 'sixteen'}[MAX_PENDING] } wait",
        ),
    ],
)
def test_limits_are_documented_as_they_are(page: str, words: str) -> None:
    text = (DOCS / page).read_text("utf-8")
    assert " ".join(words.split()) in " ".join(text.split())


# Commands


def commands() -> dict[str, BaseCommand]:
    names = [name for name, app in get_commands().items() if app == "jitprov"]
    return {name: load_command_class("jitprov", name) for name in names}


COMMANDS = commands()


def parser_of(name: str) -> ArgumentParser:
    return COMMANDS[name].create_parser("manage.py", name)


def arguments_of(name: str) -> set[str]:
    """Return the arguments of a command, without those that all commands of Django have."""
    everybodys = {action.dest for action in BaseCommand().create_parser("", "")._actions}
    own = [action for action in parser_of(name)._actions if action.dest not in everybodys]
    return {(action.option_strings or [action.dest])[-1] for action in own}


@pytest.mark.parametrize("name", COMMANDS)
def test_exactly_the_arguments_of_a_command_are_documented(name: str) -> None:
    documented = {argument for argument, *_ in rows(section(reference("commands"), name), 2)}
    assert documented == arguments_of(name)


def test_exactly_our_jobs_are_documented() -> None:
    documented = {name for name, *_ in rows(section(reference("commands"), "run_due"), 3)}
    assert documented == {import_string(path).name for path in JOBS}


# Models, Provisioner, signals

OWN_MODELS = [model for model in apps.get_app_config("jitprov").get_models() if model is not Tenant]


@pytest.mark.parametrize("model", OWN_MODELS, ids=lambda model: model.__name__)
def test_exactly_the_columns_of_a_model_are_documented(model: Any) -> None:
    table = section(reference("models"), model.__name__)
    documented = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    columns = [field.name for field in model._meta.concrete_fields if not field.primary_key]
    assert sorted(documented) == sorted(columns)


def own_methods() -> dict[str, Callable[..., Any]]:
    members = inspect.getmembers(Provisioner, inspect.isfunction)
    return {name: member for name, member in members if not name.startswith("_")}


@pytest.mark.parametrize("name", own_methods())
def test_every_method_of_the_provisioner_is_documented_with_its_arguments(name: str) -> None:
    signature = inspect.signature(own_methods()[name])
    required = [
        parameter.name
        for parameter in signature.parameters.values()
        if parameter.name != "self" and parameter.default is inspect.Parameter.empty
    ]
    assert f"`{name}({', '.join(required)})`" in reference("provisioner")
