"""Map the URLs of the host in :mod:`_ext.host`."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [path("saml/", include("jitprov.urls"))]
