from __future__ import annotations

from readme import *

INSTALLED_APPS += ["allauth", "allauth.account"]
MIDDLEWARE += ["allauth.account.middleware.AccountMiddleware"]
AUTHENTICATION_BACKENDS += ["allauth.account.auth_backends.AuthenticationBackend"]
ACCOUNT_ADAPTER = "accounts.AccountAdapter"
ACCOUNT_FORMS = {"reset_password": "accounts.ResetPasswordForm"}
