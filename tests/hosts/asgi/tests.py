from __future__ import annotations

import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
import uvicorn
from asgi import application as asgi_application
from asgiref.sync import async_to_sync
from django.db import connections
from django.test import AsyncClient
from wsgi import application as wsgi_application

from jitprov.models import Tenant
from jitprov.provisioner import Provisioner
from jitprov.testing import ANN
from jitprov.testing.round_trip import connect

pytestmark = pytest.mark.django_db(transaction=True)

ENTERED, MAY_LEAVE = threading.Event(), threading.Event()


class SlowProvisioner(Provisioner):
    """A provisioner that takes as long as a test wants."""

    def write_related(self, user, desired):
        ENTERED.set()
        assert MAY_LEAVE.wait(30)


class QuietHandler(WSGIRequestHandler):
    def log_message(self, *args):
        pass


@contextmanager
def uvicorn_server():
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(asgi_application, lifespan="off", log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(30)
        listening.close()


@contextmanager
def wsgi_server():
    with make_server("127.0.0.1", 0, wsgi_application, handler_class=QuietHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join(30)


class Browser:
    """A browser behind a proxy that ends TLS, so that `Secure` cookies are kept."""

    def __init__(self, port):
        self.port = port
        self.cookies = SimpleCookie()

    def send(self, method, path, form=None):
        cookies = "; ".join(f"{name}={item.coded_value}" for name, item in self.cookies.items())
        headers = {"Host": "app.example", "Cookie": cookies}
        if form:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, urlencode(form or {}) or None, headers)
        answer = connection.getresponse()
        answer.body = answer.read()
        for line in answer.headers.get_all("Set-Cookie", []):
            self.cookies.load(line)
        connection.close()
        return answer

    def begin(self, fake):
        leaving = self.send("GET", "/saml/acme/login/?next=/me/")
        return fake.answer(fake.read_request(leaving.headers["Location"]), person=ANN)

    def deliver(self, response):
        return self.send("POST", urlsplit(response.acs_url).path, response.form)

    def me(self):
        return json.loads(self.send("GET", "/me/").body)["email"]


@pytest.fixture
def acme(fake):
    yield connect(fake, Tenant.objects.create(slug="acme", name="Acme"))
    connections.close_all()


@pytest.mark.parametrize("server", [uvicorn_server, wsgi_server])
def test_a_person_signs_in_at_a_server(acme, fake, server):
    with server() as port:
        browser = Browser(port)
        assert browser.me() is None
        answer = browser.deliver(browser.begin(fake))
        assert (answer.status, answer.headers["Location"]) == (302, "/me/")
        assert browser.me() == ANN.email


def test_a_slow_sign_in_does_not_block_other_requests(acme, fake, settings):
    settings.JITPROV_PROVISIONER = "tests.SlowProvisioner"
    with uvicorn_server() as port, ThreadPoolExecutor(1) as other:
        browser = Browser(port)
        signing_in = other.submit(browser.deliver, browser.begin(fake))
        assert ENTERED.wait(30)
        # The sign-in is within its transaction, while the event loop and other threads go on.
        try:
            assert Browser(port).me() is None
            assert Browser(port).send("GET", "/saml/login/").status == 200
            assert not signing_in.done()
        finally:
            MAY_LEAVE.set()
        assert signing_in.result(30).status == 302
        assert browser.me() == ANN.email


def test_concurrent_sign_ins_of_one_person_make_one_user(acme, fake):
    with uvicorn_server() as port, ThreadPoolExecutor(8) as others:
        browsers = [Browser(port) for _ in range(8)]
        answers = [browser.begin(fake) for browser in browsers]
        done = list(others.map(Browser.deliver, browsers, answers))
        assert [answer.status for answer in done] == [302] * 8
        assert {browser.me() for browser in browsers} == {ANN.email}
    assert acme.identities.count() == 1


def test_djangos_asynchronous_client_signs_a_person_in(acme, fake):
    async def sign_in():
        client = AsyncClient(headers={"host": "app.example"})
        leaving = await client.get("/saml/acme/login/?next=/me/")
        response = fake.answer(fake.read_request(leaving["Location"]), person=ANN)
        answer = await client.post(urlsplit(response.acs_url).path, response.form)
        assert answer["Location"] == "/me/"
        return (await client.get("/me/")).json()

    assert async_to_sync(sign_in)() == {"email": ANN.email}
