"""Name the claims that the directories send, and what every host does with them. Plain data, without jitprov."""

from __future__ import annotations

_MICROSOFT = "http://schemas.microsoft.com/identity/claims/"
_XMLSOAP = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"

OBJECT_ID_CLAIM = f"{_MICROSOFT}objectidentifier"
GROUPS_CLAIM = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"
MAPPINGS = {
    "first_name": f"{_XMLSOAP}givenname",
    "last_name": f"{_XMLSOAP}surname",
    "email": f"{_XMLSOAP}emailaddress",
    "username": f"{_XMLSOAP}name",
}
"""User field → claim, in every host."""

GROUPS = tuple(f"{number:08x}-6f8e-4a37-9d7e-2a54d1c6f0aa" for number in range(0xA1, 0xA1 + 20))
"""Everybody is in these."""
MAPPED_GROUPS = GROUPS[:3]
"""jitprov makes Django groups of these. django-allauth cannot, and keeps the values."""
