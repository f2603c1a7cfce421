from __future__ import annotations

from django.http import HttpResponse
from django.urls import include, path


def reports(request):
    return HttpResponse(f"{request.tenant} for {request.user.email}")


urlpatterns = [
    path("saml/", include("jitprov.urls")),
    path("reports/", reports),
]
