"""``manage.py preview_mapping`` tells an operator what a sign-in would do."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from jitprov.models import ClaimMapping, IdentityProvider, ProvisioningEvent
from jitprov.provisioner import provision
from jitprov.provisioning.types import Claims, Source
from jitprov.testing import ANN, FakeIdentityProvider
from jitprov.testing.person import EMAIL_CLAIM, NAME_CLAIM
from tests.support.accounts.models import User
from tests.support.factories import GroupFactory, connected, map_group

pytestmark = pytest.mark.django_db


@pytest.fixture
def fake() -> FakeIdentityProvider:
    return FakeIdentityProvider()


@pytest.fixture
def idp(fake: FakeIdentityProvider) -> IdentityProvider:
    return connected(fake, slug="acme", preset="entra", subject_claim="number")


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("preview_mapping", "--idp", "acme", *arguments, stdout=out)
    return out.getvalue()


def as_json(*arguments: str) -> Any:
    return json.loads(run("--json", *arguments))


def failing(*arguments: str) -> CommandError:
    with pytest.raises(CommandError) as caught:
        run(*arguments)
    return caught.value


@pytest.fixture
def file(tmp_path: Path) -> Any:
    def write(content: Any) -> str:
        path = tmp_path / f"file-{len(list(tmp_path.iterdir()))}"
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        return str(path)

    return write


def ann(idp: IdentityProvider, **values: tuple[str, ...]) -> Any:
    """Return the account of somebody who has signed in."""
    given = {
        "number": ("4711",),
        NAME_CLAIM: ("ann",),
        EMAIL_CLAIM: ("ann@acme.example",),
        **values,
    }
    claims = Claims(source=Source.SAML, external_id="4711", values=given)
    return provision(idp, claims).user


# What is told


def test_a_proposed_mapping_is_applied_to_the_last_sign_ins(
    idp: IdentityProvider, file: Any
) -> None:
    ann(idp, dept=("Sales",), groups=("g",))
    User.objects.update(department="Ops")
    staff = GroupFactory.create(name="Staff")
    mapping = {
        "claims": [
            {"sources": [EMAIL_CLAIM], "target": "email"},
            {"sources": "division\ndept", "target": "department"},
        ],
        "groups": [{"claim": "groups", "value": "g", "group": staff.name}],
    }
    printed = run("--mapping", file(mapping))
    event = ProvisioningEvent.objects.get()
    lines = printed.splitlines()
    assert lines[0].startswith("acme: 1 person by the mapping in ")
    assert lines[0].endswith("nobody would be refused.")
    assert "ann: would be changed  [signed in on " in printed
    assert event.reference in printed
    [head] = [line for line in lines if line.lstrip().startswith("Field")]
    [row] = [line for line in lines if "department" in line]
    assert row.startswith(" *  department")
    for title, value in (("Before", "Ops"), ("After", "Sales"), ("Why", "From dept.")):
        assert row.index(value) == head.index(title)
    assert "Joins: Staff" in printed
    assert User.objects.get().department == "Ops"
    assert ProvisioningEvent.objects.count() == 1


def test_without_a_file_the_saved_mapping_is_applied_and_a_refusal_is_explained(
    idp: IdentityProvider, file: Any
) -> None:
    ClaimMapping.objects.create(
        identity_provider=idp, target="department", sources="dept", required=True, position=9
    )
    claims = file({"number": "1", NAME_CLAIM: "bob"})
    printed = run("--claims", claims)
    assert "acme: 1 person by the mapping as it is saved; 1 would be refused." in printed
    assert "1: would be refused  [pasted claims, not proved]" in printed
    assert "[required_claim_missing]" in printed
    assert "To do: " in printed
    assert "Problem: department" in printed


def test_a_refusal_fails_the_command_if_asked_to(idp: IdentityProvider, file: Any) -> None:
    good, bad = file({"number": "1", NAME_CLAIM: "bob"}), file({NAME_CLAIM: "bob"})
    run("--claims", good, "--fail-on-refusal")
    run("--claims", bad)
    error = failing("--claims", bad, "--fail-on-refusal")
    assert error.returncode == 1
    assert "1 of 1 would be refused" in str(error)


def test_a_response_is_read_without_proof(
    fake: FakeIdentityProvider, idp: IdentityProvider, file: Any
) -> None:
    IdentityProvider.objects.update(subject_claim="")
    sp = idp.as_service_provider()
    response = fake.respond(acs_url=sp.acs_url, audience=sp.entity_id, sign=None)
    for text in (response.xml, response.encoded):
        printed = run("--response", file(text))
        assert f"{ANN.upn}: would be created  [pasted response, not proved]" in printed
        assert ANN.email in printed


def test_claims_and_a_response_are_read_together_one_from_standard_input(
    fake: FakeIdentityProvider, idp: IdentityProvider, file: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stdin:
        buffer = io.BytesIO(b'\xef\xbb\xbf{"number": "2"}')

    monkeypatch.setattr("sys.stdin", Stdin)
    found = as_json(
        "--claims", "-", "--response", file(fake.respond(acs_url="a", audience="b").xml)
    )
    assert [one["origin"] for one in found["people"]] == ["response", "claims"]
    assert failing("--claims", "-", "--response", "-").returncode == 2


def test_json_has_everything(idp: IdentityProvider) -> None:
    ann(idp)
    found = as_json()
    assert found["ok"] is True
    assert (found["identity_provider"], found["mapping"], found["refused"]) == ("acme", "saved", 0)
    [person] = found["people"]
    assert (person["who"], person["decision"]) == ("ann", "unchanged")
    assert {remark["code"] for remark in found["remarks"]} == {"user_name_may_change"}


def test_the_number_of_people_can_be_chosen(idp: IdentityProvider) -> None:
    for number in ("1", "2", "3"):
        ann(idp, number=(number,))
        claims = Claims(source=Source.SAML, external_id=number, values={"number": (number,)})
        provision(idp, claims)
    assert len(as_json("--limit", "2")["people"]) == 2
    assert failing("--limit", "0").returncode == 2


def test_without_any_claims_it_says_what_to_give(idp: IdentityProvider, settings: Any) -> None:
    assert "Give --response or --claims." in run()
    ann(idp)
    settings.JITPROV_CLAIMS_RETENTION = 0
    assert "acme: 0 people" in run()


def test_new_people_are_compared_with_the_saved_mapping(idp: IdentityProvider, file: Any) -> None:
    mapping = file({"claims": [{"sources": ["x"], "target": "email"}]})
    claims = file({"number": "1", "x": "new@acme.example", EMAIL_CLAIM: "old@acme.example"})
    printed = run("--mapping", mapping, "--claims", claims)
    assert "before is what the saved mapping would write" in printed
    assert "old@acme.example  new@acme.example" in printed


def test_remarks_about_the_mapping_are_printed(idp: IdentityProvider) -> None:
    printed = run()
    assert "About the mapping:" in printed
    assert "Hint: row 4 (username): " in printed


def test_a_group_row_is_told_by_its_number(idp: IdentityProvider, settings: Any) -> None:
    map_group(idp, "g", "groups")
    settings.JITPROV_ASSIGNABLE_GROUPS = ["other"]
    settings.JITPROV_ASSIGNABLE_GROUPS_OF_APPS = None
    assert "Error: group row 1: " in run()


def test_a_group_is_left_and_one_is_unknown(idp: IdentityProvider, file: Any) -> None:
    old = map_group(idp, "g", "groups")
    ann(idp, groups=("g",))
    other = GroupFactory.create(name="Other")
    mapping = {
        "groups": [
            {"claim": "groups", "value": "h", "group": other.name},
            {"claim": "roles", "value": "h", "group": other.name},
        ]
    }
    printed = run("--mapping", file(mapping))
    assert f"Leaves: {old.name}" in printed
    assert "[groups_absent]" in printed


def test_nothing_that_was_claimed_reaches_the_terminal_as_a_command(
    idp: IdentityProvider, file: Any
) -> None:
    claims = file({"number": "\x1b[2J1", NAME_CLAIM: "bob", EMAIL_CLAIM: "x\x1b]0;y@acme.example"})
    printed = run("--claims", claims)
    assert "\x1b" not in printed
    assert r"\x1b[2J1" in printed


def test_long_values_are_cut(idp: IdentityProvider, file: Any) -> None:
    ClaimMapping.objects.create(identity_provider=idp, target="job_title", sources="title")
    printed = run("--claims", file({"number": "1", "title": "x" * 90}))
    assert f"{'x' * 39}…  " in printed


# What cannot be used


def test_an_unknown_identity_provider_is_an_error() -> None:
    error = failing()
    assert "no identity provider 'acme'" in str(error)
    assert error.returncode == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param("{", "preview_input_refused", id="no JSON"),
        pytest.param("<a/>", "preview_input_refused: not_a_response", id="no response"),
        pytest.param("x" * (1024 * 1024 + 1), "larger than 1 MiB", id="too large"),
    ],
)
def test_an_input_that_cannot_be_read_is_an_error(
    idp: IdentityProvider, file: Any, content: str, words: str
) -> None:
    error = failing("--claims", file(content))
    assert words in str(error)
    assert error.returncode == 2


def test_missing_files_and_files_that_are_not_text_are_errors(
    idp: IdentityProvider, tmp_path: Path
) -> None:
    assert "No such file" in str(failing("--claims", str(tmp_path / "none")))
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    assert "not UTF-8" in str(failing("--claims", str(binary)))


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        pytest.param("{", "no JSON", id="half an object"),
        pytest.param([], "must be an object", id="a list"),
        pytest.param({"rows": []}, "'rows' is nothing", id="an unknown part"),
        pytest.param({"claims": {}}, "Claims must be a list", id="no list"),
        pytest.param({"claims": ["email"]}, "must be an object", id="no row"),
        pytest.param({"claims": [{"field": "email"}]}, "'field' is nothing", id="unknown column"),
        pytest.param(
            {"claims": [{"sources": [1], "target": "email"}]},
            "text or a list of texts",
            id="a number",
        ),
        pytest.param({"claims": [{"sources": "a", "target": 1}]}, "target a text", id="a target"),
        pytest.param(
            {"claims": [{"sources": "a", "target": "email", "required": "no"}]},
            "true or false",
            id="required",
        ),
        pytest.param(
            {"claims": [{"sources": "a", "target": "email", "sync": "never"}]},
            "Sync: must be one of always, on_create, if_empty",
            id="sync",
        ),
        pytest.param(
            {"claims": [{"sources": "a", "target": "email", "transforms": [{"name": "x"}]}]},
            "no such transform",
            id="a transform",
        ),
        pytest.param({"groups": [{"claim": "groups"}]}, "as texts", id="half a group row"),
        pytest.param(
            {"groups": [{"claim": "groups", "value": "g", "group": "Nobody"}]},
            "'Nobody'",
            id="an unknown group",
        ),
    ],
)
def test_a_mapping_that_cannot_be_used_is_an_error(
    idp: IdentityProvider, file: Any, mapping: Any, words: str
) -> None:
    error = failing("--mapping", file(mapping))
    assert words in str(error)
    assert "[mapping_invalid]" in str(error)
    assert error.returncode == 2


def test_a_group_that_may_not_be_given_is_as_unknown_as_none(
    idp: IdentityProvider, file: Any, settings: Any
) -> None:
    GroupFactory.create(name="Secret")
    settings.JITPROV_ASSIGNABLE_GROUPS = ["other"]
    settings.JITPROV_ASSIGNABLE_GROUPS_OF_APPS = None
    mapping = {"groups": [{"claim": "groups", "value": "g", "group": "Secret"}]}
    assert "no group that may be given" in str(failing("--mapping", file(mapping)))


def test_nothing_is_logged(
    idp: IdentityProvider, file: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    run("--claims", file({"number": "1", EMAIL_CLAIM: "ann@acme.example"}))
    failing("--claims", file('{"a": 1, "mail": "ann@acme.example"}'))
    assert "ann@acme" not in caplog.text
