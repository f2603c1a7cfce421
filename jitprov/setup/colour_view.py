"""The style sheet with the colour of a product, at a URL that names nothing else."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from jitprov.host.product import style

_DAY = 24 * 60 * 60


@login_not_required
@require_safe
def colour_view(request: HttpRequest, colour: str) -> HttpResponse:
    """Return the style sheet: ``colours/<six hexadecimal digits>.css``."""
    response = HttpResponse(style(colour), content_type="text/css")
    patch_cache_control(response, public=True, max_age=_DAY, immutable=True)
    return response
