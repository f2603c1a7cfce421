"""The people of the fake directories, and the expected effect of each sign-in."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from jitprov.testing import Person

# Entra has no usual names for these; an admin adds them as custom claims under a chosen name.
DEPARTMENT_CLAIM = "department"
JOB_TITLE_CLAIM = "jobtitle"

FACILITIES_GROUP = "5d1a7a7e-93b4-4f0e-8c58-b1a8f0d6e3c4"
EVERYBODY_GROUP = "0b8c6a52-6f8e-4a37-9d7e-2a54d1c6f0aa"

ACME_DIRECTORY = "7d3c1f0e-52aa-4b1e-9a53-0c2f6f0c9a11"
GLOBEX_DIRECTORY = "c0a1d9e2-4b6f-4d38-a7c1-6f2e8b5d9f70"
INITECH_DIRECTORY = "4e8f2b6d-91c3-4a57-8e0d-b3a6c5d7f218"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A person to choose on the sign-in page."""

    key: str
    person: Person
    role: str
    expect: str
    """The expected effect, for people who try the demo."""


ACME_PEOPLE = (
    Entry(
        key="ann",
        person=Person(
            object_id="3f9c2b64-8f0d-4e0b-a7b1-5d1f6f0e4c21",
            given_name="Ann",
            surname="Archer",
            display_name="Ann Archer",
            email="ann.archer@acme.example",
            upn="Ann.Archer@acme.example",
            groups=(EVERYBODY_GROUP,),
            extra=MappingProxyType(
                {DEPARTMENT_CLAIM: "EMEA/NORTH/SALES", JOB_TITLE_CLAIM: "Account manager"}
            ),
        ),
        role="Employee",
        expect="Gets an account the first time; later visits bring it up to date.",
    ),
    Entry(
        key="ben",
        person=Person(
            object_id="91e0c7d3-2b5a-4c6e-9f18-7a4d3b2c1e05",
            given_name="Ben",
            surname="Brook",
            display_name="Ben Brook",
            email="ben.brook@acme.example",
            upn="Ben.Brook@acme.example",
            groups=(EVERYBODY_GROUP, FACILITIES_GROUP),
            extra=MappingProxyType(
                {DEPARTMENT_CLAIM: "EMEA/FACILITIES", JOB_TITLE_CLAIM: "Facility manager"}
            ),
        ),
        role="In the directory's Facilities group",
        expect="Becomes an administrator of Corner Desk by that group.",
    ),
    Entry(
        key="gus",
        person=Person(
            object_id="a6b5c4d3-e2f1-4a0b-9c8d-7e6f5a4b3c2d",
            home_idp=f"https://sts.windows.net/{GLOBEX_DIRECTORY}/",
            given_name="Gus",
            surname="Green",
            display_name="Gus Green (Globex)",
            email="gus.green@globex.example",
            # A guest from another Entra directory has the mail address as user name.
            upn="gus.green@globex.example",
            groups=(EVERYBODY_GROUP,),
        ),
        role="Guest from Globex",
        expect="Gets an account of Acme, apart from the one at Globex with the same address.",
    ),
    Entry(
        key="dora",
        person=Person(
            object_id="d0d1d2d3-a4b5-4c6d-8e7f-0a1b2c3d4e5f",
            given_name="Dora",
            surname="Dunn",
            display_name="Dora Dunn",
            email="dora.dunn@acme.example",
            upn="Dora.Dunn@acme.example",
            groups=(EVERYBODY_GROUP,),
            extra=MappingProxyType({DEPARTMENT_CLAIM: "EMEA/LEGAL", JOB_TITLE_CLAIM: "Counsel"}),
        ),
        role="Switched off in Corner Desk",
        expect="Is refused: the directory vouches for her, but her account here is switched off.",
    ),
)

GLOBEX_PEOPLE = (
    Entry(
        key="gus",
        person=Person(
            object_id="1f2e3d4c-5b6a-4798-8a7b-6c5d4e3f2a1b",
            given_name="Gus",
            surname="Green",
            display_name="Gus Green",
            email="gus.green@globex.example",
            upn="gus.green@globex.example",
        ),
        role="Employee",
        expect="Gets an account of Globex, whatever Acme says about its guest of the same name.",
    ),
    Entry(
        key="hanna",
        person=Person(
            object_id="77aa66bb-55cc-44dd-83ee-22ff11005577",
            given_name="Hanna",
            surname="Hale",
            display_name="Hanna Hale",
            email="hanna.hale@globex.example",
            upn="hanna.hale@globex.example",
        ),
        role="Employee",
        expect="Gets an account the first time; later visits bring it up to date.",
    ),
    Entry(
        key="wim",
        person=Person(
            object_id="0c1d2e3f-4a5b-4c6d-9e8f-7a6b5c4d3e2f",
            given_name="Wim",
            surname="Wolf",
            display_name="Wim Wolf",
            upn="wim.wolf@globex.example",
        ),
        role="Works in the warehouse, has no mailbox",
        expect="Is refused: Globex's mapping requires an e-mail address.",
    ),
)

INITECH_PEOPLE = (
    Entry(
        key="peter",
        person=Person(
            object_id="6a1d9c3e-7b52-4f80-a4e6-0d8c2b5f7e91",
            given_name="Peter",
            surname="Porter",
            display_name="Peter Porter",
            email="peter.porter@initech.example",
            upn="Peter.Porter@initech.example",
            groups=(EVERYBODY_GROUP,),
            extra=MappingProxyType(
                {DEPARTMENT_CLAIM: "EMEA/SOUTH/ENGINEERING", JOB_TITLE_CLAIM: "Programmer"}
            ),
        ),
        role="Employee",
        expect="Gets an account once Initech's admin has connected the directory.",
    ),
    Entry(
        key="milton",
        person=Person(
            object_id="b8e4f702-3c6a-4d19-95b7-e1f0a2c4d683",
            given_name="Milton",
            surname="Marsh",
            display_name="Milton Marsh",
            upn="Milton.Marsh@initech.example",
            groups=(EVERYBODY_GROUP,),
            extra=MappingProxyType({DEPARTMENT_CLAIM: "EMEA/SOUTH/ARCHIVE"}),
        ),
        role="Works in the basement, has no mailbox",
        expect="Is refused if Initech's mapping requires an e-mail address.",
    ),
    Entry(
        key="samir",
        person=Person(
            object_id="e5c7a930-8d1f-4b64-b2a8-9f3e6d0c1b75",
            given_name="Samir",
            surname="Sayed",
            display_name="Samir Sayed",
            email="samir.sayed@initech.example",
            upn="Samir.Sayed@initech.example",
            groups=(EVERYBODY_GROUP,),
            extra=MappingProxyType(
                {DEPARTMENT_CLAIM: "EMEA/SOUTH/ENGINEERING", JOB_TITLE_CLAIM: "Programmer"}
            ),
        ),
        role="Switched off in Corner Desk",
        expect="Is refused: his account from before the directory was connected is switched off.",
    ),
)
