"""Review one claim mapping by itself: report parts that never do anything, and people whom it shuts out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _

from jitprov.host import user_fields
from jitprov.mapping_review.remark import (
    Facts,
    Remark,
    Severity,
    is_always_sent,
    is_only_like_an_address,
    may_be_absent,
    may_change,
)
from jitprov.provisioning.mapping import check_rule, map_claims
from jitprov.provisioning.problems import MappingError
from jitprov.provisioning.transforms import claims_named
from jitprov.provisioning.types import (
    ClaimRule,
    Claims,
    DesiredUser,
    RefusalReason,
    Source,
    SyncMode,
)
from jitprov.words.transforms import label_of_step

_REPLACING = ("constant", "template")
"""Transforms that make their value regardless of the claims of the row."""
_NOBODY = Claims(source=Source.SAML, external_id="")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A valid row, and the facts that it is compared with."""

    rule: ClaimRule
    facts: Facts
    index: int

    @property
    def names(self) -> list[str]:
        """Return the names of its transforms."""
        return [step.name for step in self.rule.transforms]

    @property
    def replaced_at(self) -> int | None:
        """Return the index of the last step that makes the value anew, if there is one."""
        found = [index for index, name in enumerate(self.names) if name in _REPLACING]
        return found[-1] if found else None

    @property
    def makes_a_value(self) -> bool:
        """Say whether it may have a value although no claim came."""
        return bool({"constant", "default"}.intersection(self.names)) and not self.template

    @property
    def template(self) -> tuple[str, ...]:
        """Return the claims that its template names, if its value is made by a template."""
        at = self.replaced_at
        if at is None or self.names[at] != "template":
            return ()
        return tuple(claims_named(str(self.rule.transforms[at].parameters["template"])))

    def of_nobody(self) -> DesiredUser:
        """Return the result of the row for a person without any claim."""
        return user_fields.cleaned(map_claims(_NOBODY, [self.rule], []), self.facts.fields)

    def remark(self, severity: Severity, code: str, text: str) -> Remark:
        return Remark(
            severity=severity, code=code, text=text, row=self.index, target=self.rule.target
        )


def review_row(rule: ClaimRule, facts: Facts, index: int) -> Iterator[Remark]:
    """Yield the remarks on one row."""
    row = _Row(rule=rule, facts=facts, index=index)
    try:
        check_rule(rule)
    except MappingError as error:
        yield row.remark(Severity.ERROR, "mapping_invalid", str(error))
        return
    if rule.target not in facts.fields:
        text = _("No mapping may write this field, or there is no such field any more.")
        yield row.remark(Severity.ERROR, "target_not_mappable", text)
        return
    for look in _LOOKS:
        yield from look(row)


def _unused_sources(row: _Row) -> Iterator[Remark]:
    at = row.replaced_at
    if at is None:
        return
    if row.rule.sources:
        text = _("The step “%(step)s” makes the value whatever came: these claims are never used.")
        yield row.remark(
            Severity.WARNING, "claims_unused", text % {"step": label_of_step(row.names[at])}
        )
    if at > 0:
        text = _("The step “%(step)s” makes the value anew: the steps before it are never used.")
        yield row.remark(
            Severity.WARNING, "steps_unused", text % {"step": label_of_step(row.names[at])}
        )


def _hidden_sources(row: _Row) -> Iterator[Remark]:
    sources = row.rule.sources
    if row.replaced_at is not None:
        return
    if len(set(sources)) < len(sources):
        text = _("The same claim stands in this row twice.")
        yield row.remark(Severity.WARNING, "claim_twice", text)
    for position, claim in enumerate(sources[:-1], start=1):
        if is_always_sent(claim):
            text = _("Everybody has %(claim)s, so what stands after it is never used: %(others)s.")
            others = ", ".join(sources[position:])
            said = {"claim": claim, "others": others}
            yield row.remark(Severity.WARNING, "claim_hidden", text % said)
            return


def _absent_sources(row: _Row) -> Iterator[Remark]:
    if row.replaced_at is None and row.facts.never_came(*row.rule.sources):
        text = _("People have signed in, and none of these claims has ever come.")
        yield row.remark(Severity.WARNING, "claim_never_came", text)
    absent = [claim for claim in row.template if row.facts.never_came(claim)]
    if absent:
        text = _("The template needs %(claims)s, which has never come; so it makes no value.")
        said = {"claims": ", ".join(absent)}
        yield row.remark(Severity.WARNING, "claim_never_came", text % said)


def _made_value(row: _Row) -> Iterator[Remark]:
    if not row.makes_a_value:
        return
    made = row.of_nobody()
    constant = "constant" in row.names
    if any(problem.reason is RefusalReason.INVALID_VALUE for problem in made.problems):
        text = (
            _("The value that this row makes does not fit the field: everybody is refused.")
            if constant
            else _("The default does not fit the field: whoever has no value is refused.")
        )
        yield row.remark(Severity.ERROR, "made_value_refused", text)
    elif made.unfit:
        text = (
            _("The value that this row makes does not fit the field, so it is never used.")
            if constant
            else _("The default does not fit the field, so it is never used.")
        )
        yield row.remark(Severity.WARNING, "made_value_unused", text)
    elif row.rule.target not in made.fields or made.problems or made.trace[0].outcome == "clear":
        text = (
            _("The steps after the constant leave nothing of it: this row never has a value.")
            if constant
            else _("The steps after the default leave nothing of it.")
        )
        yield row.remark(Severity.WARNING, "made_value_unused", text)
    elif row.rule.required:
        text = _("This row always has a value, so nobody is ever refused for having none.")
        yield row.remark(Severity.HINT, "required_unused", text)


def _required(row: _Row) -> Iterator[Remark]:
    rule, people = row.rule, row.facts.people
    if not rule.required or row.makes_a_value:
        return
    without = sum(1 for claims in people if _lacks(claims, rule))
    if without:
        text = _("%(count)s of the last %(all)s people had no value, and would be refused.")
        said = {"count": without, "all": len(people)}
        yield row.remark(Severity.WARNING, "required_but_absent", text % said)
    elif rule.sources and all(map(may_be_absent, rule.sources)):
        text = _("It is not sent for everybody: people without a value are refused.")
        yield row.remark(Severity.WARNING, "required_may_be_absent", text)


def _lacks(claims: Claims, rule: ClaimRule) -> bool:
    problems = map_claims(claims, [rule], []).problems
    return any(problem.reason is RefusalReason.REQUIRED_CLAIM_MISSING for problem in problems)


def _changing(row: _Row) -> Iterator[Remark]:
    user_model, rule = get_user_model(), row.rule
    if row.replaced_at is not None:
        return
    changing = next((claim for claim in rule.sources if may_change(claim)), "")
    if changing and rule.target == user_model.USERNAME_FIELD and rule.sync is SyncMode.ALWAYS:
        text = _(
            "%(claim)s may change, and the user name with it. People stay who they are; if the user name "
            "should stay too, write it only when the person is created."
        )
        yield row.remark(Severity.HINT, "user_name_may_change", text % {"claim": changing})
    alike = next((claim for claim in rule.sources if is_only_like_an_address(claim)), "")
    if alike and rule.target == user_model.get_email_field_name():
        text = _("Values of %(claim)s only look like e-mail addresses, and need not be any.")
        yield row.remark(Severity.WARNING, "no_address", text % {"claim": alike})


_LOOKS: tuple[Callable[[_Row], Iterator[Remark]], ...] = (
    _unused_sources,
    _hidden_sources,
    _absent_sources,
    _made_value,
    _required,
    _changing,
)


def review_targets(rules: tuple[ClaimRule, ...]) -> Iterator[Remark]:
    """Yield a remark on each row whose field an earlier row fills already."""
    seen: dict[str, int] = {}
    for index, rule in enumerate(rules):
        if rule.target in seen:
            text = _("The row number %(number)s fills the same field: nobody can sign in.")
            yield Remark(
                severity=Severity.ERROR,
                code="same_target",
                text=text % {"number": seen[rule.target] + 1},
                row=index,
                target=rule.target,
            )
        seen.setdefault(rule.target, index)
