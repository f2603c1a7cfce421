"""List remedies for logout messages that are refused."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jitprov.words.remedies.types import Fixer, Remedy

_AGAIN = _("Sign out again. If it keeps happening, compare the clocks of both sides.")

LOGOUT = {
    "logout_refused": Remedy(
        happened=_("The logout message could not be used."),
        fix=_("Sign out here instead. Sessions here end by themselves, too."),
        by=Fixer.PERSON,
    ),
    "logout_message_missing": Remedy(
        happened=_("A browser came to the logout URL without a logout message."),
        fix=_(
            "Usually nothing: somebody opened that address. If it happens to everybody, enter the logout URL exactly as "
            "it is shown here, with https and the slash at its end: a redirect loses what is posted."
        ),
        by=Fixer.PERSON,
    ),
    "logout_malformed": Remedy(
        happened=_(
            "A part of the logout message is absent, doubled or unreadable, such as its NameID or its ID."
        ),
        fix=_("Ask the vendor of your identity provider: no product is known to send this."),
        by=Fixer.NOBODY,
    ),
    "logout_too_old": Remedy(
        happened=_("The logout message was issued more than five minutes ago."),
        fix=_AGAIN,
        by=Fixer.PERSON,
    ),
    "logout_replayed": Remedy(
        happened=_("The same logout request came again; it was carried out the first time."),
        fix=_("Nothing: somebody loaded the page again."),
        by=Fixer.PERSON,
    ),
    "logout_unknown": Remedy(
        happened=_("The answer to a logout answers no request of this browser."),
        fix=_AGAIN,
        by=Fixer.PERSON,
    ),
}
