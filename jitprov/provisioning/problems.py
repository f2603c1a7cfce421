"""List the problems of mappings, each with a stable code and a text for logs, and define the error that reports one."""

from __future__ import annotations

from enum import unique

from jitprov.exceptions import JitprovError, ProblemCode


@unique
class MappingProblem(ProblemCode):
    """The problems of a parameter, a step, a row or a whole mapping."""

    # Parameters
    EMPTY = "must not be empty"
    NO_CHOICE = "must be one of %(choices)s"
    NO_TEXT = "must be a text"
    NO_TEXTS = "must be a list of texts"
    NO_TABLE = "must be an object of texts"
    TOO_LONG = "must have at most %(most)s characters"
    TOO_MANY_ENTRIES = "must have at most %(most)s entries"
    NO_WHOLE_NUMBER = "must be a whole number from 0 to %(most)s"
    UNSTORABLE = "has a character that cannot be stored"
    UNKNOWN_PARAMETER = "is not a parameter"
    NO_PATTERN = "is not a regular expression"
    SLOW_PATTERN = (
        "may take too long: begin it with ^, repeat fewer parts, and repeat nothing "
        "that is itself repeated, optional or an alternative"
    )
    UNCOUNTABLE_PATTERN = "uses what is not allowed here: %(what)s"
    NO_SUCH_GROUP = "the pattern has no such group"
    STRAY_BRACE = "has a brace that belongs to no claim; write {{ or }} for the character"
    NO_DATE_FORMAT = "each must have %%d, %%m and %%Y (or %%y) once, and no other directive"

    # Steps
    STEPS_NO_LIST = "transforms must be a list"
    STEP_NO_OBJECT = 'each transform must be an object with a "name"'
    TOO_MANY_STEPS = "there are more than %(most)s transforms"
    UNKNOWN_STEP = "there is no such transform"
    STEP_NOT_LAST = "must be the last transform"
    STEP_NOT_FOR_GROUPS = (
        "is no step of a group mapping: it makes something else of a value, or one that nobody sent"
    )

    # Rows
    FORBIDDEN_TARGET = "%(field)s can never be written by a mapping"
    UNMAPPABLE_TARGET = "%(field)s is not a user field that a mapping may write"
    NO_TARGET = "the target must be the name of a user field"
    TOO_MANY_CLAIMS = "there are more than %(most)s claims in one row"
    NOTHING_TO_READ = "a row without a claim needs a constant, a default or a template"
    TOO_MANY_ROWS = "there are more than %(most)s rows"
    TARGET_TWICE = "two rows have the same target"
    TOO_MUCH_WORK = (
        "the regular expressions of all rows together may take too long: begin them with ^, use fewer, "
        "and repeat fewer parts"
    )


class MappingError(JitprovError):
    """A row of a mapping does not make sense, so nothing is mapped by it."""

    code = "mapping_invalid"

    def __init__(
        self,
        problem: MappingProblem,
        /,
        *,
        transform: str = "",
        parameter: str = "",
        **facts: object,
    ) -> None:
        self.transform, self.parameter = transform, parameter
        self.problem, self.facts = problem, facts
        super().__init__(self.at_its_place(problem.text(facts)))

    def at_its_place(self, text: str) -> str:
        """Return a text about the problem, with the transform and the parameter before it where they are known."""
        return ": ".join(part for part in (self.transform, self.parameter, text) if part)
