from __future__ import annotations

from django.urls import include, path

urlpatterns = [path("saml/", include("jitprov.urls"))]
