from __future__ import annotations

from django.core.exceptions import ValidationError

from acme.models import Profile
from jitprov.provisioner import Provisioner, ProvisioningRefused
from jitprov.provisioning.types import RefusalReason, Refuse

CLAIMS = {"department": "user.department", "job_title": "user.jobtitle"}


class AcmeProvisioner(Provisioner):
    def write_related(self, user, desired):
        profile, _ = Profile.objects.get_or_create(user=user)
        for field, claim in CLAIMS.items():
            values = desired.claims.values.get(claim)
            if values:  # a claim that did not come says nothing
                setattr(profile, field, values[0])
        try:
            profile.full_clean()
        except ValidationError as error:
            fields = tuple(error.error_dict)
            refusal = Refuse(reason=RefusalReason.INVALID_VALUE, fields=fields)
            raise ProvisioningRefused(refusal) from error
        profile.save()
