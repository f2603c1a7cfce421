"""``path("saml/", include("jitprov.urls"))``."""

from __future__ import annotations

from django.urls import path

from jitprov import views

app_name = "jitprov"

urlpatterns = [
    path("login/", views.DiscoveryView.as_view(), name="discovery"),
    path("<slug:slug>/metadata/", views.MetadataView.as_view(), name="metadata"),
    path("<slug:slug>/login/", views.LoginView.as_view(), name="login"),
    path("<slug:slug>/test/", views.StartTestView.as_view(), name="start-test"),
    path("<slug:slug>/acs/", views.AssertionConsumerServiceView.as_view(), name="acs"),
]
