"""System checks of the API. They import no package that may be missing."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, TypeAlias

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register
from django.utils.module_loading import import_string

from jitprov.conf import conf

Apps: TypeAlias = Sequence[AppConfig] | None

PACKAGE_MISSING = "jitprov.E020"
PERMISSION_NOT_USABLE = "jitprov.E021"
NEEDED = {"rest_framework": "djangorestframework", "drf_spectacular": "drf-spectacular"}


@register("jitprov")
def check_packages(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Require the packages of the extra."""
    missing = missing_packages()
    return [
        Error(
            f"jitprov.api is installed, and {package} is not.",
            hint='pip install "jitprov[api]"',
            id=PACKAGE_MISSING,
        )
        for package in missing
    ]


@register("jitprov")
def check_permission(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Require a usable permission class, without which every request would fail."""
    if missing_packages():
        return []  # reported by check_packages
    from rest_framework.permissions import BasePermission  # noqa: PLC0415 -- may not be installed

    try:
        permission = import_string(conf.API_PERMISSION)
    except ImportError as error:
        problem = str(error)
    else:
        if isinstance(permission, type) and issubclass(permission, BasePermission):
            return []
        problem = "it is not a subclass of rest_framework.permissions.BasePermission"
    return [
        Error(
            f"JITPROV_API_PERMISSION cannot be used: {problem}.",
            hint="Give the dotted path of a permission class of Django REST framework.",
            id=PERMISSION_NOT_USABLE,
        )
    ]


def missing_packages() -> list[str]:
    """Return the packages of the extra that are not installed, by their names on PyPI."""
    return [package for module, package in NEEDED.items() if find_spec(module) is None]
