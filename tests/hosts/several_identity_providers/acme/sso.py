from __future__ import annotations

from jitprov.models import ExternalIdentity
from jitprov.provisioner import Provisioner


class AcmeProvisioner(Provisioner):
    def find(self, claims):
        known = ExternalIdentity.objects.filter(
            identity_provider__tenant=self.identity_provider.tenant,
            identity_provider__entity_id=self.identity_provider.entity_id,
            identity_provider__subject_claim=self.identity_provider.subject_claim,
            external_id=claims.external_id,
        )
        identity = known.exclude(identity_provider=self.identity_provider).first()
        return identity.user if identity and identity.external_id == claims.external_id else None
