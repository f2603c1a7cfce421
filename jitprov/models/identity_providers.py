"""The identity provider of a tenant, with everything that a sign-in must know of it; and e-mail domains."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import OuterRef, Q
from django.utils.translation import gettext_lazy as _

from jitprov.conf import conf
from jitprov.models import certificates
from jitprov.models.certificates import SigningCertificate
from jitprov.models.counters import Counter
from jitprov.models.json_rows import json_rows
from jitprov.models.kept_statements import KeptSelect, Parameter
from jitprov.models.mappings import (
    CLAIM_COLUMNS,
    GROUP_COLUMNS,
    ClaimMapping,
    GroupMapping,
    claim_rule,
    everybody_rules,
    group_rule,
)
from jitprov.models.observed_claims import OBSERVED_COLUMNS, ObservedClaim
from jitprov.models.urls import absolute_url
from jitprov.provisioning.presets import Preset
from jitprov.provisioning.types import MAX_REFUSAL_TEXT, ClaimRule, GroupRule, Policy
from jitprov.saml.certificates import load_certificate
from jitprov.saml.types import Binding, IdpMetadata, ServiceProvider

MAX_SESSION_HOURS = 365 * 24


class UnsolicitedPolicy(models.TextChoices):
    """The ways to treat a response that answers no request of ours (IdP-initiated sign-in)."""

    RESTART = "restart", _("ask the identity provider once more (recommended)")
    REJECT = "reject", _("refuse")
    ACCEPT = "accept", _("accept")


class BindingChoice(models.TextChoices):
    """The SAML binding: how a message travels through the browser."""

    REDIRECT = Binding.REDIRECT.value, "HTTP-Redirect"
    POST = Binding.POST.value, "HTTP-POST"


class IdentityProviderQuerySet(models.QuerySet["IdentityProvider"]):
    """A query set of identity providers."""

    def with_configuration(self) -> IdentityProviderQuerySet:
        """Read the tenant, certificates and mappings in the same statement."""
        return self.select_related("tenant").annotate(
            certificate_rows=json_rows(
                SigningCertificate.objects.filter(identity_provider=OuterRef("pk")),
                *certificates.COLUMNS,
            ),
            claim_rows=json_rows(
                ClaimMapping.objects.filter(identity_provider=OuterRef("pk")), *CLAIM_COLUMNS
            ),
            group_rows=json_rows(
                GroupMapping.objects.filter(identity_provider=OuterRef("pk")), *GROUP_COLUMNS
            ),
            observed_rows=json_rows(
                ObservedClaim.objects.filter(identity_provider=OuterRef("pk")), *OBSERVED_COLUMNS
            ),
        )


class IdentityProvider(models.Model):
    """One tenant's SAML identity provider. It knows us as a service provider of its own, with its own URLs."""

    slug = models.SlugField(
        _("slug"), max_length=100, unique=True, help_text=_("Part of every URL; do not change.")
    )
    tenant = models.ForeignKey(
        conf.TENANT_MODEL,
        on_delete=models.CASCADE,
        related_name="identity_providers",
        verbose_name=_("tenant"),
    )
    entity_id = models.CharField(_("entity ID"), max_length=1024, blank=True)
    sso_url = models.URLField(_("sign-on URL"), max_length=2048, blank=True)
    sso_binding = models.CharField(
        _("sign-on binding"), max_length=64, choices=BindingChoice, default=BindingChoice.REDIRECT
    )
    slo_url = models.URLField(_("logout URL"), max_length=2048, blank=True)
    slo_binding = models.CharField(
        _("logout binding"), max_length=64, choices=BindingChoice, default=BindingChoice.REDIRECT
    )
    want_authn_requests_signed = models.BooleanField(_("wants signed requests"), default=False)
    preset = models.CharField(
        _("kind"),
        max_length=20,
        choices=[(preset.value, preset.details.label) for preset in Preset],
        default=Preset.NONE.value,
    )
    subject_claim = models.CharField(
        _("subject claim"),
        max_length=512,
        blank=True,
        help_text=_("Permanent identifier of a person. Leave empty to use NameID."),
    )
    sp_entity_id = models.CharField(
        _("our entity ID"),
        max_length=1024,
        blank=True,
        help_text=_("Only if this identity provider already knows us by another one."),
    )
    sp_acs_url = models.URLField(
        _("our ACS URL"),
        max_length=2048,
        blank=True,
        help_text=_(
            "Only if this identity provider already posts to another one, which must lead here."
        ),
    )
    enabled = models.BooleanField(_("enabled"), default=True)
    create_users = models.BooleanField(_("create people on their first sign-in"), default=True)
    link_existing_users = models.BooleanField(
        _("attach to accounts that a provisioner finds"), default=False
    )
    allow_privileged = models.BooleanField(
        _("let people in who can do more than this tenant may decide about"),
        default=False,
        db_default=False,
        help_text=_("For your own staff: whoever runs this identity provider can act as them."),
    )
    everybody_group = models.ForeignKey(
        Group,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("group for everybody"),
        help_text=_("Whoever comes in by this identity provider belongs to it."),
    )
    group_required_text = models.CharField(
        _("what people in none of the groups are told"),
        max_length=MAX_REFUSAL_TEXT,
        blank=True,
        default="",
        db_default="",
        help_text=_(
            "Where only members of certain groups may come in. For example whom to ask. Shown to the person who is refused."
        ),
    )
    unsolicited = models.CharField(
        _("sign-ins started from My Apps or another portal"),
        max_length=10,
        choices=UnsolicitedPolicy,
        default=UnsolicitedPolicy.RESTART,
    )
    session_hours = models.PositiveSmallIntegerField(
        _("longest session, in hours"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_SESSION_HOURS)],
        help_text=_(
            "After that people sign in again. Leave this empty for what the application does."
        ),
    )
    session_endings = Counter(default=0, db_default=0, editable=False)
    """How many times all sessions that came by this identity provider were ended."""
    follow_relay_state = models.BooleanField(
        _("go to the page that the portal names"),
        default=False,
        db_default=False,
        help_text=_("For accepted sign-ins from a portal: its RelayState, if it is a path here."),
    )
    force_authn = models.BooleanField(_("ask for the password every time"), default=False)
    name_id_format = models.CharField(
        _("NameID format to ask for"), max_length=255, blank=True, help_text=_("Usually empty.")
    )
    authn_contexts = models.TextField(
        _("authentication contexts to ask for"),
        blank=True,
        help_text=_("One URI a line; usually empty: Entra refuses most. Others are refused."),
    )
    required_contexts = models.TextField(
        _("authentication contexts to require"),
        blank=True,
        default="",
        db_default="",
        help_text=_("One URI a line, not asked for. Who comes with none of them is refused."),
    )
    metadata_url = models.URLField(
        _("metadata URL"),
        max_length=2048,
        blank=True,
        default="",
        db_default="",
        help_text=_("Where its metadata is fetched from, again and again."),
    )
    metadata_checked_at = models.DateTimeField(
        _("metadata last fetched on"), null=True, blank=True, editable=False
    )
    metadata_error = models.CharField(
        _("why the metadata could not be fetched"),
        max_length=50,
        blank=True,
        default="",
        db_default="",
        editable=False,
    )
    tested_at = models.DateTimeField(
        _("last test passed on"), null=True, blank=True, editable=False
    )
    tested_digest = models.CharField(
        max_length=64, blank=True, default="", db_default="", editable=False
    )
    """The digest of the configuration that the last passed test sign-in was made with."""
    enabled_at = models.DateTimeField(_("enabled on"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = IdentityProviderQuerySet.as_manager()

    class Meta:
        verbose_name = _("identity provider")
        verbose_name_plural = _("identity providers")
        constraints = [
            models.CheckConstraint(
                condition=Q(enabled=False) | (~Q(entity_id="") & ~Q(sso_url="")),
                name="jitprov_enabled_idp_can_be_reached",
            ),
            models.CheckConstraint(
                condition=Q(unsolicited__in=UnsolicitedPolicy.values),
                name="jitprov_idp_unsolicited_is_known",
            ),
            models.CheckConstraint(
                condition=Q(
                    sso_binding__in=BindingChoice.values, slo_binding__in=BindingChoice.values
                ),
                name="jitprov_idp_bindings_are_known",
            ),
        ]

    def __str__(self) -> str:
        return self.slug

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self._state.adding:
            self._require_own_slug()
        super().save(*args, **kwargs)

    def _require_own_slug(self) -> None:
        """Raise :class:`ValidationError` for a slug of another tenant, which its identity provider may still trust."""
        retired: Any = apps.get_model("jitprov.RetiredName")
        if retired.has_elsewhere(self.slug, self.tenant_id):
            raise ValidationError({"slug": _("This was another customer's.")})

    @classmethod
    def meant_by(cls, slug: str) -> IdentityProvider | None:
        """Return the identity provider with this slug and its configuration, read in one statement."""
        return next(iter(_BY_SLUG.run(slug=str(slug))), None)

    @property
    def is_draft(self) -> bool:
        """Tell whether it lacks what a request needs: the entity ID or the sign-on URL."""
        return not (self.entity_id and self.sso_url)

    def clean(self) -> None:
        if self.enabled and self.is_draft:
            raise ValidationError(
                {
                    name: _("Needed before people can sign in.")
                    for name in ("entity_id", "sso_url")
                    if not getattr(self, name)
                }
            )

    def url(self, view: str) -> str:
        """Return the absolute URL of one of our views for this identity provider; never from the Host header."""
        return absolute_url(view, self.slug)

    def browser_url(self, view: str) -> str:
        """Return the URL of a view at the host that responses are posted to.

        A sign-in has to begin there: the cookie of a request comes back to no other host.
        """
        path = self.url(view).removeprefix(conf.BASE_URL)
        return f"{self.origin_of_responses}{path}"

    @property
    def origin_of_responses(self) -> str:
        """Return scheme and host of the assertion consumer service: the application's, or a tenant's own domain."""
        if not self.sp_acs_url:
            return conf.BASE_URL
        parts = urlsplit(self.sp_acs_url)
        usual = ":443" if parts.scheme == "https" else ":80"
        return f"{parts.scheme}://{parts.netloc.lower().removesuffix(usual)}"

    def as_service_provider(self) -> ServiceProvider:
        """Return the service provider that we are to this identity provider."""
        return ServiceProvider(
            entity_id=self.sp_entity_id or self.url("metadata"),
            acs_url=self.sp_acs_url or self.url("acs"),
            slo_url=self.browser_url("slo"),
            key_pairs=conf.SP_KEY_PAIRS,
            # Also said in our metadata: an identity provider may check only what it was told to expect.
            sign_requests=conf.SIGN_REQUESTS
            or (self.want_authn_requests_signed and bool(conf.SP_KEY_PAIRS)),
        )

    @property
    def contexts_that_count(self) -> frozenset[str]:
        """Return the authentication contexts of which an answer needs one: required, else asked for."""
        return frozenset((self.required_contexts or self.authn_contexts).split())

    def as_metadata(self) -> IdpMetadata:
        """Return what the identity provider told us about itself."""
        return IdpMetadata(
            entity_id=self.entity_id,
            sso_url=self.sso_url,
            sso_binding=Binding(self.sso_binding),
            slo_url=self.slo_url,
            slo_binding=Binding(self.slo_binding),
            signing_certificates=tuple(
                load_certificate(row["pem"], allow_expired=bool(row["allow_expired"]))
                for row in self._rows("certificate_rows", "certificates", certificates.COLUMNS)
            ),
            want_authn_requests_signed=self.want_authn_requests_signed,
        )

    def claim_rules(self) -> tuple[ClaimRule, ...]:
        """Return the claim mappings, in order."""
        rows = self._rows("claim_rows", "claim_mappings", CLAIM_COLUMNS)
        return tuple(claim_rule(row) for row in sorted(rows, key=lambda row: row["position"]))

    def group_rules(self) -> tuple[GroupRule, ...]:
        """Return the group mappings, and the one of everybody.

        :raises MappingError: no form would have saved a row.
        """
        rows = self._rows("group_rows", "group_mappings", GROUP_COLUMNS)
        rules = tuple(group_rule(row) for row in rows)
        return (*rules, *everybody_rules(self.everybody_group_id))

    def observed_names(self) -> dict[str, str]:
        """Return the claims that have arrived, each with the last day on which it did, in ISO 8601."""
        rows = self._rows("observed_rows", "observed_claims", OBSERVED_COLUMNS)
        return {row["name"]: str(row["last_seen"]) for row in rows}

    def policy(self, *, tenant_enabled: bool) -> Policy:
        """Return what the tenant allows."""
        return Policy(
            tenant_enabled=tenant_enabled,
            identity_provider_enabled=self.enabled,
            create_users=self.create_users,
            link_existing_users=self.link_existing_users,
            allow_privileged=self.allow_privileged,
        )

    def _rows(
        self, annotation: str, relation: str, fields: tuple[str, ...]
    ) -> Iterable[dict[str, Any]]:
        """Return related rows: from the statement that read this row, or with one of their own."""
        if annotation in self.__dict__:
            return self.__dict__[annotation] or ()
        related: models.Manager[Any] = getattr(self, relation)
        return related.values(*fields)


_BY_SLUG = KeptSelect(
    lambda: IdentityProvider.objects.with_configuration().filter(slug=Parameter("slug"))
)


class EmailDomain(models.Model):
    """An e-mail domain whose people sign in at this identity provider. It routes; it proves nothing."""

    identity_provider = models.ForeignKey(
        IdentityProvider, on_delete=models.CASCADE, related_name="email_domains"
    )
    domain = models.CharField(_("domain"), max_length=253, unique=True)

    class Meta:
        verbose_name = _("e-mail domain")
        verbose_name_plural = _("e-mail domains")

    def __str__(self) -> str:
        return self.domain

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.clean()
        super().save(*args, **kwargs)

    def clean(self) -> None:
        # Before forms look whether it is taken, and as discovery compares it.
        self.domain = self.domain.strip().lower()
