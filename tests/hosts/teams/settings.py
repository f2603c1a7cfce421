from __future__ import annotations

from readme import *

LOGIN_URL = "/saml/login/"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "None"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
TEMPLATES[0]["DIRS"] = [BASE_DIR / "templates"]
