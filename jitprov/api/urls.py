"""The URLs of the API, which a host includes: ``path("sso-api/", include("jitprov.api.urls"))``."""

from __future__ import annotations

from django.urls import include, path, re_path

from jitprov.api import (
    base,
    changes,
    choices,
    claim_mappings,
    events,
    group_mappings,
    identity_providers,
    metadata,
    preview,
    proposed_trust,
    schema,
    sessions,
    setup_links,
    sign_in_tests,
    status,
    tables,
    tenants,
)

app_name = "jitprov_api"

_IDP = "identity-providers/<str:slug>"

VERSION_1 = [
    path("schema/", schema.SchemaView.as_view(), name="schema"),
    path("tenants/", tenants.TenantsView.as_view()),
    path("identity-providers/", identity_providers.IdentityProvidersView.as_view()),
    path(f"{_IDP}/", identity_providers.IdentityProviderView.as_view()),
    path(f"{_IDP}/enable/", identity_providers.EnableView.as_view()),
    path(f"{_IDP}/disable/", identity_providers.DisableView.as_view()),
    path(f"{_IDP}/end-sessions/", sessions.EndSessionsView.as_view()),
    path(f"{_IDP}/end-access/", sessions.EndAccessView.as_view()),
    path(f"{_IDP}/give-access-back/", sessions.GiveAccessBackView.as_view()),
    path(f"{_IDP}/proposed-trust/", proposed_trust.ProposedTrustView.as_view()),
    path(f"{_IDP}/metadata/", metadata.MetadataView.as_view()),
    path(f"{_IDP}/metadata/refresh/", metadata.RefreshView.as_view()),
    path(f"{_IDP}/certificates/", tables.CertificatesView.as_view()),
    path(f"{_IDP}/email-domains/", tables.DomainsView.as_view()),
    path(f"{_IDP}/setup-links/", setup_links.SetupLinksView.as_view()),
    path(f"{_IDP}/setup-links/<str:id>/revoke/", setup_links.RevokeView.as_view()),
    path(f"{_IDP}/choices/", choices.ChoicesView.as_view()),
    path(f"{_IDP}/mapping-review/", preview.MappingReviewView.as_view()),
    path(f"{_IDP}/preview/", preview.PreviewView.as_view()),
    path(f"{_IDP}/claim-mappings/", claim_mappings.ClaimMappingsView.as_view()),
    path(f"{_IDP}/claim-mappings/<str:id>/", claim_mappings.ClaimMappingView.as_view()),
    path(f"{_IDP}/group-mappings/", group_mappings.GroupMappingsView.as_view()),
    path(f"{_IDP}/group-mappings/<str:id>/", group_mappings.GroupMappingView.as_view()),
    path(f"{_IDP}/test-sign-ins/", sign_in_tests.TestSignInsView.as_view()),
    path(f"{_IDP}/test-sign-ins/<str:reference>/", sign_in_tests.TestSignInView.as_view()),
    path("events/", events.EventsView.as_view()),
    path("events/<str:reference>/", events.EventView.as_view()),
    path("status/", status.StatusView.as_view()),
    path("changes/", changes.ChangesView.as_view()),
]

urlpatterns = [
    path("v1/", include(VERSION_1)),
    re_path("", base.NoSuchPath.as_view(schema=None)),
]
