"""The screens of the identity providers in scope, with the set-up page of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import CASCADE, PROTECT, RESTRICT
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from jitprov.admin.scoped import ScopedAdmin, ScopedRelatedFilter
from jitprov.conf import conf
from jitprov.configuration import identity_providers
from jitprov.journal.actors import Actor
from jitprov.models import IdentityProvider
from jitprov.saml.sp_metadata import sp_metadata
from jitprov.setup.drafts import DraftForm
from jitprov.setup.powers import Powers

if TYPE_CHECKING:
    from jitprov.setup.page import Answer, PageUrls, SetupPage

_SECTION = "jitprov-section-"
"""What begins the tag of a message that belongs to a section of the set-up page."""


@admin.register(IdentityProvider)
class IdentityProviderAdmin(ScopedAdmin):
    """The identity providers of the tenants."""

    ordering = ["slug"]
    list_display = ["slug", "tenant", "preset", "enabled"]
    list_filter = ["enabled", "preset", ("tenant", ScopedRelatedFilter)]
    search_fields = ["slug", "entity_id"]
    list_select_related = ["tenant"]

    # Its pages

    def get_urls(self) -> list[Any]:
        ours = [
            path(
                "<path:object_id>/metadata/", self._page(self.metadata_view), name=_name("metadata")
            ),
            path("<path:object_id>/test/", self._page(self.test_view), name=_name("test")),
            path(
                "<path:object_id>/test/<slug:reference>/",
                self._page(self.report_view),
                name=_name("report"),
            ),
            path("<path:object_id>/switch/", self._page(self.switch_view), name=_name("switch")),
            path(
                "<path:object_id>/sp-metadata/",
                self._page(self.sp_metadata_view),
                name=_name("sp_metadata"),
            ),
        ]
        return [*ours, *super().get_urls()]

    def _page(self, view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        return self.admin_site.admin_view(view)

    def _setup_page(self, request: HttpRequest, object_id: str) -> SetupPage:
        """Return the set-up page of an identity provider in scope.

        :raises Http404: it is not in scope.
        """
        # Half of jitprov, which a command does not need although Django loads the admin for it.
        from jitprov.setup.page import SetupPage  # noqa: PLC0415

        row = self.get_object(request, object_id)
        powers = Powers(everything=self.scope(request).everything)
        return SetupPage(
            row,
            actor=Actor.person(request.user),
            urls=_urls(request, row, powers),
            powers=powers,
        )

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Add a draft, and redirect to its set-up page."""
        if not self.has_add_permission(request):
            raise Http404
        form = DraftForm(request.POST or None, scope=self.scope(request))
        row = form.begin(Actor.person(request.user)) if request.method == "POST" else None
        if row is not None:
            return redirect(reverse("admin:" + _name("change"), args=[row.pk]) + "?step=give")
        context = {"form": form, "title": _("Connect an identity provider")}
        return self._rendered(request, "add.html", context)

    @method_decorator(sensitive_post_parameters())
    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """Show the set-up page, or handle the post of its forms."""
        page = self._setup_page(request, object_id)
        if request.method == "POST":
            return self._answered(request, page, page.posted(request.POST))
        return self._shown(request, page, page.got(request.GET))

    @method_decorator(sensitive_post_parameters())
    def metadata_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what a metadata document would change, or save it."""
        page = self._setup_page(request, object_id)
        if request.method != "POST":
            return redirect(page.urls.page)
        return self._answered(request, page, page.metadata_posted(request.POST, request.FILES))

    def test_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Begin a test sign-in.

        It shows a page with a link instead of a redirect: a Content-Security-Policy applies its ``form-action`` to
        every redirect after a form, and we cannot know through which hosts an identity provider redirects people.
        """
        page = self._setup_page(request, object_id)
        if request.method != "POST":
            return redirect(page.urls.page)
        answer = page.begin_test()
        if not answer.went_well:
            return self._answered(request, page, answer)
        context = {"title": _("On to your identity provider"), "url": answer.redirect}
        return self._rendered(request, "leave.html", {**context, "urls": page.urls})

    def switch_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Enable or disable the sign-in."""
        page = self._setup_page(request, object_id)
        if request.method != "POST":
            return redirect(page.urls.page)
        return self._answered(request, page, page.switched(request.POST))

    def report_view(self, request: HttpRequest, object_id: str, reference: str) -> HttpResponse:
        from jitprov.sign_in import witness  # noqa: PLC0415 -- as in _setup_page

        page = self._setup_page(request, object_id)
        test = page.test(reference)
        if test is None:
            raise Http404
        if witness.is_handed_over(request, test.reference):
            response = redirect(request.path)
            witness.remember(request, response, test.reference)
            return response
        context = page.report(test, with_values=witness.went_through(request, test))
        title = _("Test sign-in %(reference)s") % {"reference": reference}
        return self._rendered(request, "report.html", {**context, "title": title})

    def sp_metadata_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Return our metadata as a file. It works here even if the admin has another host name than the application."""
        row = self._setup_page(request, object_id).identity_provider
        document = sp_metadata(row.as_service_provider(), now=timezone.now())
        response = HttpResponse(document, content_type="application/samlmetadata+xml")
        response["Content-Disposition"] = f'attachment; filename="{row.slug}-metadata.xml"'
        return response

    # Answers

    def _answered(self, request: HttpRequest, page: SetupPage, answer: Answer) -> HttpResponse:
        if answer.message:
            level = messages.SUCCESS if answer.went_well else messages.ERROR
            messages.add_message(request, level, answer.message, f"{_SECTION}{answer.section}")
        if answer.redirect:
            return redirect(answer.redirect)
        response = self._shown(request, page, answer.context)
        response.status_code = answer.status
        if answer.retry_after:
            response["Retry-After"] = answer.retry_after
        return response

    def _shown(self, request: HttpRequest, page: SetupPage, context: Any) -> HttpResponse:
        title = str(page.identity_provider)
        return self._rendered(request, "setup.html", {**context, "title": title})

    def _rendered(self, request: HttpRequest, template: str, context: Any) -> HttpResponse:
        ours = {
            "opts": self.opts,
            "setup_media": _media(),
            "said": list(_said(request)),
        }
        context = {**self.admin_site.each_context(request), **ours, **context}
        return TemplateResponse(request, f"admin/jitprov/identityprovider/{template}", context)

    # Deleting

    def get_deleted_objects(self, objs: Any, request: Any) -> Any:
        """Count what goes with identity providers, of which nobody is to read ten thousand lines.

        Whoever may delete one may delete what belongs to it, also rows that nobody may delete by themselves.
        """
        forbidden = {
            self.opts.verbose_name for obj in objs if not self.has_delete_permission(request, obj)
        }
        counts, protected = {self.opts.verbose_name_plural: len(objs)}, []
        for relation in self.opts.related_objects:
            rows = relation.related_model._base_manager.filter(  # noqa: SLF001 -- Django's public name
                **{f"{relation.field.name}__in": objs}
            )
            name = relation.related_model._meta.verbose_name_plural
            if relation.on_delete is CASCADE:
                counts[name] = rows.count()
            elif relation.on_delete in {PROTECT, RESTRICT} and (count := rows.count()):
                protected.append(f"{name}: {count}")
        return [str(obj) for obj in objs], counts, forbidden, protected

    def delete_view(self, request: Any, object_id: str, extra_context: Any = None) -> Any:
        """Say beforehand what becomes of the people, and offer to disable instead."""
        row = self.get_object(request, unquote(object_id))
        context = {} if row is None else _before_deleting(row)
        return super().delete_view(request, object_id, {**context, **(extra_context or {})})

    def delete_model(self, request: Any, obj: IdentityProvider) -> None:
        identity_providers.remove(obj, Actor.person(request.user))

    def delete_queryset(self, request: Any, queryset: Any) -> None:
        for row in queryset:
            self.delete_model(request, row)


def _said(request: HttpRequest) -> Iterator[dict[str, Any]]:
    """Yield the messages of the last button, each with the section in which it is shown."""
    for message in messages.get_messages(request):
        tags = (message.extra_tags or "").split()
        sections = (tag.removeprefix(_SECTION) for tag in tags if tag.startswith(_SECTION))
        went_well = message.level < messages.WARNING
        yield {"text": message.message, "section": next(sections, ""), "went_well": went_well}


def _media() -> Any:
    from jitprov.setup.page import MEDIA  # noqa: PLC0415 -- as above

    return MEDIA


def _name(view: str) -> str:
    return f"jitprov_identityprovider_{view}"


def _urls(request: HttpRequest, row: IdentityProvider, powers: Powers) -> PageUrls:
    from jitprov.setup.page import PageUrls  # noqa: PLC0415 -- as above

    def at(view: str) -> str:
        return reverse("admin:" + _name(view), args=[row.pk])

    return PageUrls(
        page=at("change"),
        metadata=at("metadata"),
        test=at("test"),
        switch=at("switch"),
        download=at("sp_metadata"),
        history=_all_changes(row),
        setup_links=_setup_links(row) if powers.everything else "",
        new_setup_link=reverse("admin:jitprov_setuplink_add") if powers.everything else "",
        delete=at("delete"),
        origin=_origin(request),
    )


def _before_deleting(row: IdentityProvider) -> dict[str, Any]:
    return {
        "people": row.identities.count(),
        "kept_days": conf.EVENT_RETENTION.days,
        "disable_url": reverse("admin:" + _name("change"), args=[row.pk]) + "#enable",
    }


def _all_changes(row: IdentityProvider) -> str:
    changes = reverse("admin:jitprov_configurationchange_changelist")
    return f"{changes}?{urlencode({'q': row.slug})}"


def _setup_links(row: IdentityProvider) -> str:
    links = reverse("admin:jitprov_setuplink_changelist")
    return f"{links}?{urlencode({'identity_provider__id__exact': row.pk})}"


def _origin(request: HttpRequest) -> str:
    """Return the admin's origin if it is not the application's, for the way back from a test sign-in."""
    if request.get_host() == urlsplit(conf.BASE_URL).netloc:
        return ""
    return f"{request.scheme}://{request.get_host()}"
