"""Read the map of a federation import: a CSV file that names the tenant and slug for each entity.

Everything that can be wrong with it is found before anything is written, and told in one go.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, TypeVar

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist, ValidationError

from jitprov.conf import conf
from jitprov.metadata.importing import TenantUnknown, slug_problem
from jitprov.metadata.source import ImportRefused, read_file
from jitprov.models import IdentityProvider
from jitprov.saml.metadata import MAX_ENTITY_ID

COLUMNS = ("entity_id", "tenant", "slug")
MAX_MAP_BYTES = 64 * 1024 * 1024
MAX_ROWS = 100_000
MAX_TENANT = 255
MAX_PROBLEMS = 1000
"""Problems that are reported at most; with more, every line probably has the same one."""
QUERY_SIZE = 500
"""Values in one statement; SQLite takes no more than 999."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class MapRow:
    """One line of the map: an entity, and the tenant and slug of its identity provider."""

    line: int
    """Line number in the file, from 1; the header is counted."""
    entity_id: str
    tenant: str
    """The value of the tenant's ``JITPROV_TENANT_LOOKUP_FIELD``."""
    slug: str
    tenant_id: Any = None
    """The tenant's primary key, once the tenant was found."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class MapProblem:
    """A mistake in one line of the map."""

    line: int
    problem: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.problem}"


class MapRefused(ImportRefused):
    """The map of a federation import has mistakes; nothing was imported."""

    code = "import_map_refused"

    def __init__(self, problems: Sequence[MapProblem]) -> None:
        self.problems = tuple(sorted(problems))
        """In the order of their lines."""
        first = self.problems[0]
        more = f" and {len(problems) - 1} more" if len(problems) > 1 else ""
        super().__init__(
            f"The map can not be used: {first}{more}. Correct it and run again; nothing was imported."
        )


def read_map(path: str) -> Mapping[str, MapRow]:
    """Return the rows of a map, each by its entity ID.

    :raises SourceUnreadable: the file can not be read.
    :raises MapRefused: it has mistakes; all of them are told.
    :raises TenantUnknown: ``JITPROV_TENANT_LOOKUP_FIELD`` names no field.
    """
    rows, problems = _judged(_read(path))
    with_tenants, unknown = _with_tenants(rows)
    problems += unknown
    problems += _taken_slugs(with_tenants)
    if problems:
        raise MapRefused(problems[:MAX_PROBLEMS])
    return {row.entity_id: row for row in with_tenants}


def in_batches(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the values in lists of this size; the last may be shorter."""
    iterator = iter(values)
    while batch := list(islice(iterator, size)):
        yield batch


# The file


def _read(path: str) -> str:
    content = read_file(path, MAX_MAP_BYTES + 1, "Give a CSV file.")
    if len(content) > MAX_MAP_BYTES:
        raise _one_problem(1, f"the file is larger than {MAX_MAP_BYTES // 1024**2} MiB")
    try:
        # With or without a byte order mark: Excel writes one.
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _one_problem(line, "not UTF-8; save it as CSV UTF-8") from error


def _one_problem(line: int, problem: str) -> MapRefused:
    return MapRefused([MapProblem(line=line, problem=problem)])


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each line that has any, with its number."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            raise _one_problem(line, f"not CSV ({error})") from error
        if any(cells):
            yield line, cells


def _positions(header: list[str], line: int) -> list[int]:
    if sorted(header) == sorted(COLUMNS):
        return [header.index(column) for column in COLUMNS]
    hint = "; separate them with commas" if len(header) == 1 else ""
    raise _one_problem(
        line,
        f"the columns are {', '.join(header)[:200]!r}, not {', '.join(COLUMNS)!r}{hint}",
    )


def _rows(text: str) -> Iterator[MapRow | MapProblem]:
    records = _records(text)
    line, header = next(records, (1, []))
    positions = _positions(header, line)
    for number, (line, cells) in enumerate(records):
        if number == MAX_ROWS:
            yield MapProblem(line=line, problem=f"more than {MAX_ROWS} rows")
            return
        if len(cells) != len(COLUMNS):
            problem = f"{len(cells)} cells instead of {len(COLUMNS)}"
            yield MapProblem(line=line, problem=problem)
            continue
        entity_id, tenant, slug = (cells[position] for position in positions)
        yield MapRow(line=line, entity_id=entity_id, tenant=tenant, slug=slug)


# Judging its rows


def _judged(text: str) -> tuple[list[MapRow], list[MapProblem]]:
    """Return the rows that are valid as far as the file alone can tell, and the problems of the others."""
    good: list[MapRow] = []
    problems: list[MapProblem] = []
    lines: dict[tuple[str, str], int] = {}
    for row in _rows(text):
        if isinstance(row, MapProblem):
            problems.append(row)
            continue
        found = [*_cell_problems(row), *_repetitions(row, lines)]
        problems += (MapProblem(line=row.line, problem=problem) for problem in found)
        if not found:
            good.append(row)
    if not lines and not problems:
        problems.append(MapProblem(line=1, problem="there are no rows"))
    return good, problems


def _cell_problems(row: MapRow) -> Iterator[str]:
    if not row.entity_id or len(row.entity_id) > MAX_ENTITY_ID or not row.entity_id.isprintable():
        yield f"the entity ID is empty, not printable, or longer than {MAX_ENTITY_ID} characters"
    if not row.tenant or len(row.tenant) > MAX_TENANT or not row.tenant.isprintable():
        yield f"the tenant is empty, not printable, or longer than {MAX_TENANT} characters"
    problem = slug_problem(row.slug)
    if problem:
        yield f"the slug {row.slug[:200]!r} {problem}"


def _repetitions(row: MapRow, lines: dict[tuple[str, str], int]) -> Iterator[str]:
    # Slugs that differ only in case would be one on some databases, and one for people who type them.
    for column, value in (("entity_id", row.entity_id), ("slug", row.slug.casefold())):
        first = lines.setdefault((column, value), row.line)
        if value and first != row.line:
            yield f"the same {column} as in line {first}"


def _with_tenants(rows: Sequence[MapRow]) -> tuple[list[MapRow], list[MapProblem]]:
    tenants = _tenant_keys({row.tenant for row in rows})
    found, problems = [], []
    for row in rows:
        keys = tenants.get(row.tenant, set())
        if len(keys) == 1:
            found.append(replace(row, tenant_id=next(iter(keys))))
        else:
            many = "several tenants have" if keys else "there is no tenant with"
            problem = f"{many} {conf.TENANT_LOOKUP_FIELD} {row.tenant!r}"
            problems.append(MapProblem(line=row.line, problem=problem))
    return found, problems


def _tenant_keys(names: set[str]) -> dict[str, set[Any]]:
    """Return the primary keys of the tenants for each of these names: usually one."""
    model, name = apps.get_model(conf.TENANT_MODEL), conf.TENANT_LOOKUP_FIELD
    values = _field_values(model, names)
    found: dict[Any, set[Any]] = {}
    for batch in in_batches(set(values.values()), QUERY_SIZE):
        rows = model._default_manager.filter(**{f"{name}__in": batch})
        for value, key in rows.values_list(name, "pk"):
            found.setdefault(value, set()).add(key)
    return {text: found.get(value, set()) for text, value in values.items()}


def _field_values(model: Any, names: set[str]) -> dict[str, Any]:
    """Return the look-up field's value for each name, without those that it could never have."""
    name = conf.TENANT_LOOKUP_FIELD
    try:
        field = model._meta.pk if name == "pk" else model._meta.get_field(name)
    except FieldDoesNotExist as error:
        raise TenantUnknown(
            f"{model.__name__} has no field {name!r}. Correct JITPROV_TENANT_LOOKUP_FIELD."
        ) from error
    values = {}
    for text in names:
        try:
            values[text] = field.to_python(text)
            if isinstance(values[text], int):
                field.run_validators(values[text])  # not larger than the database can be asked for
        except ValidationError:
            values.pop(text, None)
    return values


def _taken_slugs(rows: Sequence[MapRow]) -> list[MapProblem]:
    by_slug = {row.slug.casefold(): row for row in rows}
    problems = []
    for batch in in_batches(rows, QUERY_SIZE):
        taken = IdentityProvider.objects.filter(slug__in=[row.slug for row in batch])
        for slug, tenant_id in taken.values_list("slug", "tenant_id"):
            row = by_slug[slug.casefold()]
            if tenant_id != row.tenant_id:
                problem = f"the slug {row.slug!r} is taken by another tenant"
                problems.append(MapProblem(line=row.line, problem=problem))
    return problems
