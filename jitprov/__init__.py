"""Enterprise sign-in for multi-tenant Django applications.

Each tenant connects its own SAML 2.0 identity provider; people are created on their first sign-in and updated
on later ones. Three parts that other packages weld together stay apart here:

* :mod:`jitprov.saml` reads the protocol: messages in, verified facts out;
* :mod:`jitprov.provisioning` decides: facts in, a decision out;
* everything else is ordinary, thin Django.
"""

from __future__ import annotations

__version__ = "0.1.0"
