"""Who may say who people are, what it means, and what came of it."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from jitprov.conf import conf
from jitprov.exceptions import JitprovError
from jitprov.json_rows import json_rows
from jitprov.provisioning.mapping import FORBIDDEN_TARGETS, check_rule
from jitprov.provisioning.presets import Preset
from jitprov.provisioning.transforms import MappingError, parse_transforms
from jitprov.provisioning.types import (
    ClaimRule,
    GroupRule,
    Policy,
    Source,
    SyncMode,
    Transform,
    WhenEmpty,
)
from jitprov.saml.certificates import load_certificate
from jitprov.saml.types import Binding, Certificate, IdpMetadata, ServiceProvider


class Tenant(models.Model):
    """A customer of the host, for hosts that have no tenant model of their own."""

    slug = models.SlugField(_("slug"), unique=True)
    name = models.CharField(_("name"), max_length=200)

    class Meta:
        swappable = "JITPROV_TENANT_MODEL"
        verbose_name = _("tenant")
        verbose_name_plural = _("tenants")

    def __str__(self) -> str:
        return self.name


class UnsolicitedPolicy(models.TextChoices):
    """What to do with a response that nobody here asked for (IdP-initiated sign-in)."""

    RESTART = "restart", _("start again from here, so that nothing can be injected")
    REJECT = "reject", _("refuse")
    ACCEPT = "accept", _("accept")


class BindingChoice(models.TextChoices):
    """How a message travels through the browser."""

    REDIRECT = Binding.REDIRECT.value, "HTTP-Redirect"
    POST = Binding.POST.value, "HTTP-POST"


class IdentityProviderQuerySet(models.QuerySet["IdentityProvider"]):
    """Identity providers."""

    def with_configuration(self) -> IdentityProviderQuerySet:
        """Read the tenant, certificates and mappings in the same statement."""
        return self.select_related("tenant").annotate(
            certificate_rows=json_rows(
                SigningCertificate.objects.filter(identity_provider=OuterRef("pk")), *_CERTIFICATE
            ),
            claim_rows=json_rows(
                ClaimMapping.objects.filter(identity_provider=OuterRef("pk")), *_CLAIM
            ),
            group_rows=json_rows(
                GroupMapping.objects.filter(identity_provider=OuterRef("pk")), *_GROUP
            ),
        )


_CERTIFICATE = ("pem", "allow_expired")
_CLAIM = ("position", "sources", "target", "transforms", "sync", "required", "when_empty")
_GROUP = ("claim", "value", "group_id")


class IdentityProvider(models.Model):
    """One tenant's SAML authority. Each is met as a service provider of its own."""

    slug = models.SlugField(
        _("slug"), max_length=100, unique=True, help_text=_("Part of every URL; do not change.")
    )
    tenant = models.ForeignKey(
        conf.TENANT_MODEL,
        on_delete=models.CASCADE,
        related_name="identity_providers",
        verbose_name=_("tenant"),
    )
    entity_id = models.CharField(_("entity ID"), max_length=1024)
    sso_url = models.URLField(_("sign-on URL"), max_length=2048)
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
        help_text=_("The claim that says who a person is, for ever. Empty means the NameID."),
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
    unsolicited = models.CharField(
        _("responses nobody asked for"),
        max_length=10,
        choices=UnsolicitedPolicy,
        default=UnsolicitedPolicy.RESTART,
    )
    force_authn = models.BooleanField(_("ask for the password every time"), default=False)
    name_id_format = models.CharField(
        _("NameID format to ask for"), max_length=255, blank=True, help_text=_("Usually empty.")
    )
    authn_contexts = models.TextField(
        _("authentication contexts to ask for"),
        blank=True,
        help_text=_("One URI a line; usually empty, because Entra refuses most of them."),
    )
    unverified_refusals = models.PositiveBigIntegerField(
        _("refusals of unproved origin"), default=0, editable=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = IdentityProviderQuerySet.as_manager()

    class Meta:
        verbose_name = _("identity provider")
        verbose_name_plural = _("identity providers")
        constraints = [
            models.CheckConstraint(
                condition=~Q(entity_id="") & ~Q(sso_url=""), name="jitprov_idp_can_be_reached"
            ),
            models.CheckConstraint(
                condition=Q(unsolicited__in=UnsolicitedPolicy.values),
                name="jitprov_idp_unsolicited_is_known",
            ),
        ]

    def __str__(self) -> str:
        return self.slug

    def url(self, view: str) -> str:
        """Return the absolute URL of one of our views for this identity provider; never from the Host header."""
        return urljoin(conf.BASE_URL + "/", reverse(f"jitprov:{view}", args=[self.slug]))

    def as_service_provider(self) -> ServiceProvider:
        """Return us, as this identity provider sees us."""
        return ServiceProvider(
            entity_id=self.sp_entity_id or self.url("metadata"),
            acs_url=self.sp_acs_url or self.url("acs"),
            key_pairs=conf.SP_KEY_PAIRS,
            sign_requests=conf.SIGN_REQUESTS,
        )

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
                for row in self._rows("certificate_rows", "certificates", _CERTIFICATE)
            ),
            want_authn_requests_signed=self.want_authn_requests_signed,
        )

    def claim_rules(self) -> tuple[ClaimRule, ...]:
        """Return the claim mappings, in order."""
        rows = self._rows("claim_rows", "claim_mappings", _CLAIM)
        return tuple(_claim_rule(row) for row in sorted(rows, key=lambda row: row["position"]))

    def group_rules(self) -> tuple[GroupRule, ...]:
        """Return the group mappings."""
        return tuple(
            GroupRule(claim=row["claim"], value=row["value"], group=row["group_id"])
            for row in self._rows("group_rows", "group_mappings", _GROUP)
        )

    def policy(self, *, tenant_enabled: bool) -> Policy:
        """Return what the tenant allows."""
        return Policy(
            tenant_enabled=tenant_enabled,
            identity_provider_enabled=self.enabled,
            create_users=self.create_users,
            link_existing_users=self.link_existing_users,
        )

    def _rows(
        self, annotation: str, relation: str, fields: tuple[str, ...]
    ) -> Iterable[dict[str, Any]]:
        """Return related rows: from the statement that read this row, or with one of their own."""
        if annotation in self.__dict__:
            return self.__dict__[annotation] or ()
        related: models.Manager[Any] = getattr(self, relation)
        return related.values(*fields)


def _claim_rule(row: dict[str, Any]) -> ClaimRule:
    return ClaimRule(
        sources=_lines(row["sources"]),
        target=row["target"],
        transforms=_transforms(row["transforms"]),
        sync=SyncMode(row["sync"]),
        required=bool(row["required"]),
        when_empty=WhenEmpty(row["when_empty"]),
    )


def _lines(text: str) -> tuple[str, ...]:
    # Pasted claim names bring blanks along, and a name with blanks around it would never come.
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _transforms(raw: Any) -> tuple[Transform, ...]:
    # Inside the JSON of a whole row some databases give a JSON column as text.
    try:
        return parse_transforms(json.loads(raw) if isinstance(raw, str) else raw)
    except ValueError as error:
        raise MappingError("transforms must be a list") from error


class SigningCertificate(models.Model):
    """A certificate whose key may sign for an identity provider; several while one replaces another."""

    identity_provider = models.ForeignKey(
        IdentityProvider, on_delete=models.CASCADE, related_name="certificates"
    )
    pem = models.TextField(_("certificate"))
    fingerprint = models.CharField(_("SHA-256 fingerprint"), max_length=64, editable=False)
    not_before = models.DateTimeField(_("valid from"), editable=False)
    not_after = models.DateTimeField(_("valid until"), editable=False)
    allow_expired = models.BooleanField(_("trust it after it has expired"), default=False)

    class Meta:
        verbose_name = _("signing certificate")
        verbose_name_plural = _("signing certificates")
        constraints = [
            models.UniqueConstraint(
                fields=["identity_provider", "fingerprint"], name="jitprov_certificate_once_per_idp"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.fingerprint[:16]} ({self.not_after:%Y-%m-%d})"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self._read()
        super().save(*args, **kwargs)

    def clean(self) -> None:
        if not self.pem:
            return  # said by the field itself
        with _beside("pem"):
            self._read()

    def _read(self) -> None:
        """Fill what the certificate says of itself, so that it can be shown and searched."""
        certificate: Certificate = load_certificate(self.pem)
        self.pem, self.fingerprint = certificate.pem, certificate.fingerprint
        self.not_before, self.not_after = certificate.not_before, certificate.not_after


class ClaimMapping(models.Model):
    """One row of a tenant's mapping: claims in, one user field out."""

    identity_provider = models.ForeignKey(
        IdentityProvider, on_delete=models.CASCADE, related_name="claim_mappings"
    )
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    sources = models.TextField(
        _("claims"), blank=True, help_text=_("One a line; the first that has a value is used.")
    )
    target = models.CharField(_("user field"), max_length=100)
    transforms = models.JSONField(_("transforms"), default=list, blank=True)
    sync = models.CharField(
        _("write"),
        max_length=10,
        default=SyncMode.ALWAYS.value,
        choices=[
            (SyncMode.ALWAYS.value, _("at every sign-in")),
            (SyncMode.ON_CREATE.value, _("when the person is created")),
            (SyncMode.IF_EMPTY.value, _("while the field is empty")),
        ],
    )
    required = models.BooleanField(_("refuse people without a value"), default=False)
    when_empty = models.CharField(
        _("without a value"),
        max_length=5,
        default=WhenEmpty.KEEP.value,
        choices=[
            (WhenEmpty.KEEP.value, _("keep the field")),
            (WhenEmpty.CLEAR.value, _("empty the field")),
        ],
    )

    class Meta:
        verbose_name = _("claim mapping")
        verbose_name_plural = _("claim mappings")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["identity_provider", "target"], name="jitprov_one_mapping_per_user_field"
            ),
            models.CheckConstraint(
                condition=~Q(target__in=sorted(FORBIDDEN_TARGETS)),
                name="jitprov_mapping_target_is_harmless",
            ),
        ]

    def __str__(self) -> str:
        return self.target

    def clean(self) -> None:
        from jitprov.user_fields import refuse_target  # noqa: PLC0415 -- needs the user model

        if self.transforms is None:
            self.transforms = []  # what a form makes of an emptied field
        rule = ClaimRule(sources=_lines(self.sources), target=self.target)
        with _beside("transforms"):
            rule = replace(rule, transforms=_transforms(self.transforms))
        if not self.target:
            return  # said by the field itself
        with _beside("target"):
            refuse_target(self.target)
        with _beside("sources"):
            check_rule(rule)

    def as_rule(self) -> ClaimRule:
        """Return the row as a value of the pure core."""
        return _claim_rule({field: getattr(self, field) for field in _CLAIM})


@contextmanager
def _beside(field: str) -> Iterator[None]:
    """Show what is wrong with a value beside the field of the form that it was typed into."""
    try:
        yield
    except JitprovError as error:
        raise ValidationError({field: str(error)}) from error


class GroupMapping(models.Model):
    """Who has this value in this claim belongs to this group."""

    identity_provider = models.ForeignKey(
        IdentityProvider, on_delete=models.CASCADE, related_name="group_mappings"
    )
    claim = models.CharField(_("claim"), max_length=512)
    value = models.CharField(_("value"), max_length=512)
    group = models.ForeignKey(
        Group, on_delete=models.CASCADE, related_name="+", verbose_name=_("group")
    )

    class Meta:
        verbose_name = _("group mapping")
        verbose_name_plural = _("group mappings")

    def __str__(self) -> str:
        return f"{self.value} → {self.group_id}"


class EmailDomain(models.Model):
    """Where people with an e-mail address of this domain sign in. It routes; it proves nothing."""

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


def digest(value: str) -> str:
    """Return a key for a text of any length that is compared byte by byte on every database."""
    return hashlib.sha256(value.encode()).hexdigest()


class ExternalIdentity(models.Model):
    """A person, as one identity provider knows them: the anchor, never an e-mail address or a user name."""

    identity_provider = models.ForeignKey(
        IdentityProvider, on_delete=models.CASCADE, related_name="identities"
    )
    external_id = models.CharField(_("external ID"), max_length=1024)
    external_id_digest = models.CharField(max_length=64, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="external_identities",
        verbose_name=_("user"),
    )
    active = models.BooleanField(
        _("active"),
        default=True,
        help_text=_("Off: this identity provider lets the person in no more."),
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("external identity")
        verbose_name_plural = _("external identities")
        constraints = [
            # On the digest, because collations may find two identifiers equal that differ in case or accents.
            models.UniqueConstraint(
                fields=["identity_provider", "external_id_digest"],
                name="jitprov_one_user_per_external_id",
            ),
            models.CheckConstraint(
                condition=~Q(external_id=""), name="jitprov_external_id_not_empty"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.identity_provider_id}:{self.pk}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.external_id_digest = digest(self.external_id)
        super().save(*args, **kwargs)


class GrantedGroup(models.Model):
    """A membership that jitprov granted, and so may take away."""

    identity = models.ForeignKey(
        ExternalIdentity, on_delete=models.CASCADE, related_name="granted_groups"
    )
    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name = _("granted group")
        verbose_name_plural = _("granted groups")
        constraints = [
            models.UniqueConstraint(
                fields=["identity", "group"], name="jitprov_group_granted_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.identity_id}:{self.group_id}"


class ConsumedAssertion(models.Model):
    """An assertion that has been used. The INSERT is the check: one database, one use, on every machine."""

    identity_provider = models.ForeignKey(
        IdentityProvider, on_delete=models.CASCADE, related_name="+"
    )
    assertion_digest = models.CharField(max_length=64)
    expires_at = models.DateTimeField(_("to be remembered until"), db_index=True)

    class Meta:
        verbose_name = _("consumed assertion")
        verbose_name_plural = _("consumed assertions")
        constraints = [
            models.UniqueConstraint(
                fields=["identity_provider", "assertion_digest"], name="jitprov_assertion_used_once"
            ),
        ]

    def __str__(self) -> str:
        return self.assertion_digest[:16]


class Outcome(models.TextChoices):
    """What came of an attempt."""

    CREATED = "created", _("created")
    UPDATED = "updated", _("updated")
    UNCHANGED = "unchanged", _("unchanged")
    REFUSED = "refused", _("refused")
    RESTARTED = "restarted", _("sent round through a request of ours")
    ERROR = "error", _("error")


# No 0, 1, I, L, O: people read references aloud.
_REFERENCE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def new_reference() -> str:
    """Return what a person may quote: ten characters, about 49 bits."""
    return "".join(secrets.choice(_REFERENCE_ALPHABET) for _ in range(10))


class ProvisioningEvent(models.Model):
    """One attempt and what came of it: codes and field names, never a value."""

    created_at = models.DateTimeField(auto_now_add=True, db_index=True)
    reference = models.CharField(
        _("reference"), max_length=10, unique=True, default=new_reference, editable=False
    )
    source = models.CharField(
        _("source"), max_length=10, choices=[(Source.SAML.value, "SAML")], default=Source.SAML.value
    )
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome)
    reason = models.CharField(_("reason"), max_length=50, blank=True)
    verified = models.BooleanField(
        _("origin proved"), default=True, help_text=_("The identity provider's signature was good.")
    )
    tenant = models.ForeignKey(
        conf.TENANT_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("tenant"),
    )
    identity_provider = models.ForeignKey(
        IdentityProvider, on_delete=models.SET_NULL, null=True, related_name="events"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("user"),
    )
    changed_fields = models.JSONField(_("changed fields"), default=list)
    notes = models.JSONField(_("notes"), default=list)
    duration_ms = models.PositiveIntegerField(_("duration in milliseconds"), default=0)

    class Meta:
        verbose_name = _("provisioning event")
        verbose_name_plural = _("provisioning events")
        ordering = ["-created_at"]
        indexes = [
            models.Index(
                fields=["identity_provider", "verified", "-id"], name="jitprov_event_by_origin"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.outcome}"


def remembered_until(not_on_or_after: datetime) -> datetime:
    """Return until when a used assertion must be remembered: while any clock we trust could find it valid."""
    return not_on_or_after + 2 * conf.CLOCK_SKEW
