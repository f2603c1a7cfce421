from __future__ import annotations

from django.apps import AppConfig


class EmailAccountsConfig(AppConfig):
    name = "tests.support.email_accounts"
    label = "email_accounts"
