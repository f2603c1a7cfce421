"""A host that signs people in with django-allauth's SAML provider."""
