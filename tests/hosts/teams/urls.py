from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.urls import include, path
from django.views.generic import TemplateView
from framing import for_teams

urlpatterns = [
    path("tab/", for_teams(login_required(TemplateView.as_view(template_name="tab.html")))),
    path("sign-in/", for_teams(TemplateView.as_view(template_name="sign_in.html"))),
    path("signed-in/", TemplateView.as_view(template_name="signed_in.html")),
    path("saml/", include("jitprov.urls")),
]
