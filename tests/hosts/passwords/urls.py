from __future__ import annotations

from django.contrib.auth.views import LoginView
from django.urls import include, path
from forms import PasswordForm

urlpatterns = [
    path("accounts/login/", LoginView.as_view(authentication_form=PasswordForm), name="login"),
    path("accounts/", include("django.contrib.auth.urls")),
    path("saml/", include("jitprov.urls")),
]
