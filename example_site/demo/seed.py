"""The demo's customers: two are connected by the import command, and the third is left for its own admin.

Only missing rows are made, so that changes (in the admin, for example) are kept.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.core.management.base import OutputWrapper

from example_site.desks.models import Desk
from example_site.directory.directories import ACME, GLOBEX, INITECH, Directory
from example_site.directory.keys import write_privately
from example_site.directory.people import DEPARTMENT_CLAIM, FACILITIES_GROUP, JOB_TITLE_CLAIM
from example_site.organisations.models import Organisation
from example_site.people.models import ADMINISTRATORS, User
from jitprov.models import (
    ClaimMapping,
    EmailDomain,
    ExternalIdentity,
    GroupMapping,
    IdentityProvider,
    TenantAdministrator,
)
from jitprov.provisioning.presets import Preset
from jitprov.testing import Person

ADMIN = "admin"
TENANT_ADMIN = "carla"
"""The IT admin of Initech."""
DORA = "dora"
SAMIR = "samir"

DESKS = {
    ACME.slug: {
        "Window 1": "South side",
        "Window 2": "South side",
        "Corner": "With a view",
        "Quiet 1": "No telephones",
        "Standing": "Next to the plants",
    },
    GLOBEX.slug: {"A1": "Ground floor", "A2": "Ground floor", "B1": "First floor"},
    INITECH.slug: {"Cubicle 1": "First floor", "Cubicle 2": "First floor"},
}


def seed(out: OutputWrapper) -> None:
    """Make the missing customers.

    :param out: a stream for the output of the import command.
    """
    for directory, map_claims in ((ACME, _map_for_acme), (GLOBEX, _map_for_globex)):
        _furnish(_organisation(directory))
        is_new = not IdentityProvider.objects.filter(slug=directory.slug).exists()
        identity_provider = _connect(directory, out)
        if is_new:
            map_claims(identity_provider)
    _switch_off(IdentityProvider.objects.get(slug=ACME.slug), ACME)
    initech = _organisation(INITECH)
    _furnish(initech)
    _account_switched_off(INITECH, SAMIR, initech)


def ensure_admin() -> str:
    """Make a superuser, and return their password, which is stored in the data folder."""
    return _ensure_staff(ADMIN, is_superuser=True)


def ensure_tenant_admin(username: str = TENANT_ADMIN, directory: Directory = INITECH) -> str:
    """Make an IT admin who may see their own tenant only, and return their password."""
    organisation = _organisation(directory)
    password = _ensure_staff(username, organisation=organisation)
    TenantAdministrator.objects.get_or_create(
        user=User.objects.get(username=username), tenant=organisation
    )
    return password


def _ensure_staff(username: str, **columns: Any) -> str:
    """Make a user for the admin, and return their password, which is stored in the data folder."""
    kept: Path = settings.DATA_DIR / f"{username}-password.txt"
    if not kept.exists():
        write_privately(kept, secrets.token_urlsafe(12))
    password = kept.read_text()
    user, _ = User.objects.get_or_create(username=username, defaults={"is_staff": True, **columns})
    if not user.check_password(password):
        user.set_password(password)
        user.save(update_fields=["password"])
    return password


def _organisation(directory: Directory) -> Organisation:
    defaults = {"name": directory.name}
    return Organisation.objects.get_or_create(slug=directory.slug, defaults=defaults)[0]


def _furnish(organisation: Organisation) -> None:
    for name, place in DESKS[organisation.slug].items():
        Desk.objects.get_or_create(organisation=organisation, name=name, defaults={"place": place})


def _connect(directory: Directory, out: OutputWrapper) -> IdentityProvider:
    """Import the directory's metadata at every start, because its port or its keys may have changed."""
    document: Path = settings.DATA_DIR / f"{directory.slug}-metadata.xml"
    document.write_text(directory.identity_provider().metadata_xml())
    names = {"tenant": directory.slug, "slug": directory.slug}
    call_command("import_idp_metadata", str(document), **names, stdout=out)
    identity_provider = IdentityProvider.objects.get(slug=directory.slug)
    EmailDomain.objects.get_or_create(
        domain=f"{directory.slug}.example", defaults={"identity_provider": identity_provider}
    )
    return identity_provider


def _map_for_acme(identity_provider: IdentityProvider) -> None:
    """Map more of Acme's claims: two more fields, tidy user names and one group."""
    mappings = ClaimMapping.objects.filter(identity_provider=identity_provider)
    mappings.filter(target="username").update(transforms=[{"name": "lower"}])
    _add_mapping(identity_provider, JOB_TITLE_CLAIM, target="job_title", when_empty="clear")
    _add_mapping(
        identity_provider,
        DEPARTMENT_CLAIM,
        target="department",
        # Acme sends EMEA/NORTH/SALES, of which only Sales is wanted.
        transforms=[{"name": "split", "separator": "/"}, {"name": "last"}, {"name": "title"}],
    )
    GroupMapping.objects.create(
        identity_provider=identity_provider,
        claim=Preset.ENTRA.details.group_claim,
        value=FACILITIES_GROUP,
        group=Group.objects.get_or_create(name=ADMINISTRATORS)[0],
    )


def _map_for_globex(identity_provider: IdentityProvider) -> None:
    """Require an e-mail address from Globex, and keep the other mappings of the import."""
    ClaimMapping.objects.filter(identity_provider=identity_provider, target="email").update(
        required=True
    )


def _add_mapping(
    identity_provider: IdentityProvider, source: str, *, target: str, **columns: Any
) -> None:
    position = identity_provider.claim_mappings.count()
    row = ClaimMapping(
        identity_provider=identity_provider,
        position=position,
        sources=source,
        target=target,
        **columns,
    )
    row.full_clean()
    row.save()


def _switch_off(identity_provider: IdentityProvider, directory: Directory) -> None:
    """Add a person who signed in once, and whose account an administrator has disabled."""
    user = _account_switched_off(directory, DORA, identity_provider.tenant)
    ExternalIdentity.objects.get_or_create(
        identity_provider=identity_provider,
        user=user,
        external_id=_person(directory, DORA).object_id,
    )


def _account_switched_off(directory: Directory, key: str, organisation: Organisation) -> User:
    person = _person(directory, key)
    username = person.upn.lower()
    return User.objects.filter(username=username).first() or User.objects.create_user(
        username,
        person.email,
        first_name=person.given_name,
        last_name=person.surname,
        organisation=organisation,
        is_active=False,
    )


def _person(directory: Directory, key: str) -> Person:
    entry = directory.entry(key)
    if entry is None:
        raise LookupError(f"{directory.name} has nobody of the name {key}")
    return entry.person
