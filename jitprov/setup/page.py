"""The set-up page of one identity provider: its context and what its buttons do.

It knows nothing of HTTP. The admin and the pages of setup links pass in what was posted, and show what it returns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from jitprov.configuration import enabling, trust
from jitprov.configuration.editing import edited
from jitprov.configuration.enabling import Missing, State
from jitprov.configuration.limits import PERIOD, Throttled, count_costly
from jitprov.exceptions import JitprovError
from jitprov.explain.history import HistoryEntry, history, last_change
from jitprov.journal.actors import Actor
from jitprov.metadata.refresh import refresh
from jitprov.models import IdentityProvider, ProposedTrust, SetupLink, TestSignIn, new_reference
from jitprov.provisioning.presets import Preset
from jitprov.setup.forms import SetupForms
from jitprov.setup.metadata import MetadataForm, Reading, refused, save_sealed
from jitprov.setup.places import place_on
from jitprov.setup.powers import Powers
from jitprov.setup.previews import Previewed, PreviewForm, previewed
from jitprov.setup.remarks import put_remarks
from jitprov.setup.sections import SECTIONS, give, shown_sections
from jitprov.setup.shown_report import shown_report
from jitprov.setup.transforms import step_templates
from jitprov.setup.versions import posted_with
from jitprov.setup.waiting import waiting
from jitprov.sign_in import rehearsal
from jitprov.status.attention import attention_for
from jitprov.words.refusals import explain
from jitprov.words.remedies import remedy

MAX_STEP = 50
MEDIA = forms.Media(css={"all": ["jitprov/jitprov.css"]}, js=["jitprov/setup.js"])


@dataclass(frozen=True, slots=True, kw_only=True)
class PageUrls:
    """The URLs of the page and of its buttons, which differ between the admin and a setup link."""

    page: str
    metadata: str
    test: str
    """The URL that begins a test sign-in. The report of a test is below it: the reference and a slash follow."""
    switch: str
    download: str
    history: str = ""
    setup_links: str = ""
    new_setup_link: str = ""
    delete: str = ""
    origin: str = ""
    """Scheme and host of the page, if they are not those of the application."""

    def report(self, reference: str) -> str:
        """Return the URL of the report of a test sign-in."""
        return f"{self.test}{reference}/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The result of a button: either the context to show the page again, or a redirect with a message."""

    context: dict[str, Any] = field(default_factory=dict)
    redirect: str = ""
    message: str = ""
    section: str = ""
    """The section of the page where the message is shown, which is the one of the button; empty for the top."""
    went_well: bool = True
    status: int = 200
    """The HTTP status of the page, if it is shown again."""
    retry_after: int = 0
    """The seconds after which to try again what was not done."""


class SetupPage:
    """The set-up page of one identity provider, for one person."""

    def __init__(
        self,
        identity_provider: IdentityProvider,
        *,
        actor: Actor,
        urls: PageUrls,
        powers: Powers,
        setup_link: SetupLink | None = None,
    ) -> None:
        """Make the page. The caller has checked that this person may see the identity provider."""
        self.identity_provider = identity_provider
        self.actor, self.urls, self.powers = actor, urls, powers
        self.setup_link = setup_link

    # What is shown

    def got(self, query: Any) -> dict[str, Any]:
        """Return the context with the section open that the URL names, if it names one."""
        return self.context(opened=query.get("step", "")[:MAX_STEP])

    def context(
        self,
        *,
        setup_forms: SetupForms | None = None,
        metadata_form: MetadataForm | None = None,
        opened: str = "",
        **extra: Any,
    ) -> dict[str, Any]:
        """Return the context of the templates.

        :param opened: the section to open, or the prefix of the table or row to which something is added.
        """
        row = self.identity_provider
        shown_forms = setup_forms or SetupForms(row, powers=self.powers)
        context = {
            "identity_provider": row,
            "urls": self.urls,
            "forms": shown_forms,
            # Rows that are still being typed are not reviewed.
            "remarks": put_remarks(shown_forms) if shown_forms.are_rules else [],
            "metadata_form": metadata_form or MetadataForm(row),
            "waiting": waiting(row),
            "preset_label": Preset(row.preset).details.label,
            "step_templates": step_templates(),
            "preview_form": PreviewForm(row),
            "history": history(row, by=None if self.powers.insider else self.actor),
            "setup_media": MEDIA,
            **self._progress(),
            **extra,
        }
        return {**context, "sections": shown_sections(self, context, opened)}

    def _progress(self) -> dict[str, Any]:
        row = self.identity_provider
        missing = enabling.missing(row)
        is_tested = Missing.TEST not in missing
        can_be_tested = not ({Missing.METADATA, Missing.CERTIFICATE} & set(missing))
        attention = attention_for(row)
        state = enabling.state_of(row, tested=is_tested, needs_attention=bool(attention))
        return {
            "state": state,
            "switched_off": self._switched_off() if state is State.SWITCHED_OFF else None,
            "people": row.identities.filter(active=True).count() if row.enabled else 0,
            "attention": [(item, place_on(self.urls.page, item.code)) for item in attention],
            "missing": missing,
            "is_tested": is_tested,
            "can_be_tested": can_be_tested,
            "may_enable": is_tested and can_be_tested,
            "may_override": self.powers.everything and can_be_tested and not is_tested,
        }

    def _switched_off(self) -> HistoryEntry | None:
        """Return when it was switched off, and by whom, for those who may read the whole history."""
        if not self.powers.insider:
            return None
        return last_change(self.identity_provider, "identity_provider", column="enabled")

    def tests(self) -> QuerySet[TestSignIn]:
        """Return the test sign-ins of this person only, because a report holds the claims of whoever signed in."""
        mine = TestSignIn.objects.filter(
            identity_provider=self.identity_provider, expires_at__gt=timezone.now()
        ).defer("report")
        if self.setup_link is not None:
            return mine.filter(setup_link=self.setup_link)
        if self.actor.user is None:
            return mine.none()
        return mine.filter(started_by_id=self.actor.user.pk, setup_link=None)

    # What the buttons do

    def _counted(self, do: Callable[[], Answer], setup_forms: SetupForms | None = None) -> Answer:
        """Do what costs much, or show the page as it was typed and say when to try again."""
        try:
            count_costly(self.identity_provider, self.actor)
        except JitprovError as error:
            seconds = error.seconds if isinstance(error, Throttled) else PERIOD
            wait = _("Try again in %(seconds)s seconds.") % {"seconds": seconds}
            return Answer(
                context=self.context(setup_forms=setup_forms),
                message=f"{explain(error.code).happened} {wait}",
                went_well=False,
                status=explain(error.code).status,
                retry_after=seconds,
            )
        return do()

    def posted(self, data: Any) -> Answer:
        """Save the forms, or show them again with one more row, a preview or their errors."""
        if "_withdraw" in data:
            return self.withdrawn()
        if "_kind" in data:
            return self._kind_chosen(data)
        one_more = str(data.get("_add", ""))[:100]
        if not one_more and "_preview" not in data:
            return self._save(data)
        setup_forms = SetupForms(
            self.identity_provider, powers=self.powers, data=data, one_more=one_more
        )
        if one_more:
            context = self.context(setup_forms=setup_forms, is_adding=True, opened=one_more)
            return Answer(context=context)
        return self._counted(lambda: self._previewed(setup_forms, data), setup_forms)

    def _kind_chosen(self, data: Any) -> Answer:
        answer = self._save(posted_with(data, "by_hand-preset", str(data["_kind"])))
        if answer.redirect:
            # Also for who has chosen none of the kinds, and has to go on all the same.
            url = f"{self.urls.page}?step={give.SECTION.name}#kind"
            return replace(answer, redirect=url, section="kind")
        return answer

    def _save(self, data: Any) -> Answer:
        metadata_form = MetadataForm(self.identity_provider, data)
        if "_enter" in data and metadata_form.unread:
            return self.metadata_posted(data, None)
        if metadata_form.refuse_unread():
            # Saving the rest would lose what was typed here, under a message that says that all was saved.
            context = self.context(
                metadata_form=metadata_form,
                setup_forms=self._as_typed(data),
                has_errors=True,
                is_adding=True,
            )
            return Answer(context=context)
        with edited(self.identity_provider, self.actor) as held:
            # Judged only now, so that nobody changes anything before it is saved.
            setup_forms = SetupForms(self.identity_provider, powers=self.powers, data=data)
            is_valid = setup_forms.is_valid()
            if is_valid:
                setup_forms.write()
        if not is_valid:
            return Answer(context=self.context(setup_forms=setup_forms, has_errors=True))
        section = next((one.name for one in SECTIONS if one.name == data.get("_save")), "")
        return self._saved(_("The configuration was saved."), held.proposal, section)

    def _saved(self, message: Any, proposal: ProposedTrust | None, section: str = "") -> Answer:
        if proposal is None:
            return self._to(section, message)
        message = _("Saved. What is new about whom this trusts waits for a test sign-in.")
        return Answer(redirect=f"{self.urls.page}#trust", message=message)

    def withdrawn(self) -> Answer:
        """Forget what waits for a test."""
        trust.withdraw(self.identity_provider, self.actor)
        return Answer(redirect=self.urls.page, message=_("What waited was withdrawn."))

    def _previewed(self, setup_forms: SetupForms, data: Any) -> Answer:
        form = PreviewForm(self.identity_provider, data)
        found: Previewed | None = None
        rules_are_valid = setup_forms.rules_are_valid()
        if form.is_valid() and rules_are_valid:
            found = previewed(
                self.identity_provider,
                setup_forms.rules(),
                form.said,
                with_recent=self.powers.insider,
            )
        return Answer(
            context=self.context(
                setup_forms=setup_forms,
                preview_form=form,
                previewed=found,
                has_errors=not rules_are_valid,
            )
        )

    def metadata_posted(self, data: Any, files: Any) -> Answer:
        """Show what a document would change, or save the document that was shown."""
        return self._counted(lambda: self._metadata_posted(data, files))

    def _metadata_posted(self, data: Any, files: Any) -> Answer:
        if "_save_metadata" in data:
            return self._save_metadata(str(data.get("sealed", "")))
        if "_fetch_again" in data:
            return self._fetch_again()
        form = MetadataForm(self.identity_provider, data, files)
        form.tell_of_others = self.powers.everything
        form.is_valid()
        typed = self._as_typed(data)
        if form.reading is not None and self._is_first(form.reading, typed):
            return self._save_metadata(form.reading.sealed)
        return Answer(
            context=self.context(
                metadata_form=form,
                reading=form.reading,
                setup_forms=typed,
                is_adding=typed is not None and typed.is_changed,
            )
        )

    def _is_first(self, reading: Reading, typed: SetupForms | None) -> bool:
        """Say whether there is nothing to decide: a draft gets its first metadata, and nothing about it is odd."""
        has_typed = typed is not None and typed.is_changed
        return self.identity_provider.is_draft and not reading.warnings and not has_typed

    def _as_typed(self, data: Any) -> SetupForms | None:
        """Return the rest of the page as it was typed; ``None`` if it was not posted."""
        if not SetupForms.are_in(data):
            return None
        return SetupForms(
            self.identity_provider, powers=self.powers, data=data, one_more="metadata"
        )

    def _fetch_again(self) -> Answer:
        """Fetch the metadata now, as ``refresh_idp_metadata`` does regularly."""
        done = refresh(self.identity_provider, self.actor)
        if done.error is not None:
            # The page shows the problem and its remedy.
            message = _("The metadata could not be fetched. What was there before stays.")
            return self._to("metadata", message, went_well=False)
        if done.changed:
            message = _("The metadata was fetched, and something in it was new.")
            waits = done.result.waits if done.result else None
            return self._saved(message, waits, "metadata")
        message = _("The metadata was fetched. It says what it said before.")
        return self._to("metadata", message)

    def _save_metadata(self, sealed: str) -> Answer:
        try:
            result = save_sealed(self.identity_provider, sealed, self.actor)
        except JitprovError as error:
            said = refused(error, self.identity_provider)
            return self._to("metadata", said.message, went_well=False)
        if result is None:
            message = _("What you looked at is too old by now. Please give the metadata again.")
            return self._to("metadata", message, went_well=False)
        return self._saved(_("The metadata was saved."), result.waits, "metadata")

    def begin_test(self) -> Answer:
        """Begin a test sign-in, and redirect the browser to it. It ends on its report."""
        return self._counted(self._begin_test)

    def _begin_test(self) -> Answer:
        reference = new_reference()
        try:
            test = rehearsal.begin(
                self.identity_provider,
                actor=self.actor,
                report_url=self.urls.origin + self.urls.report(reference),
                reference=reference,
                setup_link=self.setup_link,
            )
        except JitprovError as error:
            return self._refused(error, "test")
        return Answer(redirect=rehearsal.start_url(test))

    def test(self, reference: str) -> TestSignIn | None:
        """Return a test sign-in of this person; ``None`` if they have none of this reference."""
        return self.tests().filter(reference=reference).select_related("identity_provider").first()

    def report(self, test: TestSignIn, *, with_values: bool) -> dict[str, Any]:
        """Return the context of a report.

        :param with_values: whether this browser went through the test.
        """
        report = rehearsal.report_of(test, with_values=with_values)
        shown = shown_report(test, report, page=self.urls.page) if report else None
        return {
            "identity_provider": self.identity_provider,
            "urls": self.urls,
            "test": test,
            "shown": shown,
            "setup_media": MEDIA,
            **self._progress(),
        }

    def switched(self, data: Any) -> Answer:
        """Enable or disable the sign-in."""
        row = self.identity_provider
        try:
            if "_disable" in data:
                enabling.disable(row, self.actor)
                return self._to("enable", _("The sign-in is disabled."))
            override = "_override" in data and self.powers.everything
            enabling.enable(row, self.actor, override=override)
        except JitprovError as error:
            return self._refused(error, "enable")
        return self._to("enable", _("The sign-in is enabled."), stay=True)

    def _refused(self, error: JitprovError, section: str) -> Answer:
        said = remedy(error.code, Preset(self.identity_provider.preset))
        return self._to(section, f"{said.happened} {said.fix}", went_well=False)

    def _to(
        self, section: str, message: Any, *, went_well: bool = True, stay: bool = False
    ) -> Answer:
        """Redirect to a section with a message.

        :param stay: open the section, where otherwise what is to be done next is open below the message.
        """
        opened = f"?step={section}" if stay or not went_well else ""
        url = f"{self.urls.page}{opened}#{section}" if section else self.urls.page
        return Answer(redirect=url, message=str(message), section=section, went_well=went_well)
