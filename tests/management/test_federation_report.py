from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management.base import OutputWrapper

from jitprov.management.progress import Progress
from jitprov.models import IdentityProvider
from tests.metadata.test_fetch import running
from tests.saml.documents import aggregate, entity, signed
from tests.support.federations import Federation, federation, member, members, name, row
from tests.support.importing import key_pair, snapshot

pytestmark = pytest.mark.django_db

PAST = 'validUntil="2014-01-01T00:00:00Z"'


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Federation:
    return federation(tmp_path, monkeypatch)


def slugs() -> list[str]:
    return list(IdentityProvider.objects.order_by("slug").values_list("slug", flat=True))


# How it is asked for and told


def test_a_dry_run_tells_and_saves_nothing(run: Federation) -> None:
    run.many(members(2), 2)
    before = snapshot()
    document = aggregate(member(0, url="https://idp.example/new"), member(1), member(2))
    printed = run.many(document, 3, "--dry-run")
    assert "Dry run, nothing was saved: 1 added, 1 changed, 1 unchanged, 0 missing" in printed
    assert snapshot() == before


def test_json_has_everything(run: Federation) -> None:
    found = run.many_json(members(2), 2)
    assert {key: found[key] for key in ("ok", "added", "missing", "signature")} == {
        "ok": True,
        "added": 2,
        "missing": 0,
        "signature": "absent",
    }
    document = aggregate(member(0, url="https://idp.example/new"), entity(entity_id=name(1)))
    printed = run.incomplete(document, [row(0), row(2)], "--json")
    assert '"ok": false' in printed
    assert '"code": "import_incomplete"' in printed
    assert '"fields": [\n        "sso_url"\n      ]' in printed
    assert f'"entity_id": "{name(2)}"' in printed


def test_json_of_a_map_with_mistakes_names_their_lines(run: Federation) -> None:
    printed = run.incomplete(members(1), [row(0, tenant="nobody")], "--json")
    assert '"code": "import_map_refused"' in printed
    assert '"line": 2' in printed


def test_the_aggregate_is_read_from_standard_input(run: Federation) -> None:
    run.stdin(members(2))
    assert "2 added" in run.run("-", "--map", run.map(2))


def test_the_aggregate_is_fetched_from_a_url(
    run: Federation, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DEBUG = True
    monkeypatch.setattr("tests.metadata.test_fetch.DOCUMENT", members(2).encode())
    with running(None) as server:
        url = f"http://127.0.0.1:{server.port}/document"
        assert "2 added" in run.run(url, "--map", run.map(2))
        settings.JITPROV_METADATA_MAX_BYTES = 500
        assert "[metadata_too_large]" in run.failed(url, "--map", run.map(2))


def test_a_file_may_be_larger_than_a_document_from_the_network(
    run: Federation, settings: Any
) -> None:
    settings.JITPROV_METADATA_MAX_BYTES = 500
    assert "2 added" in run.many(members(2), 2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param([], "one of the arguments --tenant --map is required", id="nobody's"),
        pytest.param(["--tenant", "acme", "--map", "x"], "not allowed with", id="both"),
        pytest.param(["--map", "x", "--slug", "y"], "leave out --slug", id="a slug too"),
        pytest.param(["--map", "x", "--entity-id", "y"], "leave out --slug", id="an ID too"),
        pytest.param(["--map", "no.csv"], "[import_source_unreadable]", id="no such map"),
    ],
)
def test_arguments_that_exclude_each_other_are_refused(
    run: Federation, arguments: list[str], words: str
) -> None:
    assert words in run.failed(run.file(members(1)), *arguments)


def test_a_file_that_can_not_be_read_is_an_error(run: Federation) -> None:
    assert "[import_source_unreadable]" in run.failed("no.xml", "--map", run.map(1))


# The aggregate's signature


WHOLE = aggregate(member(0), member(1), attributes='ID="a1"')


@pytest.mark.parametrize(
    ("document", "words"),
    [
        pytest.param(members(2), "The aggregate is not signed as a whole", id="none"),
        pytest.param(signed(WHOLE), "its signature was NOT checked", id="one"),
        pytest.param(
            signed(WHOLE).replace(f"{name(1)}sso", "https://idp.example/sso"),
            "its signature was NOT checked",
            id="one that does not hold",
        ),
    ],
)
def test_a_signature_that_is_not_checked_is_said_to_be_so(
    run: Federation, document: str, words: str
) -> None:
    assert words in run.many(document, 2)


def certificate_file(run: Federation, kind: str = "rsa") -> str:
    return run.file(key_pair(kind).certificate, "signer.pem")


def test_a_signature_that_holds_is_reported(run: Federation) -> None:
    found = run.many_json(signed(WHOLE, key_pair()), 2, "--verify-with", certificate_file(run))
    assert (found["added"], found["signature"]) == (2, "verified")
    printed = run.many(signed(WHOLE, key_pair()), 2, "--verify-with", certificate_file(run))
    assert "signed by the certificate that you trust" in printed


@pytest.mark.parametrize(
    ("document", "code"),
    [
        pytest.param(WHOLE, "metadata_not_signed", id="not signed"),
        pytest.param(
            signed(WHOLE, key_pair("rsa-2")), "metadata_signature_refused", id="by somebody else"
        ),
        pytest.param(
            signed(WHOLE, key_pair()).replace(f"{name(1)}sso", "https://evil.example/"),
            "metadata_signature_refused",
            id="changed afterwards",
        ),
        pytest.param(
            signed(WHOLE, key_pair()).replace("<md:Entity", f"{' ' * 100_000}<md:Entity", 1),
            "metadata_too_large",
            id="larger than allowed",
        ),
    ],
)
def test_an_aggregate_whose_signature_does_not_hold_is_refused(
    run: Federation, settings: Any, document: str, code: str
) -> None:
    settings.JITPROV_METADATA_MAX_BYTES = 100_000
    printed = run.incomplete(document, 2, "--verify-with", certificate_file(run))
    assert printed.endswith(f"[{code}]")
    assert slugs() == []


# Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_a_bar_on_a_terminal(run: Federation) -> None:
    screen = Terminal()
    run.run(run.file(members(3)), "--map", run.map(3), stderr=screen)
    assert "\r[" + "#" * 30 + "] 100%" in screen.getvalue()
    assert "3 of 3 identity providers" in screen.getvalue()
    assert screen.getvalue().endswith("\n")


@pytest.mark.parametrize("out", [Terminal, io.StringIO])
def test_verbosity_0_shows_no_progress(run: Federation, out: Callable[[], io.StringIO]) -> None:
    screen = out()
    run.run(run.file(members(3)), "--map", run.map(3), "--verbosity", "0", stderr=screen)
    assert screen.getvalue() == ""


def clock_of(*moments: float) -> Callable[[], float]:
    times = iter(moments)
    return lambda: next(times)


@pytest.mark.parametrize(
    ("size", "line"),
    [
        pytest.param(8, "[###############...............]  50%  0.0 MB  much  12 s", id="known"),
        pytest.param(None, "0.0 MB  much  12 s", id="unknown"),
    ],
)
def test_progress_is_a_line_every_ten_seconds_elsewhere(size: int | None, line: str) -> None:
    screen = io.StringIO()
    out = OutputWrapper(screen)
    clock = clock_of(0, 2, 12, 12, 12, 13)
    with Progress(io.BytesIO(bytes(8)), size, out=out, told=lambda: "much", clock=clock) as stream:
        for _ in range(3):
            stream.read(2)
    assert screen.getvalue().splitlines() == [line]
