"""All forms of the set-up page of one identity provider, validated and saved together."""

from __future__ import annotations

from itertools import islice
from typing import Any

from django.conf import settings  # noqa: TID251 -- a limit of Django's, not one of ours

from jitprov.accounts import Rules
from jitprov.configuration import columns
from jitprov.configuration.claim_mappings import MAX_POSITION
from jitprov.models import IdentityProvider
from jitprov.models.mappings import everybody_rules
from jitprov.provisioning.presets import Preset
from jitprov.setup.certificates import Certificates
from jitprov.setup.claim_mappings import ClaimMappings, target_choices
from jitprov.setup.columns import AdmissionForm, ByHandForm, EverybodyForm
from jitprov.setup.email_domains import EmailDomains
from jitprov.setup.group_mappings import GroupMappings, group_choices
from jitprov.setup.powers import Powers
from jitprov.setup.rows import with_one_more
from jitprov.setup.versions import teller

CERTIFICATES = "certificates"
CLAIM_MAPPINGS = "claim_mappings"
GROUP_MAPPINGS = "group_mappings"
EMAIL_DOMAINS = "email_domains"
_TABLES = (CERTIFICATES, CLAIM_MAPPINGS, GROUP_MAPPINGS, EMAIL_DOMAINS)
MAX_LISTED = 20
"""Wrong fields that are listed at the top of the page."""
_STEP = "-step"
_ROOM = 80
"""Fields of the page besides those of its rows, counted generously."""


class SetupForms:
    """The forms of one identity provider, filled from the stored row or from a post."""

    def __init__(
        self,
        identity_provider: IdentityProvider,
        *,
        powers: Powers,
        data: Any = None,
        one_more: str = "",
    ) -> None:
        """Fill the forms.

        :param one_more: the name of a table, or the prefix of a row of claim mappings followed by ``-step``: the table
            that gets one more row. Nothing is validated then.
        """
        self.identity_provider, self.powers = identity_provider, powers
        self.data = with_one_more(data, one_more) if one_more in _TABLES else data
        self._quiet = bool(one_more)
        self._told = teller(identity_provider, insider=powers.insider)
        self._one_more = one_more
        self.by_hand = ByHandForm(identity_provider, self.data, prefix="by_hand", told=self._told)
        self.admission = AdmissionForm(
            identity_provider,
            self.data,
            prefix="admission",
            told=self._told,
            for_superuser=powers.everything,
        )
        self.groups = group_choices(identity_provider)
        self.everybody = EverybodyForm(
            identity_provider, self.data, prefix="everybody", told=self._told, groups=self.groups
        )
        self._make_tables()

    def _make_tables(self) -> None:
        preset = Preset(self.identity_provider.preset)
        self.targets = target_choices(self.identity_provider)
        more_steps_for = self._one_more.removesuffix(_STEP)
        self.certificates = self._table(Certificates, CERTIFICATES)
        self.claim_mappings = self._table(
            ClaimMappings, CLAIM_MAPPINGS, targets=self.targets, more_steps_for=more_steps_for
        )
        self.group_mappings = self._table(
            GroupMappings,
            GROUP_MAPPINGS,
            groups=self.groups,
            group_claim=preset.details.group_claim,
            more_steps_for=more_steps_for,
        )
        self.email_domains = (
            self._table(EmailDomains, EMAIL_DOMAINS) if self.powers.everything else None
        )

    def _table(self, table: Any, prefix: str, **form_kwargs: Any) -> Any:
        return table(
            self.data,
            instance=self.identity_provider,
            prefix=prefix,
            form_kwargs={"quiet": self._quiet, "told": self._told, **form_kwargs},
        )

    @property
    def is_posted(self) -> bool:
        """Say whether the forms show what was posted, rather than what is stored."""
        return self.data is not None

    @staticmethod
    def are_in(data: Any) -> bool:
        """Say whether a post has these forms."""
        return f"{CLAIM_MAPPINGS}-TOTAL_FORMS" in data

    @property
    def is_changed(self) -> bool:
        """Say whether anything was typed that differs from what was shown."""
        rows = [form for table in self.tables for form in table.forms]
        return any(form.has_changed() for form in self.columns) or any(
            not form.is_untouched if form.instance.pk else form.has_changed() for form in rows
        )

    @property
    def columns(self) -> list[Any]:
        """Return the forms for the columns of the row."""
        return [self.by_hand, self.admission, self.everybody]

    @property
    def tables(self) -> list[Any]:
        """Return the tables that this person may change."""
        tables = [self.certificates, self.claim_mappings, self.group_mappings, self.email_domains]
        return [table for table in tables if table is not None]

    @property
    def all_forms(self) -> list[Any]:
        """Return every form and table that is validated."""
        return [*self.columns, *self.tables]

    def is_valid(self) -> bool:
        """Say whether everything can be saved. Every form is validated, so that each shows its own errors."""
        return all([one.is_valid() for one in self.all_forms])  # noqa: C419

    def are_wrong(self, *some: Any) -> bool:
        """Say whether any of these forms and tables has errors; while somebody is adding rows, none has."""
        return not self._quiet and any(one.is_bound and not one.is_valid() for one in some)

    @property
    def wrong_fields(self) -> list[Any]:
        """Return the first fields that have errors, in the order of the page."""
        rows = [form for table in self.tables for form in table.forms]
        steps = [step for form in self._stepped_forms for step in form.steps]
        fields = (field for form in [*self.columns, *rows, *steps] for field in form)
        return list(islice((field for field in fields if field.errors), MAX_LISTED))

    def write(self) -> None:
        """Save all valid forms, while the identity provider is being edited."""
        changed = {name: value for form in self.columns for name, value in form.changed.items()}
        columns.write(self.identity_provider, changed)
        for table in self.tables:
            table.write()

    def rules(self) -> Rules:
        """Return the mapping that the forms propose, without saving it.

        :raises MappingError: a stored row is not valid.
        """
        group_forms = self.group_mappings.kept_forms()
        return Rules(
            claim_rules=tuple(form.instance.as_rule() for form in self.claim_forms()),
            group_rules=(
                *(form.instance.as_rule() for form in group_forms),
                *everybody_rules(self.everybody.group),
            ),
        )

    @property
    def _stepped_forms(self) -> list[Any]:
        return [*self.claim_mappings.forms, *self.group_mappings.forms]

    def claim_forms(self) -> list[Any]:
        """Return the rows of the claim mapping in the order in which they are applied."""
        kept = self.claim_mappings.kept_forms()
        return sorted(kept, key=_place)

    def rules_are_valid(self) -> bool:
        """Say whether the posted rows make a valid mapping."""
        shown = (self.claim_mappings, self.group_mappings, self.everybody)
        return all([one.is_valid() for one in shown])  # noqa: C419

    @property
    def are_rules(self) -> bool:
        """Say whether the rows make a mapping: stored rows do, posted rows only if they are valid."""
        return self.data is None or (not self._quiet and self.rules_are_valid())

    @property
    def most_fields(self) -> int:
        """Return how many fields Django accepts in one post; 0 for no limit."""
        return settings.DATA_UPLOAD_MAX_NUMBER_FIELDS or 0

    @property
    def is_too_large(self) -> bool:
        """Say whether the page has so many fields that Django would refuse its post."""
        return bool(self.most_fields) and self._count() + _ROOM > self.most_fields

    def _count(self) -> int:
        rows = [form for table in self.tables for form in table.forms]
        steps = [step for form in self._stepped_forms for step in form.steps]
        return sum(len(form.fields) for form in [*rows, *steps, *self.columns])


def _place(form: Any) -> int:
    """Return the position of a row; a new row without a number is saved as the last."""
    typed: dict[str, Any] = getattr(form, "cleaned_data", {"position": form.instance.position})
    position: int | None = typed.get("position")
    return MAX_POSITION + 1 if position is None else position
