from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jitprov.metadata import federation_map
from jitprov.metadata.federation_map import MapRefused, read_map
from jitprov.metadata.importing import TenantUnknown
from jitprov.metadata.source import SourceUnreadable
from jitprov.models import Tenant
from jitprov.saml.metadata import MAX_ENTITY_ID
from tests.support.factories import IdentityProviderFactory
from tests.support.federations import Federation, federation, members, row
from tests.support.importing import snapshot

pytestmark = pytest.mark.django_db

HEADER = "entity_id,tenant,slug"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Federation:
    return federation(tmp_path, monkeypatch)


def problems(run: Federation, content: str | bytes) -> list[tuple[int, str]]:
    with pytest.raises(MapRefused) as caught:
        read_map(run.file(content, "map.csv"))
    assert "\n" not in str(caught.value)
    return [(one.line, one.problem) for one in caught.value.problems]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(f"{HEADER}\na,acme,b\n", id="plain"),
        pytest.param(f"{HEADER}\na,acme,b", id="without a last line break"),
        pytest.param(f"\ufeff{HEADER}\r\na,acme,b\r\n", id="as Excel writes it"),
        pytest.param("slug,entity_id,tenant\nb,a,acme\n", id="columns in another order"),
        pytest.param(f'{HEADER}\n\n"a", acme, b \n,,\n', id="quotes, blanks and empty lines"),
    ],
)
def test_a_map_is_read_in_every_usual_form(run: Federation, content: str) -> None:
    (found,) = read_map(run.file(content, "map.csv")).values()
    assert (found.entity_id, found.tenant, found.slug) == ("a", "acme", "b")
    assert found.tenant_id == Tenant.objects.get(slug="acme").pk


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        pytest.param("", 1, "the columns are ''", id="nothing"),
        pytest.param(HEADER, 1, "there are no rows", id="only a header"),
        pytest.param("a,acme,b\n", 1, "not 'entity_id, tenant, slug'", id="no header"),
        pytest.param("entity_id;tenant;slug\n", 1, "separate them with commas", id="semicolons"),
        pytest.param("entity_id,tenant\n", 1, "the columns are 'entity_id, tenant'", id="one less"),
        pytest.param(f"{HEADER},slug\n", 1, "the columns are", id="a column twice"),
        pytest.param(f"{HEADER}\na,acme,b,c\n", 2, "4 cells instead of 3", id="a cell too many"),
        pytest.param(f"{HEADER}\na,acme\n", 2, "2 cells instead of 3", id="a cell too few"),
        pytest.param(f"{HEADER}\n,acme,b\n", 2, "the entity ID is empty", id="no entity ID"),
        pytest.param(
            f"{HEADER}\n{'a' * (MAX_ENTITY_ID + 1)},acme,b\n",
            2,
            "longer than 1024",
            id="a long entity ID",
        ),
        pytest.param(f"{HEADER}\na\x07,acme,b\n", 2, "not printable", id="a bell"),
        pytest.param(f"{HEADER}\na,,b\n", 2, "the tenant is empty", id="no tenant"),
        pytest.param(f"{HEADER}\na,{'a' * 256},b\n", 2, "longer than 255", id="a long tenant"),
        pytest.param(f"{HEADER}\na,acmee,b\n", 2, "no tenant with slug 'acmee'", id="a mistype"),
        pytest.param(f"{HEADER}\na,ACME,b\n", 2, "no tenant with slug 'ACME'", id="another case"),
        pytest.param(f"{HEADER}\na,acme,\n", 2, "can not be part of a URL", id="no slug"),
        pytest.param(f"{HEADER}\na,acme,b/c\n", 2, "can not be part of a URL", id="a bad slug"),
        pytest.param(f"{HEADER}\na,acme,{'b' * 101}\n", 2, "longer than 100", id="a long slug"),
        pytest.param(
            f"{HEADER}\na,acme,b\na,beta,c\n", 3, "the same entity_id as in line 2", id="twice"
        ),
        pytest.param(
            f"{HEADER}\na,acme,b\nc,acme,B\n", 3, "the same slug as in line 2", id="a slug twice"
        ),
        pytest.param(f'{HEADER}\n"a\n', 2, "not CSV", id="a quote that never ends"),
        pytest.param(f"{HEADER}\n{'a' * 200_000},acme,b\n", 2, "not CSV", id="a cell of 200 kB"),
        pytest.param(f"{HEADER}\nü,acme,b\n".encode("latin-1"), 2, "not UTF-8", id="Latin-1"),
        pytest.param(HEADER.encode("utf-16"), 1, "not UTF-8", id="UTF-16"),
    ],
)
def test_a_mistake_is_reported_with_its_line(
    run: Federation, content: str | bytes, line: int, words: str
) -> None:
    ((found, problem),) = problems(run, content)
    assert found == line
    assert words in problem


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines(run: Federation) -> None:
    IdentityProviderFactory.create(slug="taken")
    lines = [HEADER, "a,nobody,a/b", "", "b,acme,taken", "c,nobody,c", "c,acme,d,e", '"d\n1",acme,']
    assert [line for line, _ in problems(run, "\n".join(lines))] == [2, 4, 5, 6, 7, 7]


def test_the_command_lists_the_mistakes_and_writes_nothing(run: Federation) -> None:
    before = snapshot()
    printed = run.incomplete(members(2), [row(0), row(1, tenant="nobody"), row(2, slug="a b")])
    assert "  line 3: there is no tenant with slug 'nobody'" in printed
    assert "  line 4: the slug 'a b' can not be part of a URL" in printed
    assert (
        "and 1 more. Correct it and run again; nothing was imported. [import_map_refused]"
        in printed
    )
    assert snapshot() == before


def test_a_slug_of_another_tenant_is_a_mistake_and_one_of_the_same_tenant_is_not(
    run: Federation,
) -> None:
    IdentityProviderFactory.create(slug="idp-0", tenant=Tenant.objects.get(slug="acme"))
    IdentityProviderFactory.create(slug="idp-1", tenant=Tenant.objects.get(slug="beta"))
    lines = [HEADER, row(0), row(1), row(2)]
    ((line, problem),) = problems(run, "\n".join(lines))
    assert (line, problem) == (3, "the slug 'idp-1' is taken by another tenant")


def test_more_rows_than_allowed_are_refused(
    run: Federation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(federation_map, "MAX_ROWS", 2)
    lines = [HEADER, *(row(number) for number in range(5))]
    assert problems(run, "\n".join(lines)) == [(4, "more than 2 rows")]


def test_a_file_larger_than_allowed_is_refused(
    run: Federation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(federation_map, "MAX_MAP_BYTES", 2**20)
    assert problems(run, HEADER + "\n" * 2**20) == [(1, "the file is larger than 1 MiB")]


def test_a_missing_file_is_an_error(run: Federation) -> None:
    with pytest.raises(SourceUnreadable):
        read_map(str(run.folder / "nothing.csv"))


@pytest.mark.parametrize("name", ["acme", "9" * 30, "1.5", "-1"])
def test_a_name_that_can_be_no_primary_key_names_no_tenant(
    run: Federation, settings: Any, name: str
) -> None:
    settings.JITPROV_TENANT_LOOKUP_FIELD = "pk"
    ((_, problem),) = problems(run, f"{HEADER}\na,{name},b")
    assert problem == f"there is no tenant with pk {name!r}"


def test_a_tenant_is_found_by_its_primary_key(run: Federation, settings: Any) -> None:
    settings.JITPROV_TENANT_LOOKUP_FIELD = "pk"
    key = Tenant.objects.get(slug="beta").pk
    (found,) = read_map(run.file(f"{HEADER}\na,{key},b", "map.csv")).values()
    assert found.tenant_id == key


def test_a_name_of_several_tenants_is_a_mistake(run: Federation, settings: Any) -> None:
    Tenant.objects.create(slug="acme-2", name="Acme")
    settings.JITPROV_TENANT_LOOKUP_FIELD = "name"
    ((_, problem),) = problems(run, f"{HEADER}\na,Acme,b")
    assert problem == "several tenants have name 'Acme'"


def test_a_look_up_field_that_does_not_exist_is_an_error(run: Federation, settings: Any) -> None:
    settings.JITPROV_TENANT_LOOKUP_FIELD = "nothing"
    with pytest.raises(TenantUnknown, match="has no field 'nothing'"):
        read_map(run.file(f"{HEADER}\na,acme,b", "map.csv"))


def test_a_large_map_takes_few_statements(
    run: Federation, django_assert_max_num_queries: Any
) -> None:
    path = run.map(2000)
    with django_assert_max_num_queries(1 + 4):
        assert len(read_map(path)) == 2000
