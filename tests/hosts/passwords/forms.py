from __future__ import annotations

from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError


class PasswordForm(AuthenticationForm):
    """For people whom no identity provider knows; the others have no second door."""

    def confirm_login_allowed(self, user):
        super().confirm_login_allowed(user)
        if user.external_identities.exists():
            raise ValidationError("Sign in with your organisation.", code="organisation")
