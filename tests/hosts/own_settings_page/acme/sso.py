from __future__ import annotations

from acme.models import Customer
from jitprov.api.permissions import AdministersTenant
from jitprov.provisioner import Provisioner


class AcmeProvisioner(Provisioner):
    @classmethod
    def tenants_administered_by(cls, user):
        return Customer.objects.filter(owners=user)


class OnThePlanWithSso(AdministersTenant):
    def has_object_permission(self, request, view, obj):
        customer = getattr(obj, "tenant", None)
        return customer is None or customer.plan != "free"
