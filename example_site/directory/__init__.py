"""A fake Entra: the directories of the tenants, served by the same process under another host name."""
