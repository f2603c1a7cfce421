"""Store tenants, for hosts that have no tenant model of their own, and look whether there is that of the others."""

from __future__ import annotations

from difflib import get_close_matches

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.utils.translation import gettext_lazy as _

from jitprov.conf import conf


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


def require_tenant_model() -> None:
    """Raise :class:`ImproperlyConfigured` unless there is the tenant model that the settings name.

    Django would say it once for each of our foreign keys, and fail where a table is made or read.
    """
    named = conf.TENANT_MODEL
    try:
        apps.get_model(named, require_ready=False)
    except (LookupError, ValueError) as error:
        known = [
            one._meta.label for models_ in apps.all_models.values() for one in models_.values()
        ]
        close = get_close_matches(named.lower(), [label.lower() for label in known], n=1)
        meant = next((label for label in known if label.lower() in close), "")
        raise ImproperlyConfigured(
            f"JITPROV_TENANT_MODEL is {named!r}, and there is no such model."
            + (
                f" Did you mean {meant!r}?"
                if meant
                else " It takes 'app_label.Model' of an installed app."
            )
        ) from error
