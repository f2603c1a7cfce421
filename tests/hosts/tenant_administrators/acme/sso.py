from __future__ import annotations

from django.db.models import Q

from acme.models import Customer
from jitprov.provisioner import Provisioner


class AcmeProvisioner(Provisioner):
    @classmethod
    def tenants_administered_by(cls, user):
        """Besides those of their rows, the customers that one of us looks after."""
        by_row = super().tenants_administered_by(user).values("pk")
        return Customer.objects.filter(Q(pk__in=by_row) | Q(looked_after_by=user))

    def assignable_groups(self):
        """A group whose name begins with a customer's is for that customer alone."""
        own = Q(name__startswith=f"{self.identity_provider.tenant.name}: ")
        return super().assignable_groups().filter(own | ~Q(name__contains=": "))
