"""The provisioner of this product, which finds and writes accounts."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser

from example_site.people.models import User
from jitprov.provisioner import Provisioner
from jitprov.provisioning.types import Claims, Create


class OrganisationProvisioner(Provisioner):
    """Puts new people into the organisation of the directory from which they come."""

    def find(self, claims: Claims) -> AbstractBaseUser | None:
        """Return an account of this organisation that somebody made by hand before the directory was connected.

        The organisation owns these accounts, so that its directory's e-mail addresses can be trusted. No account of
        another organisation is found.
        """
        addresses = self._addresses(claims)
        if not addresses:
            return None
        return User.objects.filter(
            organisation=self.identity_provider.tenant_id,
            external_identities=None,
            email__iexact=addresses[0],
        ).first()

    def _addresses(self, claims: Claims) -> list[str]:
        """Return the values of the claim that fills the e-mail address."""
        return [
            value
            for rule in self.identity_provider.claim_rules()
            if rule.target == User.EMAIL_FIELD
            for source in rule.sources
            for value in claims.values.get(source, ())
        ]

    def create_user(self, create: Create) -> AbstractBaseUser:
        user = super().create_user(create)
        User.objects.filter(pk=user.pk).update(organisation=self.identity_provider.tenant_id)
        return user
