"""The REST API, for hosts that draw their own settings page: ``pip install "jitprov[api]"``.

A Django app of its own. Nothing else in jitprov imports it, and nothing in it decides anything: what may be seen is
said by :mod:`jitprov.scope`, what is valid by the forms of the admin, and what was changed is written down by
:mod:`jitprov.journal.audit`.
"""

from __future__ import annotations
