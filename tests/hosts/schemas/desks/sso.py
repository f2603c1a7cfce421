from __future__ import annotations

from django_tenants.utils import tenant_context

from desks.models import Member
from jitprov.provisioner import Provisioner


class DeskProvisioner(Provisioner):
    def write_related(self, user, desired):
        department = desired.claims.values.get("department", ("",))[0]
        with tenant_context(self.identity_provider.tenant):
            Member.objects.update_or_create(user=user, defaults={"department": department})
