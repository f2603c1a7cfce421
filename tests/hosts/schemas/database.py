"""The PostgreSQL that tests run on, with a name that no other process uses."""

from __future__ import annotations

import os

import environ

URL = os.environ.get("DATABASE_URL", "")
if not URL.startswith("postgres"):
    URL = "postgres://postgres@127.0.0.1:5432/postgres"
DATABASE = {**environ.Env.db_url_config(URL), "TEST": {"NAME": f"test_schemas_{os.getpid()}"}}
