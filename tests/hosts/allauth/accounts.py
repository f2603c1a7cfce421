from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import ResetPasswordForm as AllauthForm
from django.shortcuts import redirect


class AccountAdapter(DefaultAccountAdapter):
    def pre_login(self, request, user, **kwargs):
        if user.external_identities.exists():  # one door only: their organisation's
            return redirect("jitprov:discovery")
        return super().pre_login(request, user, **kwargs)


class ResetPasswordForm(AllauthForm):
    def clean_email(self):
        email = super().clean_email()
        self.users = [user for user in self.users if not user.external_identities.exists()]
        return email
