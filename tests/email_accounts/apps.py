from __future__ import annotations

from django.apps import AppConfig


class EmailAccountsConfig(AppConfig):
    name = "tests.email_accounts"
    label = "email_accounts"
