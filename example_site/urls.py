"""The URLs of the product's site."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from example_site.desks import views as desks
from example_site.sign_ins import views as sign_ins

urlpatterns = [
    path("", sign_ins.home, name="home"),
    path("account/", sign_ins.account, name="account"),
    path("desks/", desks.desks, name="desks"),
    path("desks/<int:pk>/book/", desks.book, name="book"),
    path("desks/<int:pk>/free/", desks.free, name="free"),
    path("sign-out/", sign_ins.SignOut.as_view(), name="sign-out"),
    path("saml/", include("jitprov.urls")),
    path("admin/", admin.site.urls),
]
