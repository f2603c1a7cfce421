"""The descriptions of the API do not come from docstrings, which Python may drop."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings
from drf_spectacular.settings import patched_settings

from jitprov.api import openapi
from jitprov.api.descriptions import OBJECTS
from tests.support.pages import ROOT

PRINT = """
import json, django
django.setup()
from jitprov.api import openapi
print(json.dumps(openapi.description(), sort_keys=True, default=str))
"""


def objects(document: dict[str, Any]) -> dict[str, str]:
    schemas = document["components"]["schemas"]
    return {name: one["description"] for name, one in schemas.items() if "properties" in one}


def test_every_object_has_its_description_and_no_other_has_one() -> None:
    assert objects(openapi.description()) == dict(OBJECTS)
    assert all(OBJECTS.values())


def test_descriptions_are_the_docstrings_of_what_they_describe() -> None:
    hooks = [one for one in openapi._SETTINGS["POSTPROCESSING_HOOKS"] if "jitprov" not in one]
    with patched_settings({**openapi._SETTINGS, "POSTPROCESSING_HOOKS": hooks}):
        generator = openapi._generator_class(urlconf="jitprov.api.urls")
        document = generator.get_schema(request=None, public=True)

    assert objects(document) == dict(OBJECTS)


@pytest.mark.parametrize("option", ["-O", "-OO"])
def test_python_that_drops_docstrings_and_assertions_makes_the_same_document(option: str) -> None:
    done = subprocess.run(
        [sys.executable, option, "-c", PRINT],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": settings.SETTINGS_MODULE,
            "PYTHONPATH": str(ROOT),
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    expected = json.loads(json.dumps(openapi.description(), default=str))
    assert json.loads(done.stdout) == expected
