"""Carry out those steps of the migrations that read or write rows.

They stand apart from the migrations so that ``squashmigrations`` can name them: a module with a number cannot be imported.
"""

from __future__ import annotations

from typing import Any

from django.db.migrations.exceptions import IrreversibleError
from django.db.models import Exists, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

BATCH = 1000
MAX_NAMED = 10


def refuse_drafts(apps: Any, schema_editor: Any) -> None:
    """Refuse to go back while there are rows that the first migration forbids, before anything is dropped.

    On MariaDB nothing of a migration is undone that fails half-way.
    """
    alias = schema_editor.connection.alias
    rows = apps.get_model('jitprov', 'IdentityProvider').objects.using(alias)
    drafts = rows.filter(Q(entity_id='') | Q(sso_url='')).order_by('slug')
    slugs = list(drafts.values_list('slug', flat=True)[: MAX_NAMED + 1])
    if slugs:
        named = ', '.join(slugs[:MAX_NAMED]) + (' and more' if len(slugs) > MAX_NAMED else '')
        raise IrreversibleError(
            f'Identity providers without an entity ID or a sign-on URL are in the way: {named}. Delete them or complete '
            'them, and migrate again. Nothing of this migration has been undone.'
        )


def move_out(apps: Any, schema_editor: Any) -> None:
    """Copy what the identity providers have counted to rows of their own."""
    alias = schema_editor.connection.alias
    counted = apps.get_model('jitprov', 'IdentityProvider').objects.using(alias).filter(unverified_refusals__gt=0)
    model = apps.get_model('jitprov', 'UnprovedRefusals')
    at = timezone.now()
    model.objects.using(alias).bulk_create(
        [
            model(identity_provider_id=key, count=count, counted_at=at)
            for key, count in counted.values_list('pk', 'unverified_refusals')
        ],
        batch_size=BATCH,
    )


def move_back(apps: Any, schema_editor: Any) -> None:
    """Copy what the rows have counted to the identity providers."""
    alias = schema_editor.connection.alias
    counts = apps.get_model('jitprov', 'UnprovedRefusals').objects.using(alias)
    its_count = counts.filter(pk=OuterRef('pk')).values('count')
    apps.get_model('jitprov', 'IdentityProvider').objects.using(alias).update(
        unverified_refusals=Coalesce(Subquery(its_count), 0)
    )


def mark_made(apps: Any, schema_editor: Any) -> None:
    """Note on the identities which accounts were made for them, as far as events still say so."""
    alias = schema_editor.connection.alias
    made = apps.get_model('jitprov', 'ProvisioningEvent').objects.using(alias).filter(
        outcome='created', user=OuterRef('user'), identity_provider=OuterRef('identity_provider')
    )
    identities = apps.get_model('jitprov', 'ExternalIdentity').objects.using(alias)
    identities.filter(Exists(made)).update(made_account=True)
