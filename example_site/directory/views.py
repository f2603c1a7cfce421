"""The pages of the directories: choose a person, and return to the product with a signed response.

There are no passwords, and one session only: a person who comes from My Apps stays signed in for a minute, as at a real
directory, so that the product's own request asks nothing again.
"""

from __future__ import annotations

import zlib
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from lxml import etree

from example_site.directory.applications import Application, NotOurs, register
from example_site.directory.directories import DIRECTORIES, Directory
from example_site.directory.people import Entry
from example_site.directory.scenarios import SCENARIOS, Scenario
from jitprov.testing import FakeResponse, ParsedRequest, RequestNotUnderstood
from jitprov.testing.logout import SentLogout, answer_logout, read_logout

KNOWN = "fake-entra-known"
KNOWN_SECONDS = 60
_NOT_REGISTERED = "no application is registered with these URLs"


def index(request: HttpRequest) -> HttpResponse:
    """List the directories."""
    context = {"directories": DIRECTORIES.values(), "application_url": settings.JITPROV_BASE_URL}
    return render(request, "directory/index.html", context)


def metadata(request: HttpRequest, tenant_id: UUID) -> HttpResponse:
    """Publish the metadata of the directory."""
    document = _directory(tenant_id).identity_provider().metadata_xml()
    return HttpResponse(document, content_type="application/samlmetadata+xml")


@never_cache
def application(request: HttpRequest, tenant_id: UUID) -> HttpResponse:
    """Let the directory's admin enter the application's URLs, and copy the values that the application needs."""
    directory = _directory(tenant_id)
    entered, problem = directory.application, ""
    if request.method == "POST":
        entered = Application(
            entity_id=request.POST.get("entity_id", "").strip(),
            acs_url=request.POST.get("acs_url", "").strip(),
        )
        try:
            register(directory.slug, entered)
            return redirect("application", tenant_id)
        except NotOurs as error:
            problem = str(error)
    context = {"directory": directory, "application": entered, "problem": problem}
    return render(request, "directory/application.html", context, status=400 if problem else 200)


@csrf_exempt  # the application, which is another site, may post a request
@never_cache
def sign_in(request: HttpRequest, tenant_id: UUID) -> HttpResponse:
    """Read the product's request, let a person be chosen, and respond; or sign the person out, at the same URL as Entra."""
    directory = _directory(tenant_id)
    if (logout := _logout(request)) is not None:
        return _signed_out(request, directory, logout)
    try:
        asked = _read_request(request, directory)
    except RequestNotUnderstood as error:
        return _refuse(request, directory, str(error))
    entry = _chosen(request, directory) or _known(request, directory)
    if entry is None:
        return _choose(request, directory, asked)
    scenario = SCENARIOS[_scenario_key(request)]
    answer = directory.identity_provider().answer(
        asked, person=scenario.change(entry.person), **scenario.knobs()
    )
    return _post(request, directory, answer)


@csrf_exempt  # there is no session that another site could misuse
@never_cache
def my_apps(request: HttpRequest, tenant_id: UUID) -> HttpResponse:
    """Send an unsolicited response, as a tile in the directory's own portal does."""
    directory = _directory(tenant_id)
    application = directory.application
    if application is None:
        return _refuse(request, directory, _NOT_REGISTERED)
    entry = _chosen(request, directory)
    if entry is None:
        return _choose(request, directory, None)
    answer = directory.identity_provider().respond(
        acs_url=application.acs_url, audience=application.entity_id, person=entry.person
    )
    response = _post(request, directory, answer)
    # SameSite=None, because the product may post its request here.
    response.set_cookie(
        KNOWN,
        f"{directory.slug}:{entry.key}",
        max_age=KNOWN_SECONDS,
        secure=True,
        httponly=True,
        samesite="None",
    )
    return response


def _directory(tenant_id: UUID) -> Directory:
    try:
        return DIRECTORIES[str(tenant_id)]
    except KeyError:
        raise Http404 from None


def _read_request(request: HttpRequest, directory: Directory) -> ParsedRequest:
    sent = request.POST.dict() if "SAMLRequest" in request.POST else request.get_full_path()
    asked = directory.identity_provider().read_request(sent)
    # A directory that sends signed responses to any URL lets anybody be anyone.
    asking = Application(entity_id=asked.issuer, acs_url=asked.acs_url)
    if asking != directory.application:
        raise RequestNotUnderstood(_NOT_REGISTERED)
    return asked


def _logout(request: HttpRequest) -> SentLogout | None:
    """Return what the product asks for, if that is a logout."""
    try:
        sent = read_logout(
            request.POST.dict() if request.method == "POST" else request.get_full_path()
        )
    except (LookupError, ValueError, zlib.error, etree.XMLSyntaxError):
        return None
    return sent if etree.QName(sent.root).localname == "LogoutRequest" else None


def _signed_out(request: HttpRequest, directory: Directory, asked: SentLogout) -> HttpResponse:
    """Forget who is signed in, and answer at the application's logout URL."""
    application = directory.application
    if application is None or asked.root.findtext("{*}Issuer") != application.entity_id:
        return _refuse(request, directory, _NOT_REGISTERED)
    url = application.logout_url
    answer = answer_logout(
        directory.identity_provider(), url, asked.id, relay_state=asked.relay_state
    )
    response = HttpResponseRedirect(f"{url}?{answer.query}")
    response.delete_cookie(KNOWN, samesite="None")
    return response


def _refuse(request: HttpRequest, directory: Directory, problem: str) -> HttpResponse:
    context = {"directory": directory, "problem": problem}
    return render(request, "directory/refused.html", context, status=400)


def _chosen(request: HttpRequest, directory: Directory) -> Entry | None:
    return directory.entry(request.POST.get("person", ""))


def _known(request: HttpRequest, directory: Directory) -> Entry | None:
    slug, _, key = request.COOKIES.get(KNOWN, "").partition(":")
    return directory.entry(key) if slug == directory.slug else None


def _scenario_key(request: HttpRequest) -> str:
    wanted = request.POST.get("scenario", "")
    return wanted if wanted in SCENARIOS else next(iter(SCENARIOS))


def _choose(
    request: HttpRequest, directory: Directory, asked: ParsedRequest | None
) -> HttpResponse:
    context = {
        "directory": directory,
        "asked": asked,
        "hint": request.GET.get("login_hint", ""),
        # A request by redirect stays in the URL of the page; a posted one is passed on in the form.
        "fields": {name: request.POST[name] for name in _REQUEST_FIELDS if name in request.POST},
        "news": _scenarios(attack=False),
        "attacks": _scenarios(attack=True),
    }
    return render(request, "directory/choose.html", context)


_REQUEST_FIELDS = ("SAMLRequest", "RelayState")


def _scenarios(*, attack: bool) -> list[Scenario]:
    return [scenario for scenario in SCENARIOS.values() if scenario.attack is attack]


def _post(request: HttpRequest, directory: Directory, answer: FakeResponse) -> HttpResponse:
    """Return a page whose form posts the response."""
    context = {"directory": directory, "answer": answer}
    response = render(request, "directory/post.html", context)
    response.delete_cookie(KNOWN, samesite="None")
    return response
