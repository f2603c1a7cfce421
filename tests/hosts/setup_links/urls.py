from __future__ import annotations

from acme.views import invite
from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("saml/", include("jitprov.urls")),
    path("customers/<slug:slug>/invite/", invite),
]
