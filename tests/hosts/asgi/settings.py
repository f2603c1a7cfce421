from __future__ import annotations

from readme import *

ASGI_APPLICATION = "asgi.application"
