from __future__ import annotations

from desks.models import Member
from django.http import JsonResponse
from django.urls import include, path


def members(request):
    mine = Member.objects.filter(user_id=request.user.pk).exists()
    people = list(Member.objects.values_list("user__email", "department"))
    return JsonResponse({"mine": mine, "people": people if mine else []})


urlpatterns = [
    path("saml/", include("jitprov.urls")),
    path("members/", members),
]
