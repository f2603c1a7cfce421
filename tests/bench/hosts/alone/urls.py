from __future__ import annotations

from django.urls import path

from tests.bench.hosts.alone.views import sign_in

urlpatterns = [path("<slug:slug>/sign-in/", sign_in, name="sign-in")]
