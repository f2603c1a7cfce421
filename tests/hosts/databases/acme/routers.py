from __future__ import annotations

ACCOUNTS = {
    "admin",
    "auth",
    "contenttypes",
    "jitprov",
}  # and the apps of your user and tenant models


class AccountsRouter:
    def db_for_read(self, model, **hints):
        return "accounts" if model._meta.app_label in ACCOUNTS else "default"

    db_for_write = db_for_read

    def allow_migrate(self, db, app_label, **hints):
        return (db == "accounts") == (app_label in ACCOUNTS)
