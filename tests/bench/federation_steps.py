"""One step with a federation's aggregate in a process of its own, and what it cost as one JSON object.

``python -m tests.bench.federation_steps STEP AGGREGATE MAP``. Modules are imported in the steps, because pysaml2's
environment has no jitprov.
"""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypedDict

from tests.bench.hosts.memory import peak


class Step(TypedDict):
    """What a step cost, and what came of it."""

    cpu: float
    elapsed: float
    """Seconds."""
    memory: int
    """Peak of the process, bytes."""
    before: int
    """Likewise, before the step and with everything imported."""
    outcome: dict[str, int]


def read_with_jitprov(aggregate: Path, _: Path) -> Callable[[], dict[str, int]]:
    from datetime import UTC, datetime  # noqa: PLC0415

    from jitprov.saml.aggregate import iter_idp_metadata  # noqa: PLC0415
    from jitprov.saml.types import IdpMetadata  # noqa: PLC0415

    def read() -> dict[str, int]:
        with aggregate.open("rb") as file:
            found = iter_idp_metadata(file, now=datetime.now(UTC))
            return {"read": sum(isinstance(one, IdpMetadata) for one in found)}

    return read


def read_with_pysaml2(aggregate: Path, _: Path) -> Callable[[], dict[str, int]]:
    from saml2.attribute_converter import ac_factory  # noqa: PLC0415
    from saml2.mdstore import MetaDataFile  # noqa: PLC0415

    def read() -> dict[str, int]:
        metadata = MetaDataFile(ac_factory(), str(aggregate))
        metadata.load()
        return {"read": len(metadata.entity)}

    return read


def make_tenants(_: Path, rows: Path) -> Callable[[], dict[str, int]]:
    """Make the tables, and the tenants that the map names."""
    _set_up_django()
    from django.core.management import call_command  # noqa: PLC0415

    from jitprov.models import Tenant  # noqa: PLC0415

    def make() -> dict[str, int]:
        call_command("migrate", verbosity=0)
        lines = rows.read_text(encoding="utf-8").splitlines()[1:]
        names = sorted({line.split(",")[1] for line in lines})
        Tenant.objects.bulk_create(Tenant(slug=name, name=name) for name in names)
        return {"tenants": len(names)}

    return make


def import_all(aggregate: Path, rows: Path) -> Callable[[], dict[str, int]]:
    """Run ``import_idp_metadata --map``."""
    _set_up_django()
    from django.core.management import call_command  # noqa: PLC0415

    def run() -> dict[str, int]:
        out = io.StringIO()
        options: dict[str, Any] = {"map": str(rows), "json": True, "stdout": out}
        call_command("import_idp_metadata", str(aggregate), **options)
        printed = json.loads(out.getvalue())
        return {name: printed[name] for name in ("added", "unchanged")}

    return run


STEPS = {
    "read_with_jitprov": read_with_jitprov,
    "read_with_pysaml2": read_with_pysaml2,
    "make_tenants": make_tenants,
    "import_all": import_all,
}


def measure(step: Callable[[], dict[str, int]]) -> Step:
    """Run a step that is ready to run."""
    before, cpu, clock = peak(), time.process_time(), time.perf_counter()
    outcome = step()
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
    name, aggregate, rows = sys.argv[1:]
    sys.stdout.write(json.dumps(measure(STEPS[name](Path(aggregate), Path(rows)))))
