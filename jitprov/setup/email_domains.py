"""Forms and rows of the e-mail domains that send people to this identity provider; for superusers only."""

from __future__ import annotations

from typing import Any

from django.forms import inlineformset_factory

from jitprov.models import EmailDomain, IdentityProvider
from jitprov.setup.columns import refuse_unprintable
from jitprov.setup.rows import RowForm, RowFormSet

MAX_DOMAINS = 100


class EmailDomainForm(RowForm):
    """One e-mail domain, stripped and in lower case before it is compared with others."""

    class Meta:
        model = EmailDomain
        fields = ("domain",)

    def clean_domain(self) -> str:
        domain = str(self.cleaned_data["domain"]).strip().lower()
        refuse_unprintable(domain)
        return domain


class EmailDomainFormSet(RowFormSet):
    """The e-mail domains of one identity provider."""

    most = MAX_DOMAINS

    def clean(self) -> None:
        super().clean()
        if not any(self.errors):
            self.refuse_twins(_domain, "domain", _twice())


def _domain(row: EmailDomain) -> str:
    return row.domain


def _twice() -> Any:
    return EmailDomain._meta.get_field("domain").error_messages["unique"] % {
        "model_name": EmailDomain._meta.verbose_name,
        "field_label": EmailDomain._meta.get_field("domain").verbose_name,
    }


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
