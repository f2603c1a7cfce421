from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from jitprov.sign_in.views import AssertionConsumerServiceView


def home(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(request.user))


urlpatterns = [
    path("", home),
    path("admin/", admin.site.urls),
    path("saml/", include("jitprov.urls")),
    path("sso-api/", include("jitprov.api.urls")),
    # Where an identity provider that came with the host has always posted to.
    path("sso/<slug:slug>/acs", AssertionConsumerServiceView.as_view()),
]
