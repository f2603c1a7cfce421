"""The pages of a setup link, for anybody who has the link.

The token is in one URL only: a button exchanges it for a signed cookie, and the pages after that do without it. The
page of the link has no effect, so that programs that open links in e-mails do no harm. The token is in the query, which
Django does not log, whatever is wrong with the path.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.views import View
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.debug import sensitive_post_parameters

from jitprov.configuration import setup_links
from jitprov.host.product import Product
from jitprov.host.provisioner import provisioner_class
from jitprov.journal.actors import Actor
from jitprov.models import SetupLink
from jitprov.saml.sp_metadata import sp_metadata
from jitprov.setup.link_cookies import clear_message, keep_message, link_of, message_of, remember
from jitprov.setup.page import Answer, PageUrls, SetupPage
from jitprov.setup.powers import Powers
from jitprov.sign_in import witness

GONE = _("This link has expired or is incomplete")


@method_decorator(login_not_required, name="dispatch")
class LinkPage(View):
    """The base of all pages of a setup link: it ignores who is signed in, and sends headers that protect the page."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        # The permissions here follow from the link alone.
        request.user = AnonymousUser()
        response = self.answer(request, *args, **kwargs)
        add_never_cache_headers(response)
        for name, value in headers(self.product):
            response[name] = value
        return response

    def answer(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Return the page, to which the headers are added."""
        return super().dispatch(request, *args, **kwargs)

    def page(self, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
        """Return a page in our own clothes, which no theme of the host's admin reaches."""
        context = {"product": self.product, **context}
        html = render_to_string(f"jitprov/setup_link/{template}", context, self.request)
        return HttpResponse(html, status=status)

    @cached_property
    def product(self) -> Product:
        """Return the product as the tenant of the link knows it."""
        return provisioner_class().product_for(self.tenant())

    def tenant(self) -> Any:
        """Return the tenant of the link; ``None`` before it is known."""
        return None

    def gone(self) -> HttpResponse:
        """Return the page for an invalid link, which says what to do and not what was wrong."""
        return self.page("gone.html", {"title": GONE}, status=404)


@method_decorator(csrf_exempt, name="dispatch")
class SetupLinkView(LinkPage):
    """``setup/link/?token=...``, the URL in the e-mail. It shows a button for any token and any method."""

    def http_method_not_allowed(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self.get(request, *args, **kwargs)

    def get(self, request: HttpRequest, token: str = "") -> HttpResponse:
        token = token or request.GET.get("token", "")
        return self.page("open.html", {"title": _("Set up the sign-in"), "token": token})


@method_decorator([csrf_protect, sensitive_post_parameters("token")], name="dispatch")
class OpenSetupLinkView(LinkPage):
    """``setup/open/``, which exchanges the token for a cookie."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return redirect("jitprov:setup")

    def post(self, request: HttpRequest) -> HttpResponse:
        link = setup_links.find(request.POST.get("token", ""), timezone.now())
        if link is None:
            return self.gone()
        setup_links.opened(link)
        response = redirect("jitprov:setup")
        remember(response, link)
        return response


@method_decorator([csrf_protect, sensitive_post_parameters()], name="dispatch")
class HolderPage(LinkPage):
    """The base of the pages for a browser that has opened a link. The link is looked up at every request."""

    link: SetupLink

    def answer(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        link = link_of(request)
        if link is None:
            return self.gone()
        self.link = link
        setup_links.used(link)
        return super().answer(request, *args, **kwargs)

    def tenant(self) -> Any:
        link = getattr(self, "link", None)
        return link.identity_provider.tenant if link is not None else None

    def setup_page(self) -> SetupPage:
        """Return the set-up page of the link's identity provider, without what only administrators may see."""
        return SetupPage(
            self.link.identity_provider,
            actor=Actor.holder(self.link),
            urls=page_urls(),
            powers=Powers(insider=False),
            setup_link=self.link,
        )

    def answered(self, answer: Answer) -> HttpResponse:
        """Show the page again, or redirect and keep the message for the next page."""
        if not answer.redirect:
            return self.shown(answer)
        response = redirect(answer.redirect)
        if answer.message:
            keep_message(
                response, answer.message, section=answer.section, went_well=answer.went_well
            )
        return response

    def shown(self, answer: Answer) -> HttpResponse:
        """Return the set-up page, with the message of this button or of the last one."""
        tenant = self.link.identity_provider.tenant
        title = _("Set up the sign-in of %(tenant)s") % {"tenant": tenant}
        kept = message_of(self.request)
        said = [kept] if kept else []
        if answer.message:
            said = [{"text": answer.message, "went_well": answer.went_well}]
        context = {**answer.context, "title": title, "said": said}
        response = self.page("setup.html", context, answer.status)
        if kept:
            clear_message(response)
        if answer.retry_after:
            response["Retry-After"] = answer.retry_after
        return response

    def page(self, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
        return super().page(template, {**context, "link": self.link}, status)

    def gone(self) -> HttpResponse:
        # Without the link in the context, because there is none.
        return LinkPage.page(self, "gone.html", {"title": GONE}, status=404)


class SetupView(HolderPage):
    """``setup/``, the set-up page."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.shown(Answer(context=self.setup_page().got(request.GET)))

    def post(self, request: HttpRequest) -> HttpResponse:
        return self.answered(self.setup_page().posted(request.POST))


class MetadataView(HolderPage):
    """``setup/from-metadata/``, which shows what a metadata document would change, and saves it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return redirect("jitprov:setup")

    def post(self, request: HttpRequest) -> HttpResponse:
        return self.answered(self.setup_page().metadata_posted(request.POST, request.FILES))


class SwitchView(HolderPage):
    """``setup/switch/``, which enables or disables the sign-in."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return redirect("jitprov:setup")

    def post(self, request: HttpRequest) -> HttpResponse:
        return self.answered(self.setup_page().switched(request.POST))


class BeginTestView(HolderPage):
    """``setup/tests/``, which begins a test sign-in."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return redirect("jitprov:setup")

    def post(self, request: HttpRequest) -> HttpResponse:
        answer = self.setup_page().begin_test()
        if not answer.went_well:
            return self.answered(answer)
        # Not a redirect: browsers apply form-action to every redirect after a form, and we cannot know through which
        # hosts an identity provider redirects people.
        title = _("On to your identity provider")
        return self.page("leave.html", {"title": title, "url": answer.redirect})


class ReportView(HolderPage):
    """``setup/tests/<reference>/``, the report of a test sign-in that was begun with this link."""

    def get(self, request: HttpRequest, reference: str) -> HttpResponse:
        setup_page = self.setup_page()
        test = setup_page.test(reference)
        if test is None:
            return self.gone()
        if witness.is_handed_over(request, test.reference):
            response = redirect(request.path)
            witness.remember(request, response, test.reference)
            return response
        context = setup_page.report(test, with_values=witness.went_through(request, test))
        return self.page("report.html", {**context, "title": _("Test sign-in")})


class DownloadView(HolderPage):
    """``setup/our-metadata/``, our metadata as a file."""

    def get(self, request: HttpRequest) -> HttpResponse:
        row = self.link.identity_provider
        document = sp_metadata(row.as_service_provider(), now=timezone.now())
        response = HttpResponse(document, content_type="application/samlmetadata+xml")
        response["Content-Disposition"] = f'attachment; filename="{row.slug}-metadata.xml"'
        return response


def page_urls() -> PageUrls:
    """Return the URLs of the set-up page under a setup link, without those for deleting, history and setup links."""
    return PageUrls(
        page=reverse("jitprov:setup"),
        metadata=reverse("jitprov:setup-metadata"),
        test=reverse("jitprov:setup-test"),
        switch=reverse("jitprov:setup-switch"),
        download=reverse("jitprov:setup-download"),
    )


def headers(product: Product) -> Iterator[tuple[str, str]]:
    """Yield the headers that keep these pages out of frames, search engines and referrers."""
    yield "Content-Security-Policy", content_security_policy(product)
    # Not "no-referrer": with that, browsers send no Origin with a form, and Django's CSRF protection refuses it.
    # "strict-origin" sends the host at most, and so neither a path nor a token.
    yield "Referrer-Policy", "strict-origin"
    yield "X-Frame-Options", "DENY"
    yield "X-Robots-Tag", "noindex, nofollow"


def content_security_policy(product: Product) -> str:
    """Return a policy that allows only our own files, from where the host serves them."""
    ours = " ".join(["'self'", *static_origins()])
    logo = urlsplit(product.logo_url)
    directives = {
        "default-src": "'none'",
        "script-src": ours,
        "style-src": ours,
        "img-src": f"{ours} {logo.scheme}://{logo.netloc}" if logo.netloc else ours,
        "font-src": ours,
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in directives.items())


def static_origins() -> Iterator[str]:
    """Yield the origin of the static files, if they have another host."""
    url = urlsplit(settings.STATIC_URL or "")
    if url.netloc:
        yield f"{url.scheme or 'https'}://{url.netloc}"
