from __future__ import annotations

from acme import views
from django.urls import include, path

urlpatterns = [
    path("saml/<slug:slug>/acs/", views.HandOver.as_view()),  # before jitprov's own
    path("saml/", include("jitprov.urls")),
    path("api/me/", views.me),
    path("api/token/", views.token),
]
