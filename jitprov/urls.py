"""Map the URLs that a host includes: ``path("saml/", include("jitprov.urls"))``."""

from __future__ import annotations

from django.urls import path, re_path

from jitprov.setup import link_views
from jitprov.setup.colour_view import colour_view
from jitprov.sign_in import views
from jitprov.sign_out.views import LogoutView, SingleLogoutView

app_name = "jitprov"

urlpatterns = [
    path("login/", views.DiscoveryView.as_view(), name="discovery"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("<slug:slug>/metadata/", views.MetadataView.as_view(), name="metadata"),
    path("<slug:slug>/login/", views.LoginView.as_view(), name="login"),
    path("<slug:slug>/again/", views.ReauthenticateView.as_view(), name="reauthenticate"),
    path("<slug:slug>/test/", views.StartTestView.as_view(), name="start-test"),
    # Without the slash, too: a redirect would lose what is posted. It is judged, and refused with what was expected.
    path(
        "<slug:slug>/acs",
        views.AssertionConsumerServiceView.as_view(),
        name="acs-without-slash",
    ),
    path("<slug:slug>/acs/", views.AssertionConsumerServiceView.as_view(), name="acs"),
    path("<slug:slug>/slo/", SingleLogoutView.as_view(), name="slo"),
    re_path(r"^colours/(?P<colour>[0-9a-f]{6})\.css$", colour_view, name="product-colour"),
    # Last: an identity provider may have the slug "setup".
    path("setup/", link_views.SetupView.as_view(), name="setup"),
    path("setup/open/", link_views.OpenSetupLinkView.as_view(), name="setup-open"),
    path("setup/from-metadata/", link_views.MetadataView.as_view(), name="setup-metadata"),
    path("setup/our-metadata/", link_views.DownloadView.as_view(), name="setup-download"),
    path("setup/switch/", link_views.SwitchView.as_view(), name="setup-switch"),
    path("setup/tests/", link_views.BeginTestView.as_view(), name="setup-test"),
    path("setup/tests/<slug:reference>/", link_views.ReportView.as_view(), name="setup-report"),
    path("setup/link", link_views.SetupLinkView.as_view(), name="setup-link-without-slash"),
    path("setup/link/", link_views.SetupLinkView.as_view(), name="setup-link"),
    # Links of the release before have the token in the path, where nothing may be refused that has one: Django logs the
    # path that it does not find.
    re_path(
        r"^setup/(?P<token>[\s\S]*[\w-]{16}[\s\S]*)$",
        link_views.SetupLinkView.as_view(),
        name="setup-link-in-path",
    ),
]
