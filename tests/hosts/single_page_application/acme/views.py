from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.contrib.auth import logout
from rest_framework.authtoken.models import Token
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.response import Response

from acme.models import OneTimeCode
from jitprov.sign_in.views import AssertionConsumerServiceView


class HandOver(AssertionConsumerServiceView):
    def login_succeeded(self, completed):
        response = super().login_succeeded(completed)  # everything that decides is in here
        target = urlsplit(response["Location"])
        if target.netloc != settings.FRONT_END:
            return response  # a page of this host has the session
        challenge = parse_qs(target.query).get("challenge", [""])[0]
        if re.fullmatch("[0-9a-f]{64}", challenge):
            code = OneTimeCode.issue(self.request.user, challenge)
            response["Location"] = f"{target._replace(fragment='').geturl()}#code={code}"
        logout(self.request)  # the front end gets a token and no session
        return response


@api_view(["POST"])
@authentication_classes([])
@permission_classes([])
def token(request):
    code, verifier = (str(request.data.get(name, "")) for name in ("code", "verifier"))
    user = OneTimeCode.redeem(code, verifier)
    if user is None:
        return Response({"error": "code_not_valid"}, status=400)
    return Response({"token": Token.objects.get_or_create(user=user)[0].key})


@api_view()
def me(request):
    return Response({"email": request.user.email, "first_name": request.user.first_name})
