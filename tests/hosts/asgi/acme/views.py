from __future__ import annotations

from django.http import JsonResponse


async def me(request):
    user = await request.auser()
    return JsonResponse({"email": getattr(user, "email", None)})
