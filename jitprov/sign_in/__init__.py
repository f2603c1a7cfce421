"""Carry out one SAML round trip."""
