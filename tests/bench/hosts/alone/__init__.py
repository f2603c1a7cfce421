"""A host that reads and writes what a sign-in with jitprov does, and knows no SAML: Django's part of the cost."""
