"""Every problem code of the pure core has one sentence, which needs no fact that the code does not carry."""

from __future__ import annotations

import re
from itertools import chain

import pytest
from django.utils import translation

from jitprov.exceptions import ProblemCode
from jitprov.provisioning.problems import MappingError, MappingProblem
from jitprov.provisioning.steps import parse_transforms
from jitprov.saml.certificates import CertificateProblem, CertificateUnusable, load_certificate
from jitprov.saml.types import MetadataNote, NoteCode
from jitprov.words.problems import SENTENCES, in_words, note_in_words, sentence
from tests.saml.documents import key_pair

CODES = list(chain.from_iterable(ProblemCode.__subclasses__()))
_PLACE = re.compile(r"%\((\w+)\)s")


def places(text: str) -> set[str]:
    return set(_PLACE.findall(text))


def test_a_remark_on_metadata_is_said_with_the_problem_of_the_certificate() -> None:
    note = MetadataNote(
        code=NoteCode.CERTIFICATE_UNREADABLE,
        facts={"number": 2},
        reason=CertificateProblem.NOT_X509,
    )
    said = "Certificate number 2 of the metadata is not used. This is not an X.509 certificate."
    assert note_in_words(note) == said
    weak = MetadataNote(code=NoteCode.SIGNATURE_NOT_VERIFIED, facts={"why": "50 %s"})
    assert "cannot be verified (50 %s)." in note_in_words(weak)


def test_every_code_has_a_sentence_and_every_sentence_a_code() -> None:
    assert {MappingProblem, CertificateProblem} <= set(ProblemCode.__subclasses__())
    assert set(SENTENCES) == set(CODES)


@pytest.mark.parametrize("code", CODES, ids=str)
def test_a_sentence_needs_no_fact_that_its_code_does_not_carry(code: ProblemCode) -> None:
    said = str(SENTENCES[code])

    assert places(said) <= places(code.value)
    assert said.endswith(".")


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param(
            [{"name": "split"}], "split: separator: This must be a text.", id="a parameter"
        ),
        pytest.param([{"name": "explode"}], "explode: There is no such step.", id="a step"),
        pytest.param({}, "The steps must be a list.", id="all of it"),
        pytest.param(
            [{"name": "join", "separator": "x" * 501}],
            "join: separator: This must have at most 500 characters.",
            id="with a fact",
        ),
        pytest.param(
            [{"name": "%(no)s%d"}], "%(no)s%d: There is no such step.", id="a name with places"
        ),
    ],
)
def test_a_refused_mapping_is_said_with_its_transform_and_parameter(
    steps: object, expected: str
) -> None:
    with pytest.raises(MappingError) as refusal:
        parse_transforms(steps)

    assert in_words(refusal.value) == expected
    assert expected.endswith(sentence(refusal.value))


def test_a_refused_certificate_is_said_in_the_language_of_the_reader() -> None:
    with pytest.raises(CertificateUnusable) as refusal:
        load_certificate(key_pair("rsa-1024").certificate)

    assert in_words(refusal.value) == (
        "The key of this certificate has 1024 bits; 2048 are the least."
    )
    with translation.override("de"):
        assert "1024" in in_words(refusal.value)
        assert "key" not in in_words(refusal.value)


def test_the_text_for_logs_holds_the_facts() -> None:
    with pytest.raises(MappingError) as refusal:
        parse_transforms([{"name": "date", "formats": ["%B"]}])

    assert str(refusal.value) == (
        "date: formats: each must have %d, %m and %Y (or %y) once, and no other directive"
    )
