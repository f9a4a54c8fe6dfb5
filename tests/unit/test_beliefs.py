"""Beliefs and priors: what may be left out, what must not contradict itself, and what one is told of either."""

import pytest

from made import cohort
from sarcoid_epi import api
from sarcoid_epi.errors import ConfigurationError
from sarcoid_epi.scenario import load_belief, load_prior, shipped
from sarcoid_epi.scenario.belief import Belief, detected_share
from sarcoid_epi.scenario.loader import paths
from sarcoid_epi.scenario.prior import Prior

#: All that must be believed.
BARE = """\
name = "mine"
label = "My own"

[sensitivity]
value = { value = 0.3, assumed = "a guess of mine", low = 0.1, high = 0.5 }
n = { value = 10, assumed = "as ten patients" }

[specificity]
value = { value = 0.99, assumed = "a guess of mine" }
n = { value = 100, assumed = "as a hundred patients" }
"""

LOOK = """
[cascade.{look}]
assumed = "a guess of mine"
symptomatic = 0.5
silent = 0.1
phalangeal = 0.4
axial = 0.6
"""

#: Each section that may be left out, complete.
SECTIONS = {
    "together": '[together]\nassumed = "a guess of mine"\ncorrelation = -0.2\n',
    "exposed": '[exposed]\nassumed = "a guess of mine"\ndetected = 0.5\nmistaken = 1.0\n',
    "cascade": '[cascade]\nassumed = "a guess of mine"\nsymptomatic = 0.3\nphalangeal = 0.2\nwritten = 0.9\n'
    + "".join(LOOK.format(look=look) for look in ("film", "ct", "mri", "pet")),
    "selection": '[selection]\nassumed = "a guess of mine"\nodds = 0.5\n',
    "sources": '[sources]\nassumed = "a guess of mine"\nodds_ratio = 2.0\npredictive = 0.9\n',
    "occurrence": '[occurrence]\nassumed = "a guess of mine"\nprevalence = 50.0\npopulation = 1000000\n',
}

OPTIONAL = tuple(name for name, field in Belief.model_fields.items() if not field.is_required())

by_section = pytest.mark.parametrize("section", OPTIONAL)


@pytest.fixture
def file(tmp_path):
    """A belief file of the user's own with this text."""

    def written(text):
        path = tmp_path / "mine.toml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return written


@pytest.fixture
def refused(file):
    """What is said about a belief file that is refused, sentence by sentence, without its place."""

    def told(text):
        with pytest.raises(ConfigurationError) as caught:
            load_belief(file(text))
        return [str(problem).partition("mine.toml")[2].lstrip("':").strip() for problem in caught.value.problems]

    return told


def without(text, key):
    """The text without the first line that gives a key."""
    lines = text.splitlines(keepends=True)
    lines.remove(next(line for line in lines if line.startswith(f"{key} = ")))
    return "".join(lines)


# What may be left out


def test_sensitivity_and_specificity_are_enough(file):
    mine = load_belief(file(BARE))
    assert (mine.name, mine.about, mine.sensitivity.value.value, mine.specificity.n.value) == ("mine", "any", 0.3, 100)
    assert all(getattr(mine, section) is None for section in OPTIONAL)


def test_the_sections_of_this_test_are_all_that_may_be_left_out():
    assert set(OPTIONAL) == set(SECTIONS)


@by_section
def test_a_complete_section_may_stand_alone(file, section):
    mine = load_belief(file(BARE + SECTIONS[section]))
    assert getattr(mine, section) is not None
    assert [other for other in OPTIONAL if getattr(mine, other) is not None] == [section]


@by_section
def test_a_section_without_any_number_is_a_section_left_out(file, section):
    assert getattr(load_belief(file(f"{BARE}[{section}]\n")), section) is None


@pytest.mark.parametrize(
    ("section", "key"),
    [
        ("cascade", "written"),
        ("cascade", "symptomatic"),
        ("sources", "predictive"),
        ("exposed", "detected"),
        ("occurrence", "population"),
    ],
)
def test_half_a_section_is_one_sentence_that_names_what_is_missing(refused, section, key):
    assert refused(BARE + without(SECTIONS[section], key)) == [
        f"'{section}.{key}' is missing; add it, or extend a belief that has it."
    ]


def test_a_way_to_look_that_lacks_one_chance_is_one_sentence_as_well(refused):
    half = SECTIONS["cascade"].rpartition("axial = 0.6\n")[0]
    assert refused(BARE + half) == ["'cascade.pet.axial' is missing; add it, or extend a belief that has it."]


@pytest.mark.parametrize("key", ["value", "n"])
def test_what_must_be_believed_must_be_there(refused, key):
    assert refused(without(BARE, key)) == [f"'sensitivity.{key}' is missing; add it, or extend a belief that has it."]


def test_a_section_is_taken_over_from_the_belief_that_is_extended(file):
    mine = load_belief(file(BARE.replace("[sensitivity]", 'extends = "clinical"\n\n[sensitivity]')))
    assert mine.sources == load_belief("clinical").sources
    assert mine.sensitivity.value.value == 0.3


# What is wrong is named


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[sourses]\nodds_ratio = 2.0\n", "unknown key 'sourses'; did you mean 'sources'?"),
        (
            SECTIONS["selection"] + "odd = 1.0\n",
            "unknown key 'selection.odd'; did you mean 'selection.odds'?",
        ),
        (
            SECTIONS["cascade"] + "silnet = 1.0\n",
            "unknown key 'cascade.pet.silnet'; did you mean 'cascade.pet.silent'?",
        ),
        ("[cascade]\nfilm = 0.3\n", "'cascade.film' is a section, not a value; write [cascade.film]."),
    ],
)
def test_a_wrong_key_is_named_with_the_one_that_was_meant(refused, text, said):
    assert refused(BARE + text) == [said]


@pytest.mark.parametrize(
    ("section", "right", "wrong", "said"),
    [
        ("together", "-0.2", "-2", "-2 is not a correlation short of perfect"),
        ("selection", "0.5", "0", "0 is not a positive number"),
        ("sources", "0.9", "1.2", "1.2 is not a share"),
        ("cascade", "0.9", "-0.1", "-0.1 is not a share"),
    ],
)
def test_a_number_outside_its_range_is_named_with_its_path(refused, section, right, wrong, said):
    (sentence,) = refused(BARE + SECTIONS[section].replace(right, wrong))
    assert sentence.startswith(f"{section}.")
    assert said in sentence


def test_a_number_without_a_reason_is_refused(refused):
    (sentence,) = refused(BARE + "[selection]\nodds = 0.5\n")
    assert sentence.startswith("selection.odds: exactly one basis is needed")


# One belief must not say two things


def test_a_cascade_that_detects_more_than_the_sensitivity_allows_is_refused_in_one_sentence(file, refused):
    """With chances of 0.5 and 0.1 by four ways the cascade finds 41 % of the cases; the sensitivity ends at 0.3."""
    both = BARE + SECTIONS["cascade"]
    detected = detected_share(load_belief(file(both)).cascade)
    assert 0.3 < detected < 0.5
    (sentence,) = refused(both.replace("0.3, assumed", "0.2, assumed").replace("high = 0.5", "high = 0.3"))
    assert sentence == (
        f"the cascade detects {detected:.3g} of the cases, the sensitivity lies between 0.1 and 0.3: "
        "one belief must not say two things; correct the value."
    )


def test_a_cascade_that_detects_less_than_the_sensitivity_allows_is_refused_too(refused):
    text = BARE.replace("0.3, assumed", "0.8, assumed").replace("low = 0.1, high = 0.5", "low = 0.7, high = 0.9")
    assert "the sensitivity lies between 0.7 and 0.9" in refused(text + SECTIONS["cascade"])[0]


def test_a_sensitivity_without_a_range_contradicts_no_cascade(file):
    text = BARE.replace(", low = 0.1, high = 0.5", "")
    assert load_belief(file(text + SECTIONS["cascade"])).cascade is not None


def test_beliefs_about_pet_say_nothing_of_sources():
    """A series of scans has no lists; the others say something of everything, but none of a certain exposure."""
    for name in shipped("belief"):
        belief = load_belief(name)
        silent = [section for section in OPTIONAL if getattr(belief, section) is None]
        assert silent == ["exposed"] + (["sources"] if belief.about == "pet" else []), name


def test_the_cascade_of_every_shipped_belief_agrees_with_its_sensitivity():
    for name in shipped("belief"):
        belief = load_belief(name)
        basis = belief.sensitivity.value.basis
        assert basis.low <= detected_share(belief.cascade) <= basis.high, name


# What ships


def test_four_beliefs_and_three_priors_ship():
    assert shipped("belief") == ("clinical", "pet_optimist", "pet_sceptic", "vague")
    assert shipped("prior") == ("open", "pet_optimist", "pet_sceptic")


@pytest.mark.parametrize(
    ("load", "kind", "name"),
    [(load_belief, Belief, name) for name in shipped("belief")]
    + [(load_prior, Prior, name) for name in shipped("prior")],
)
def test_a_shipped_file_is_complete_and_every_number_of_it_has_a_reason(load, kind, name):
    loaded = load(name)
    parameters = loaded.parameters()
    there = [section for section in kind.model_fields if getattr(loaded, section) is not None]
    assert set(parameters) == {path for path, number in paths(kind).items() if number and path.split(".")[0] in there}
    for path, parameter in parameters.items():
        reason = getattr(parameter.basis, "reason", None) or str(parameter.basis)
        assert len(reason.split()) > 1, path


# An own belief at work


def test_an_own_file_with_sensitivity_and_specificity_answers_what_it_can(file):
    frame = cohort("tertiary_records", size=2000).patients
    answers = api.estimate("underdiagnosis", frame, belief=file(BARE))
    recorded = frame["osseous_recorded"].mean()
    row = answers.one("corrected_prevalence-mine:osseous:all")
    assert row.estimate == pytest.approx((recorded - 0.01) / 0.29, abs=1e-12)
    (run,) = (run for run in answers.runs if run.run == row.run)
    assert "belief 'mine' (My own; about any record)" in run.rests_on
    for name, section in {
        "detection_cascade": "cascade",
        "burden": "occurrence",
        "believed_sources": "sources",
    }.items():
        silent = [row for row in answers.rows if row.run == f"{name}-mine"]
        assert silent
        assert all(row.note.endswith(f"section [{section}]") for row in silent)


def test_what_does_not_need_a_section_does_not_rest_on_one(file):
    """Where nothing is said of a correlation, bias analysis takes sensitivity and specificity as independent."""
    frame = cohort("tertiary_records", size=2000).patients
    plain = api.estimate("underdiagnosis", frame, belief=file(BARE))
    zero = SECTIONS["together"].replace("-0.2", "0.0")
    said = api.estimate("underdiagnosis", frame, belief=file(BARE + zero))
    at = "bias_analysed_prevalence-mine:osseous:all"
    assert plain.one(at).estimate == said.one(at).estimate
