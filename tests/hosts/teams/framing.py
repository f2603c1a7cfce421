from __future__ import annotations

from functools import wraps

from django.views.decorators.clickjacking import xframe_options_exempt

PARENTS = "https://teams.microsoft.com https://*.cloud.microsoft"


def for_teams(view):
    """Let Teams frame a page, and nobody else."""

    @wraps(view)
    @xframe_options_exempt
    def framed(request, *args, **kwargs):
        response = view(request, *args, **kwargs)
        response["Content-Security-Policy"] = f"frame-ancestors {PARENTS}"
        return response

    return framed
