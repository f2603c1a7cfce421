from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from jitprov.models import Tenant


def tenant_of_the_subdomain(get_response):
    def middleware(request):
        host = request.get_host()
        if f"https://{host}" == settings.JITPROV_BASE_URL:
            return get_response(request)
        request.tenant = get_object_or_404(Tenant, slug=host.removesuffix(".app.example"))
        if not is_of(request.user, request.tenant):
            return sign_in(request)
        return get_response(request)

    return middleware


def is_of(user, tenant):
    if user.is_anonymous:
        return False
    return user.external_identities.filter(identity_provider__tenant=tenant, active=True).exists()


def sign_in(request):
    here = f"https://{request.get_host()}{request.get_full_path()}"
    query = urlencode({"tenant": request.tenant.slug, "next": here})
    return HttpResponseRedirect(
        f"{settings.JITPROV_BASE_URL}{reverse('jitprov:discovery')}?{query}"
    )
