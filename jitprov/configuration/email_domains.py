"""Change the e-mail domains that send people to an identity provider. They route people of any tenant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jitprov.configuration.editing import edited, judged_rows, replace_rows, too_many, twins
from jitprov.configuration.problems import Problems, RowProblem, refuse_unprintable
from jitprov.journal.actors import Actor
from jitprov.models import EmailDomain, IdentityProvider

MAX_DOMAINS = 100
"""E-mail domains of one identity provider."""


def judge(row: EmailDomain, domain: str) -> EmailDomain:
    """Write a domain into a row, without saving it.

    :raises ValidationError: by field.
    """
    row.domain = domain.strip().lower()
    problems = Problems()
    with problems.of("domain"):
        refuse_unprintable(row.domain)
    with problems.of():
        row.full_clean(exclude={"identity_provider"})
    problems.refuse()
    return row


def judge_together(rows: Sequence[EmailDomain]) -> Iterator[RowProblem]:
    """Yield what is wrong with domains beside each other."""
    yield from too_many(len(rows), MAX_DOMAINS)
    yield from twins(rows, _domain, "domain", _twice())


def _domain(row: EmailDomain) -> str:
    return row.domain


def _twice() -> str:
    field = EmailDomain._meta.get_field("domain")
    names = {"model_name": EmailDomain._meta.verbose_name, "field_label": field.verbose_name}
    return str(field.error_messages["unique"] % names)


def replace(identity_provider: IdentityProvider, wanted: Sequence[str], actor: Actor) -> None:
    """Let these be all e-mail domains. The caller has checked that the actor may route people of any tenant.

    :raises RowsRefused: some are not valid; nothing was changed.
    """
    with edited(identity_provider, actor):
        known = {row.domain: row for row in identity_provider.email_domains.all()}

        def one(_number: int, domain: str) -> EmailDomain:
            row = known.get(domain.strip().lower())
            return judge(row or EmailDomain(identity_provider=identity_provider), domain)

        rows = judged_rows(wanted, one, judge_together)
        replace_rows(identity_provider.email_domains, rows)
