"""How accounts of this product are written."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser

from example_site.people.models import User
from jitprov.provisioner import Provisioner
from jitprov.provisioning.types import Create


class OrganisationProvisioner(Provisioner):
    """Puts new people into the organisation whose directory vouches for them."""

    def create_user(self, create: Create) -> AbstractBaseUser:
        user = super().create_user(create)
        User.objects.filter(pk=user.pk).update(organisation=self.identity_provider.tenant_id)
        return user
