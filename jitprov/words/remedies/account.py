"""List remedies for refusals of people whose assertion was good, and for notes on sign-ins that went well."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jitprov.words.remedies import sections
from jitprov.words.remedies.types import Fixer, Remedy

ACCOUNT = {
    "provisioning_refused": Remedy(
        happened=_("The account could not be set up from what your identity provider sent."),
        fix=_("Run the test sign-in: it says what is missing."),
        where=sections.TEST,
        by=Fixer.HERE,
    ),
    "tenant_disabled": Remedy(
        happened=_("Your organisation is switched off in this application."),
        fix=_("Ask the support of this application why."),
        by=Fixer.HOST,
    ),
    "identity_provider_disabled": Remedy(
        happened=_("Signing in with this identity provider is not enabled."),
        fix=_("Run the test sign-in, then enable the sign-in."),
        where=sections.ENABLE,
        by=Fixer.HERE,
    ),
    "subject_missing": Remedy(
        happened=_(
            "The claim that says who the person is did not come, had several values, or there is no "
            "NameID, or one that is different every time."
        ),
        fix=_(
            "Send an identifier that never changes, and let “subject claim” here name it exactly as it "
            "is sent."
        ),
        where=_("The claims, also called attributes, of the application at your identity provider"),
        by=Fixer.IDENTITY_PROVIDER,
    ),
    "identity_disabled": Remedy(
        happened=_("This person's sign-in with your identity provider was switched off here."),
        fix=_("Switch it on again, if the person should come in."),
        where=sections.IDENTITY,
        by=Fixer.HERE,
    ),
    "leaving_date_passed": Remedy(
        happened=_("The leaving date of this person has passed."),
        fix=_("Remove or change the date, if the person should come in."),
        where=sections.IDENTITY,
        by=Fixer.HERE,
    ),
    "inactive": Remedy(
        happened=_(
            "Your directory says that this person is inactive, and nobody with their identifier was ever here. No account"
            " was made."
        ),
        fix=_("Nothing, unless the person should come in: then switch them on in your directory."),
        by=Fixer.IDENTITY_PROVIDER,
    ),
    "another_person": Remedy(
        happened=_(
            "Somebody was to authenticate once more before something dangerous, and another person did, or the same "
            "person by another account."
        ),
        fix=_("Sign in as the person who is signed in here, or log out here first."),
        by=Fixer.PERSON,
    ),
    "session_ended": Remedy(
        happened=_(
            "Somebody authenticated once more, but their session here had ended meanwhile: it was over, somebody ended "
            "it, or the person or the identity provider was switched off."
        ),
        fix=_("Sign in again, if the person should come in."),
        by=Fixer.PERSON,
    ),
    "account_disabled": Remedy(
        happened=_("The person's account here was switched off. A sign-in never switches it on."),
        fix=_("Have the account switched on again, if the person should come in."),
        by=Fixer.HOST,
    ),
    "creation_disabled": Remedy(
        happened=_("The person was never here, and accounts are not created on sign-in."),
        fix=_(
            "Tick “create people on their first sign-in”, or have an account made for the person."
        ),
        where=sections.ENTRY,
        by=Fixer.HERE,
    ),
    "linking_disabled": Remedy(
        happened=_(
            "The person has an account here from before, and it may not be connected to your identity "
            "provider on a sign-in."
        ),
        fix=_("Ask the support of this application to connect the account."),
        by=Fixer.HOST,
    ),
    "account_privileged": Remedy(
        happened=_(
            "The person can do more in this application than your organisation may decide about: they are a superuser, "
            "or staff, or administer another organisation."
        ),
        fix=_(
            "Let them sign in as they did before, or ask the support of this application to allow it for this person."
        ),
        by=Fixer.HOST,
    ),
    "required_claim_missing": Remedy(
        happened=_(
            "A mapping needs a value, and your identity provider sent none for this person."
        ),
        fix=_(
            "Fill the value in your directory, send the claim, or make the mapping not required here."
        ),
        where=_("The claims, also called attributes, of the application at your identity provider"),
        by=Fixer.IDENTITY_PROVIDER,
    ),
    "invalid_value": Remedy(
        happened=_("A value that was sent does not fit the field that it is meant for."),
        fix=_(
            "Correct the value in your directory, or the mapping here: it may change or shorten it."
        ),
        where=sections.CLAIM_MAPPINGS,
        by=Fixer.HERE,
    ),
    "conflict": Remedy(
        happened=_(
            "Somebody else here already has a value that must be unique, such as an e-mail address or a "
            "user name."
        ),
        fix=_(
            "Look whether the person has an account from before, or whether the address belonged to "
            "somebody else; then ask the support of this application."
        ),
        by=Fixer.HOST,
    ),
    "account_invalid": Remedy(
        happened=_(
            "The application has rules for its accounts, and this account would not meet them: a field that must be"
            " filled has no value, or values do not fit together."
        ),
        fix=_(
            "Map a claim to the field that is named. If it cannot be mapped, ask the support of this application."
        ),
        where=sections.CLAIM_MAPPINGS,
        by=Fixer.HOST,
    ),
    "group_required": Remedy(
        happened=_(
            "Only members of certain groups may come in, and what came does not say that the person is in one of them."
        ),
        fix=_(
            "Put the person into one of the groups in your directory, or change which groups may come in here. If no group "
            "came at all, send the group claim."
        ),
        where=sections.GROUPS,
        by=Fixer.IDENTITY_PROVIDER,
    ),
    "groups_unmatched": Remedy(
        happened=_("The person's groups came, and none of them is in any group mapping."),
        fix=_(
            "Compare the values that came with those of the group mappings. A list in one value can be split by a step."
        ),
        where=sections.GROUPS,
        by=Fixer.HERE,
    ),
    "host_denied": Remedy(
        happened=_("The application was asked whether it lets the person in, and said no."),
        fix=_("Ask the support of this application for the reason, with the reference."),
        by=Fixer.HOST,
    ),
    "mapping_invalid": Remedy(
        happened=_("A mapping does not make sense, so nobody can come in."),
        fix=_("Correct or remove the mapping that is marked, and save the page."),
        where=sections.CLAIM_MAPPINGS,
        by=Fixer.HERE,
    ),
    "try_again": Remedy(
        happened=_("This application was too busy at that moment."),
        fix=_("Try again."),
        by=Fixer.PERSON,
    ),
    "temporarily_unavailable": Remedy(
        happened=_("The database, the disk or the cache of this application did not work then."),
        fix=_("Try again in a few minutes."),
        by=Fixer.HOST,
    ),
    "sign_in_loop": Remedy(
        happened=_(
            "The person was signed in, and the application sent them to sign in again at once, time after "
            "time."
        ),
        fix=_(
            "Ask the support of this application: the session is not kept, or the page is for other "
            "people."
        ),
        by=Fixer.HOST,
    ),
    "background_request": Remedy(
        happened=_("A script, and not a person, asked for a sign-in."),
        fix=_("Load the page again; then you are asked to sign in."),
        by=Fixer.PERSON,
    ),
    "groups_overage": Remedy(
        happened=_(
            "The person is in more groups than your identity provider sends, so it sent none. Their "
            "groups here stay as they were."
        ),
        fix=_("Send only the groups that matter to this application."),
        where=_("The group claim of the application at your identity provider"),
        by=Fixer.IDENTITY_PROVIDER,
    ),
    "groups_absent": Remedy(
        happened=_(
            "A claim that group mappings read did not come. The groups that it would give stay as they "
            "were."
        ),
        fix=_(
            "If it never comes, add the group claim at your identity provider, or correct its name here."
        ),
        where=_("The group claim of the application at your identity provider"),
        by=Fixer.IDENTITY_PROVIDER,
    ),
    "value_not_usable": Remedy(
        happened=_(
            "A value that was sent does not fit its field, so the field was kept or emptied, as its mapping says."
        ),
        fix=_(
            "Correct the value in your directory, or the mapping here: it may change or shorten it, and it says what "
            "such a value does."
        ),
        where=sections.CLAIM_MAPPINGS,
        by=Fixer.HERE,
    ),
    "field_not_mappable": Remedy(
        happened=_(
            "A claim mapping writes a field that this application does not let you map to, so the field stayed as it "
            "was."
        ),
        fix=_("Remove the mapping, or ask the support of this application to allow the field."),
        where=sections.CLAIM_MAPPINGS,
        by=Fixer.HERE,
    ),
    "group_not_assignable": Remedy(
        happened=_(
            "A group mapping names a group that this application does not let you map to, so the person "
            "was not put into it."
        ),
        fix=_("Map to another group, or ask the support of this application to allow this one."),
        where=sections.GROUPS,
        by=Fixer.HERE,
    ),
}
