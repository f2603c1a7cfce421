from __future__ import annotations

POLICY = "default-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"


def content_security_policy(get_response):
    """No inline script and no inline style, also in the admin."""

    def middleware(request):
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        return response

    return middleware
