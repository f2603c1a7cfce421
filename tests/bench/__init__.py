"""What a sign-in costs: ``make bench``, or ``python -m tests.bench``.

Three hosts do the same work in processes of their own: one with jitprov, one with django-allauth's SAML provider, and
one that writes jitprov's rows and calls ``login()`` without any SAML. This process is the identity provider of
all of them: it answers their requests before their clock starts. Nothing here is a test, and nothing asserts a time.
"""
