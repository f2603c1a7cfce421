from __future__ import annotations

from acme.views import me
from django.urls import include, path

urlpatterns = [
    path("saml/", include("jitprov.urls")),
    path("me/", me),
]
