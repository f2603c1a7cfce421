"""Measure what a sign-in costs: ``make bench``, or ``python -m tests.bench``.

Three hosts sign the same people in, each in a process of its own: one with jitprov, one with django-allauth's SAML
provider, and one that only calls ``login()``. This process is the identity provider of all of them: it answers their
requests before their clock starts. Nothing here is a test, and nothing asserts a time.
"""
