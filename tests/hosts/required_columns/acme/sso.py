from __future__ import annotations

from jitprov.provisioner import Provisioner


class AcmeProvisioner(Provisioner):
    def new_user(self, create):
        user = super().new_user(create)
        user.company = self.identity_provider.tenant
        return user
