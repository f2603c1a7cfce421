from __future__ import annotations

from readme import *

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
TEMPLATES[0]["DIRS"] = [BASE_DIR / "templates"]
