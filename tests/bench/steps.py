"""Run one step of a measurement in a process of its own, and tell what it cost.

``python -m tests.bench.steps STEP ARGUMENT ...`` prints that as one JSON object. Modules are imported in the steps,
because pysaml2's environment has no jitprov.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypedDict, cast

from tests.bench.environment import ROOT
from tests.bench.hosts.memory import peak

Work = Callable[[], dict[str, int]]
"""What is measured; it returns what came of it."""


class Step(TypedDict):
    """The cost of a step, and its outcome."""

    cpu: float
    elapsed: float
    """Seconds."""
    memory: int
    """Peak of the process, bytes."""
    before: int
    """Likewise, before the step and with everything imported."""
    outcome: dict[str, int]


class StepFailed(Exception):
    """A step did not do what it was measured for."""


def run(
    name: str, *arguments: object, python: str | Path = sys.executable, **variables: str
) -> Step:
    """Run a step in a new process.

    :param variables: environment variables that it has besides ours.
    """
    done = subprocess.run(
        [python, "-m", "tests.bench.steps", name, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        check=True,
    )
    return cast(Step, json.loads(done.stdout))


def checked(step: Step, what: str, count: int) -> Step:
    """Return a step whose outcome is as it must be.

    :raises StepFailed: it is not.
    """
    if step["outcome"][what] != count:
        raise StepFailed(f"{step['outcome']}, not {count} {what}")
    return step


def read_with_jitprov(aggregate: str) -> Work:
    from datetime import UTC, datetime  # noqa: PLC0415

    from jitprov.saml.aggregate import iter_idp_metadata  # noqa: PLC0415
    from jitprov.saml.types import IdpMetadata  # noqa: PLC0415

    def read() -> dict[str, int]:
        with Path(aggregate).open("rb") as file:
            found = iter_idp_metadata(file, now=datetime.now(UTC))
            return {"read": sum(isinstance(one, IdpMetadata) for one in found)}

    return read


def read_with_pysaml2(aggregate: str) -> Work:
    from saml2.attribute_converter import ac_factory  # noqa: PLC0415
    from saml2.mdstore import MetaDataFile  # noqa: PLC0415

    def read() -> dict[str, int]:
        metadata = MetaDataFile(ac_factory(), aggregate)
        metadata.load()
        return {"read": len(metadata.entity)}

    return read


def make_tenants(rows: str) -> Work:
    """Create the tables, and the tenants that a map names."""
    _set_up_django()
    from django.core.management import call_command  # noqa: PLC0415

    from jitprov.models import Tenant  # noqa: PLC0415

    def make() -> dict[str, int]:
        call_command("migrate", verbosity=0)
        lines = Path(rows).read_text(encoding="utf-8").splitlines()[1:]
        names = sorted({line.split(",")[1] for line in lines})
        Tenant.objects.bulk_create(Tenant(slug=name, name=name) for name in names)
        return {"tenants": len(names)}

    return make


def import_all(aggregate: str, rows: str) -> Work:
    """Run ``import_idp_metadata --map``."""
    _set_up_django()
    from django.core.management import call_command  # noqa: PLC0415

    def run_command() -> dict[str, int]:
        out = io.StringIO()
        options: dict[str, Any] = {"map": rows, "json": True, "stdout": out}
        call_command("import_idp_metadata", aggregate, **options)
        printed = json.loads(out.getvalue())
        return {name: printed[name] for name in ("added", "unchanged")}

    return run_command


def make_events(identity_providers: str, events: str) -> Work:
    """Create the tables, a superuser, and so many identity providers with events of thirty days."""
    _set_up_django()
    from django.contrib.auth.models import User  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415

    from jitprov.models import IdentityProvider, Tenant  # noqa: PLC0415
    from tests.support.many_rows import Rows  # noqa: PLC0415

    def make() -> dict[str, int]:
        call_command("migrate", verbosity=0)
        administrator = User.objects.create_superuser("administrator")
        tenant = Tenant.objects.create(slug="ours", name="Ours")
        own = IdentityProvider.objects.create(
            slug="ours",
            tenant=tenant,
            entity_id="https://ours.example/",
            sso_url="https://ours.example/sso",
        )
        rows = Rows(tenant, own, administrator)
        rows.grow_to(int(identity_providers), int(events))
        return {"events": rows.events}

    return make


def open_overview() -> Work:
    """Open the admin's index as a superuser, for the second time in this process."""
    _set_up_django()
    from django.contrib.auth import get_user_model  # noqa: PLC0415

    from tests.bench.hosts.browsing import get, new_browser  # noqa: PLC0415

    browser = new_browser()
    browser.force_login(get_user_model().objects.get(is_superuser=True))

    def open_it() -> dict[str, int]:
        return {"charts": get(browser, "/admin/").content.count(b'class="jitprov-chart"')}

    open_it()
    return open_it


STEPS: Mapping[str, Callable[..., Work]] = {
    step.__name__: step
    for step in (
        read_with_jitprov,
        read_with_pysaml2,
        make_tenants,
        import_all,
        make_events,
        open_overview,
    )
}


def measure(work: Work) -> Step:
    """Do the work of a step that is prepared."""
    before, cpu, clock = peak(), time.process_time(), time.perf_counter()
    outcome = work()
    return Step(
        cpu=time.process_time() - cpu,
        elapsed=time.perf_counter() - clock,
        memory=peak(),
        before=before,
        outcome=outcome,
    )


def _set_up_django() -> None:
    import django  # noqa: PLC0415

    django.setup()


if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    sys.stdout.write(json.dumps(measure(STEPS[name](*arguments))))
