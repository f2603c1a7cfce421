from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class AcmeConfig(AppConfig):
    name = "acme"

    def ready(self):
        import_module("acme.receivers")
