"""The URLs of the directories' site."""

from __future__ import annotations

from django.urls import path

from example_site.directory import views

urlpatterns = [
    path("", views.index, name="index"),
    path("<uuid:tenant_id>/saml2", views.sign_in, name="sign-in"),
    path("<uuid:tenant_id>/myapps", views.my_apps, name="my-apps"),
    path("<uuid:tenant_id>/application", views.application, name="application"),
    path("<uuid:tenant_id>/federationmetadata.xml", views.metadata),
    path(
        "<uuid:tenant_id>/federationmetadata/2007-06/federationmetadata.xml",
        views.metadata,
        name="metadata",
    ),
]
