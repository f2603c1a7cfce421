from __future__ import annotations

from readme import *

ALLOWED_HOSTS = ["app.example", "10.0.0.5"]  # or only what your proxy sends
CSRF_TRUSTED_ORIGINS = [JITPROV_BASE_URL]
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
