"""How accounts of this product are written."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser

from example_site.people.models import User
from jitprov.provisioner import Provisioner
from jitprov.provisioning.types import Claims, Create


class OrganisationProvisioner(Provisioner):
    """Puts new people into the organisation whose directory vouches for them."""

    def find(self, claims: Claims) -> AbstractBaseUser | None:
        """Return an account of this very organisation that somebody made by hand before it was connected.

        It is theirs, so their directory's word for an address is good enough; nobody else's account is found.
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
        """Return the e-mail addresses that came, by the mapping that fills our field."""
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
