"""Fake Entra: the directories of our tenants, served by the same process under another host name."""
