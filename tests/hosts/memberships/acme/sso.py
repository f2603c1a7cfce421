from __future__ import annotations

from django.contrib.auth.models import Group

from acme.models import ROLES, Membership
from jitprov.provisioner import Provisioner


class AcmeProvisioner(Provisioner):
    def write_related(self, user, desired):
        if desired.groups is not None:  # None: nobody knows, so the role stays
            who = {"user": user, "organisation": self.identity_provider.tenant}
            names = {group.name for group in Group.objects.filter(pk__in=desired.groups)}
            role = next((role for role in ROLES if role in names), None)
            if role:
                Membership.objects.update_or_create(**who, defaults={"role": role})
            else:
                Membership.objects.filter(**who).delete()
