"""Forms and rows of the e-mail domains that send people to this identity provider; for superusers only."""

from __future__ import annotations

from collections.abc import Iterable

from django.forms import inlineformset_factory

from jitprov.configuration import email_domains
from jitprov.configuration.email_domains import MAX_DOMAINS
from jitprov.configuration.problems import RowProblem
from jitprov.models import EmailDomain, IdentityProvider
from jitprov.setup.rows import RowForm, RowFormSet


class EmailDomainForm(RowForm):
    """One e-mail domain."""

    kind, label = "email_domain", "domain"
    compared = ("domain",)

    class Meta:
        model = EmailDomain
        fields = ("domain",)

    def judge(self) -> None:
        email_domains.judge(self.instance, self.cleaned_data.get("domain", ""))


class EmailDomainFormSet(RowFormSet):
    """The e-mail domains of one identity provider."""

    most = MAX_DOMAINS

    def judge_together(self, rows: list[EmailDomain]) -> Iterable[RowProblem]:
        return email_domains.judge_together(rows)


EmailDomains = inlineformset_factory(
    IdentityProvider,
    EmailDomain,
    form=EmailDomainForm,
    formset=EmailDomainFormSet,
    extra=0,
    max_num=MAX_DOMAINS,
    absolute_max=MAX_DOMAINS + 5,
    validate_max=True,
)
