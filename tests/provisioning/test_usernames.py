from __future__ import annotations

import re

import pytest

from jitprov.provisioning.usernames import candidates, is_variant, neutral_name, wish_from

DJANGO_ALLOWS = re.compile(r"[\w.@+-]+")


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        pytest.param(("mia.lund",), "mia.lund", id="what is allowed stays as it is"),
        pytest.param(("mia@acme.example",), "mia@acme.example", id="an e-mail address is allowed"),
        pytest.param(("Zoë Łuk",), "Zoë.Łuk", id="letters beyond ASCII stay, white space is a dot"),
        pytest.param(("张伟",), "张伟", id="so do letters of other scripts"),
        pytest.param(("\ufb01nn",), "finn", id="in the normal form that Django gives a user name"),
        pytest.param(("ACME\\mia",), "mia", id="a Windows domain goes"),
        pytest.param(
            ("mia_x.example#EXT#@acme.example",),
            "mia_x.example@acme.example",
            id="Entra's mark for guests goes",
        ),
        pytest.param(("<b>mia</b>/'\"",), "bmiab", id="everything else goes"),
        pytest.param(("  .-mia-. ",), "mia", id="no punctuation at the ends"),
        pytest.param(("", "***", "mia"), "mia", id="the first wish of which something is left"),
    ],
)
def test_the_first_usable_wish_is_made_fit(wishes: tuple[str, ...], expected: str) -> None:
    wish = wish_from(*wishes)
    assert wish == expected
    assert DJANGO_ALLOWS.fullmatch(wish)


@pytest.mark.parametrize("wishes", [(), ("",), ("***",), (" ", "\\")])
def test_nothing_is_made_up_where_no_wish_is_usable(wishes: tuple[str, ...]) -> None:
    assert not wish_from(*wishes)


@pytest.mark.parametrize("external_id", ["4711", "Wm9lIGlz/+==", "***", "张伟", "", "x" * 1024])
def test_a_neutral_name_is_made_of_the_identifier(external_id: str) -> None:
    name = neutral_name(external_id)

    assert DJANGO_ALLOWS.fullmatch(name)
    assert name == neutral_name(external_id)
    assert name != neutral_name(f"another {external_id}")


def test_candidates_are_the_wish_then_small_numbers_then_the_callers_suffixes() -> None:
    names = list(candidates("mia", suffixes=["0badcafe", "1badcafe"]))
    assert names[:3] == ["mia", "mia-2", "mia-3"]
    assert names[-3:] == ["mia-9", "mia-0badcafe", "mia-1badcafe"]


def test_candidates_fit_the_length_with_their_suffix() -> None:
    names = list(candidates("maximilian", max_length=10, suffixes=["0badcafe"]))
    assert names[0] == "maximilian"
    assert names[1] == "maximili-2"
    assert names[-1] == "m-0badcafe"


def test_a_suffix_that_leaves_no_room_for_the_wish_is_not_tried() -> None:
    names = list(candidates("maximilian", max_length=9, suffixes=["0badcafe"]))
    assert names[-1] == "maximil-9"


@pytest.mark.parametrize("suffix", ["marie", "10", "1", "", "0BADCAFE", "0badcafe0"])
def test_a_suffix_that_is_variant_would_not_know_is_an_error(suffix: str) -> None:
    with pytest.raises(ValueError, match="eight lower-case hexadecimal digits"):
        list(candidates("mia", suffixes=[suffix]))


@pytest.mark.parametrize("max_length", [150, 30, 12, 10, 9])
def test_every_candidate_is_a_variant(max_length: int) -> None:
    for name in candidates("maximilian.of-2", max_length=max_length, suffixes=["0badcafe"]):
        assert is_variant(name, "maximilian.of-2", max_length=max_length)
        assert len(name) <= max_length


@pytest.mark.parametrize(
    ("current", "wish"),
    [
        pytest.param("ann-marie", "ann", id="a longer name is another name"),
        pytest.param("ann-10", "ann", id="a number that we never append"),
        pytest.param("ann2", "ann", id="a number without our dash"),
        pytest.param("ann", "ann-2", id="the wish is longer than the name"),
        pytest.param("Ann", "ann", id="another case is another name"),
        pytest.param("bea-2", "ann", id="our suffix on another name"),
        pytest.param("ann-2-3", "ann", id="a suffix on a suffix"),
        pytest.param("", "ann", id="no name yet"),
    ],
)
def test_other_names_are_no_variants(current: str, wish: str) -> None:
    assert not is_variant(current, wish)


def test_in_a_crowd_only_random_names_are_tried() -> None:
    assert list(candidates("ann", suffixes=["0a1b2c3d"], crowded=True)) == ["ann-0a1b2c3d"]
