"""A sign-in that believes whoever comes: the rows of jitprov, written by hand, and nothing to decide."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model, login
from django.contrib.auth.models import Group
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.csrf import csrf_exempt

from jitprov.models import (
    ConsumedAssertion,
    ExternalIdentity,
    GrantedGroup,
    IdentityProvider,
    Outcome,
    ProvisioningEvent,
    digest,
)


@csrf_exempt
def sign_in(request: HttpRequest, slug: str) -> HttpResponse:
    """Let in whom the form names, as a new or a returning person."""
    identity_provider = IdentityProvider.objects.select_related("tenant").get(slug=slug)
    ConsumedAssertion.objects.create(
        identity_provider=identity_provider,
        assertion_digest=digest(str(uuid.uuid4())),
        expires_at=datetime.now(UTC) + timedelta(hours=1),
    )
    login(request, _provisioned(identity_provider, request.POST.dict()))
    return redirect(settings.LOGIN_REDIRECT_URL)


@transaction.atomic
def _provisioned(identity_provider: IdentityProvider, form: Mapping[str, Any]) -> Any:
    identity = (
        ExternalIdentity.objects.select_related("user")
        .select_for_update()
        .filter(identity_provider=identity_provider, external_id_digest=digest(form["external_id"]))
        .first()
    )
    user = identity.user if identity else _created(identity_provider, form)
    ProvisioningEvent.objects.create(
        identity_provider=identity_provider,
        tenant_id=identity_provider.tenant_id,
        user=user,
        outcome=Outcome.UNCHANGED if identity else Outcome.CREATED,
    )
    user.backend = "django.contrib.auth.backends.ModelBackend"
    return user


def _created(identity_provider: IdentityProvider, form: Mapping[str, Any]) -> Any:
    user: Any = get_user_model()(
        username=form["username"],
        email=form["email"],
        first_name=form["first_name"],
        last_name=form["last_name"],
    )
    user.set_unusable_password()
    user.save(force_insert=True)
    identity = ExternalIdentity.objects.create(
        identity_provider=identity_provider, external_id=form["external_id"], user=user
    )
    groups = Group.objects.all()
    user.groups.add(*groups)
    GrantedGroup.objects.bulk_create(
        GrantedGroup(identity=identity, group=group) for group in groups
    )
    return user
