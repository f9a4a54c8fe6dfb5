"""Reading scenarios: every problem at once, each with its place and its mend, and nothing dropped without a word."""

import pytest

from sarcoid_epi.errors import ConfigurationError
from sarcoid_epi.scenario import load_belief, load_design, load_world

BELIEF = """\
name = "mine"
label = "My own"
[sensitivity]
value = { value = 0.3, assumed = "a guess", low = 0.1, high = 0.5 }
n = { value = 10, assumed = "ten patients" }
[specificity]
value = { value = 0.99, assumed = "a guess" }
n = { value = 100, assumed = "a hundred patients" }
"""
SENSITIVITY = '{ value = 0.3, assumed = "a guess", low = 0.1, high = 0.5 }'


def written(folder, text, name="mine.toml", encoding="utf-8"):
    path = folder / name
    path.write_text(text, encoding=encoding)
    return str(path)


def problems(load, *arguments):
    with pytest.raises(ConfigurationError) as caught:
        load(*arguments)
    return [str(problem) for problem in caught.value.problems]


def refused(folder, spec):
    """What is said about a belief whose sensitivity has this specification."""
    told = problems(load_belief, written(folder, BELIEF.replace(SENSITIVITY, spec)))
    assert len(told) == 1, told
    assert told[0].startswith(f"{folder / 'mine.toml'}: sensitivity.value: "), told
    return told[0].partition("sensitivity.value: ")[2]


def test_an_own_file_is_read(tmp_path):
    mine = load_belief(written(tmp_path, BELIEF))
    assert (mine.name, mine.label) == ("mine", "My own")
    assert mine.sensitivity.value.value == 0.3
    assert str(mine.sensitivity.value.basis) == "assumed [0.1 to 0.5]: a guess"


def test_a_file_without_a_name_is_called_as_the_file_and_not_by_its_place(tmp_path):
    mine = load_belief(written(tmp_path, "\n".join(BELIEF.splitlines()[2:])))
    assert (mine.name, mine.label) == ("mine", "mine")


def test_a_byte_order_mark_is_no_mistake(tmp_path):
    assert load_belief(written(tmp_path, BELIEF, encoding="utf-8-sig")).name == "mine"


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("{ value = 0.3 }", "exactly one basis is needed, because a number without a basis means nothing; give one of"),
        ("0.3", "exactly one basis is needed, because a number without a basis"),
        ('{ value = 0.3, assumed = "" }', "exactly one basis is needed"),
        ('{ value = 0.3, assumed = "  " }', "'assumed' is empty"),
        (
            '{ value = 0.3, assumed = "x", cited = "oporto.lofgren" }',
            "exactly one basis is needed, because it names cited and",
        ),
        ('{ assumed = "a guess" }', "there is no value; add 'value'"),
        ('{ value = "0,3", assumed = "x" }', "the value '0,3' is not a number; write a number"),
        ('{ value = true, assumed = "x" }', "the value True is not a number"),
        ('{ value = [0.3], assumed = "x" }', "the value [0.3] is not a number"),
        ('{ value = nan, assumed = "x" }', "the value nan is not a number"),
        ('{ value = inf, assumed = "x" }', "the value inf is not a number"),
        ("{ value = 0.3, assumed = 3 }", "'assumed' is not text"),
        ('{ value = 0.3, assumed = "x", low = "a" }', "the low 'a' is not a number"),
        (
            '{ value = 0.3, assumed = "x", low = 0.4, high = 0.5 }',
            "the value 0.3 lies outside its own range, because that is 0.4 to 0.5",
        ),
        (
            '{ value = 0.3, assumed = "x", high = 0.2 }',
            "the value 0.3 lies outside its own range, because that is ... to 0.2",
        ),
        ('{ value = 0.3, assumed = "x", note = "y" }', "a parameter that is assumed has no use for 'note'; delete"),
        (
            '{ value = 0.35, cited = "spain_lofgren2014.fever", low = 0.1 }',
            "a parameter that is cited has no use for 'low'",
        ),
        (
            '{ value = 0.3, cited = "spain_lofgren2014.fevr" }',
            "unknown finding 'spain_lofgren2014.fevr'; did you mean 'spain_lofgren2014.fever'?",
        ),
        (
            '{ value = 0.45, cited = "spain_lofgren2014.fever" }',
            "the value 0.45 is not what 'spain_lofgren2014.fever' prints, because that is 0.3",
        ),
        ("{ value = 0.3, cited = 5 }", "'cited' is not text"),
        (
            '{ value = 0.3, derived = "same", from = [0.3] }',
            "a parameter that is derived has no value of its own; delete 'value'",
        ),
        ('{ derived = "sam", from = [0.3] }', "unknown rule 'sam'; did you mean 'same'?"),
        ("{ derived = 5, from = [0.3] }", "'derived' is not text"),
        ('{ derived = "same", from = "n" }', "'from' is not a list"),
        ('{ derived = "same", from = [] }', "'from' is empty"),
        ('{ derived = "same" }', "rule 'same' fails on []"),
        ('{ derived = "same", from = [0.3, 0.4] }', "rule 'same' fails on [0.3, 0.4]"),
        (
            '{ derived = "share_from_odds", from = [0, 0] }',
            "rule 'share_from_odds' fails on [0, 0], because float division by zero",
        ),
        ('{ derived = "season_amplitude", from = [0.49, 0.8] }', "rule 'season_amplitude' fails on"),
        (
            '{ derived = "same", from = ["spain_lofgren2014.fever.low"] }',
            "finding 'spain_lofgren2014.fever' prints no low",
        ),
        ('{ derived = "same", from = ["specificity.value.n"] }', "unknown finding 'specificity.value"),
        ('{ value = 1.2, assumed = "x" }', "1.2 is not a share: it must lie between 0 and 1; correct the value"),
        ('{ derived = "same", from = [1.2] }', "1.2 is not a share: it must lie between 0 and 1"),
    ],
)
def test_a_broken_parameter_is_refused_in_words(tmp_path, spec, said):
    assert refused(tmp_path, spec).startswith(said)


def test_a_key_of_a_parameter_that_is_unknown_has_a_near_miss(tmp_path):
    told = problems(load_belief, written(tmp_path, BELIEF.replace("low = 0.1", "lwo = 0.1")))
    assert told == [
        f"{tmp_path / 'mine.toml'}: unknown key 'sensitivity.value.lwo'; did you mean 'sensitivity.value.low'?"
    ]


def test_a_range_a_finding_prints_holds_any_value_inside_it_and_none_outside(tmp_path):
    def load(value):
        spec = f'{{ value = {value}, cited = "kucharz2020.bone_prev_neville" }}'
        return load_belief(written(tmp_path, BELIEF.replace(SENSITIVITY, spec))).sensitivity.value

    assert load(0.05).value == 0.05
    assert str(load(0.05).basis) == "cited: kucharz2020.bone_prev_neville"
    told = refused(tmp_path, '{ value = 0.5, cited = "kucharz2020.bone_prev_neville" }')
    assert told.startswith("the value 0.5 does not stand in 'kucharz2020.bone_prev_neville', because that prints")


def test_every_problem_of_a_file_is_told_at_once(tmp_path):
    text = BELIEF.replace("[sensitivity]\nvalue", "[sensitivity]\nvaleu").replace("value = 0.99", "value = 1.2")
    text = text.replace('{ value = 100, assumed = "a hundred patients" }', "100").replace("value = 10,", "value = 0,")
    told = problems(load_belief, written(tmp_path, text + "\n[sensitivty]\n"))
    place = tmp_path / "mine.toml"
    assert sorted(told) == sorted([
        f"{place}: unknown key 'sensitivity.valeu'; did you mean 'sensitivity.value'?",
        f"{place}: unknown key 'sensitivty'; did you mean 'sensitivity'?",
        f"belief '{place}': 'sensitivity.value' is missing; add it, or extend a belief that has it.",
        f"{place}: specificity.n: exactly one basis is needed, because a number without a basis means nothing; "
        "give one of cited, derived or assumed.",
        f"{place}: sensitivity.n: 0 is not a count: it must lie between 1 and 1e+09; correct the value.",
        f"{place}: specificity.value: 1.2 is not a share: it must lie between 0 and 1; correct the value.",
    ])  # fmt: skip


def test_what_derives_from_a_missing_parameter_is_not_a_second_problem(tmp_path):
    text = BELIEF.replace(SENSITIVITY, '{ derived = "same", from = ["specificity.value"] }')
    text = text.replace('value = { value = 0.99, assumed = "a guess" }\n', "")
    assert problems(load_belief, written(tmp_path, text)) == [
        f"belief '{tmp_path / 'mine.toml'}': 'specificity.value' is missing; add it, or extend a belief that has it."
    ]


def test_parameters_that_derive_from_each_other_are_refused_with_the_circle(tmp_path):
    text = BELIEF.replace(SENSITIVITY, '{ derived = "same", from = ["specificity.value"] }')
    text = text.replace('{ value = 0.99, assumed = "a guess" }', '{ derived = "same", from = ["sensitivity.value"] }')
    told = problems(load_belief, written(tmp_path, text))
    assert len(told) == 1
    assert "sensitivity.value -> specificity.value -> sensitivity.value derive from each other" in told[0]


def test_derivation_goes_to_any_depth(tmp_path):
    text = BELIEF.replace(SENSITIVITY, '{ derived = "complement", from = ["specificity.value"] }')
    text = text.replace(
        '{ value = 0.99, assumed = "a guess" }',
        '{ derived = "complement", from = ["spain_lofgren2014.fever.events", -18] }',
    )
    path = written(tmp_path, text)
    with pytest.raises(ConfigurationError):
        load_belief(path)
    varied = load_belief(path, {"specificity.value": 0.9})
    assert varied.sensitivity.value.value == pytest.approx(0.1)


def test_a_reason_given_once_serves_all_bare_numbers_of_a_section(tmp_path):
    text = (
        BELIEF.replace('"a guess", low = 0.1, high = 0.5 }', '"its own" }')
        .replace("[sensitivity]\n", '[sensitivity]\nassumed = "for all"\n')
        .replace('{ value = 10, assumed = "ten patients" }', "10")
    )
    mine = load_belief(written(tmp_path, text))
    assert str(mine.sensitivity.n.basis) == "assumed: for all"
    assert str(mine.sensitivity.value.basis) == "assumed: its own"


def test_a_file_may_extend_another_beside_it_wherever_it_is_called_from(tmp_path):
    written(tmp_path, BELIEF, "base.toml")
    mine = written(
        tmp_path, 'name = "two"\nextends = "base.toml"\n[sensitivity]\nn = { value = 7, assumed = "seven" }\n'
    )
    belief = load_belief(mine)
    assert (belief.name, belief.label, belief.sensitivity.n.value, belief.specificity.n.value) == ("two", "two", 7, 100)


def test_a_file_may_extend_a_shipped_one(tmp_path):
    mine = load_world(written(tmp_path, 'extends = "evidence"\n[sex]\nwomen = { value = 0.5, assumed = "even" }\n'))
    assert mine.sex.women.value == 0.5
    assert mine.osseous == load_world("evidence").osseous


def test_files_that_extend_each_other_are_refused_with_the_circle(tmp_path):
    written(tmp_path, 'extends = "b.toml"\n', "a.toml")
    b = written(tmp_path, 'extends = "a.toml"\n', "b.toml")
    a = b.replace("b.toml", "a.toml")
    assert f"{b} -> {a} -> {b} goes in a circle" in problems(load_belief, b)[0]
    itself = written(tmp_path, 'extends = "mine.toml"\n')
    assert f"{itself} -> {itself} goes in a circle" in problems(load_belief, itself)[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[sensitivity\n", "not valid TOML, because Expected ']'"),
        ('name = "a"\nname = "b"\n', "not valid TOML"),
        ("name = 5\n", "'name' is not text; write it in quotes"),
        ("extends = 5\n", "'extends' is not text"),
        ('extends = "clincal"\n', "unknown belief 'clincal'; did you mean 'clinical'?"),
        ('extends = "nowhere.toml"\n', "there is no file"),
        ('extends = "clinical"\nname = "two words"\n', "the name 'two words' is not one word; say the rest in 'label'"),
        ('extends = "clinical"\nname = "a:b"\n', "the name 'a:b' is not one word"),
        ('extends = "clinical"\nsensitivity = 0.3\n', "'sensitivity' is a section, not a value; write [sensitivity]"),
        ('extends = "clinical"\n[sensitivity]\nvalue = 0.2\nassumed = 3\n', "sensitivity.value: 'assumed' is not text"),
    ],
)
def test_a_broken_file_is_refused_in_words(tmp_path, text, said):
    told = problems(load_belief, written(tmp_path, text))
    assert said in told[0]


def test_toml_that_is_not_valid_names_the_file_and_the_line(tmp_path):
    told = problems(load_belief, written(tmp_path, BELIEF.replace("0.99,", "0,99,")))
    assert told[0].startswith(f"{tmp_path / 'mine.toml'}: not valid TOML")
    assert "at line 7" in told[0]
    assert "not valid TOML" in problems(load_belief, written(tmp_path, BELIEF + "# å", encoding="latin-1"))[0]


@pytest.mark.parametrize(
    ("load", "name", "said"),
    [
        (load_world, "evidnce", "unknown world 'evidnce'; did you mean 'evidence'?"),
        (load_world, "", "unknown world ''; known: evidence, high_underdiagnosis, no_underdiagnosis, review."),
        (
            load_world,
            "../designs/pet_series",
            "unknown world '../designs/pet_series'; known: evidence, high_underdiagnosis, no_underdiagnosis, review.",
        ),
        (load_world, "x" * 5000, "cannot be read, because file name too long"),
        (load_world, "nowhere.toml", "there is no file 'nowhere.toml'; give a world name or a TOML file."),
        (load_design, "pet_serie", "unknown design 'pet_serie'; did you mean 'pet_series'?"),
        (load_belief, "clinic", "unknown belief 'clinic'; did you mean 'clinical'?"),
    ],
)
def test_a_name_that_does_not_exist_is_refused_with_what_does(load, name, said):
    assert said in problems(load, name)[0]


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "mine.toml").mkdir()
    assert "there is no file" in problems(load_belief, str(tmp_path / "mine.toml"))[0]


def test_a_design_is_no_world(tmp_path):
    told = problems(load_world, written(tmp_path, '[entry]\nshare = { value = 0.5, assumed = "half" }\n'))
    assert len(told) == 1
    assert "is a design, not a world; name one of evidence, high_" in told[0]


@pytest.mark.parametrize(
    ("vary", "said"),
    [
        (
            {"osseous.true_prevalance": 0.1},
            "--vary: unknown parameter 'osseous.true_prevalance'; did you mean 'osseous.true_prev",
        ),
        ({"osseous": 0.1}, "--vary: unknown parameter 'osseous'"),
        ({"name": 1}, "--vary: unknown parameter 'name'"),
        (
            {"osseous.true_prevalence": 1.2},
            "--vary: osseous.true_prevalence: 1.2 is not a share: it must lie between 0 and 1",
        ),
        ({"osseous.true_prevalence": float("nan")}, "--vary: osseous.true_prevalence: the value nan is not a number"),
        ({"osseous.burden": 21}, "--vary: osseous.burden: 21 is not a difference in log odds"),
        ({"osseous.reference_years": 0}, "--vary: osseous.reference_years: 0 is not a positive number"),
        ({"age.log_sd": 1e6}, "age.median: rule 'median_onset_age' fails on"),
        (
            {"ancestry.black": 0.9, "ancestry.other": 0.2},
            "ancestry: black 0.9 and other 0.2: together they must not exceed 1",
        ),
        ({"stage.acute_0": 0.5}, "stage.acute_at_least_ii: -0.31 is not a share"),
        ({"stage.at_least_iv": 0.9}, "stage: at_least_iv 0.9, at_least_iii"),
        ({"age.youngest": 95}, "because the youngest, 95, must be younger than the oldest, 80"),
    ],
)
def test_what_cannot_be_varied_is_refused_in_words(vary, said):
    assert any(said in one for one in problems(load_world, "evidence", vary))


@pytest.mark.parametrize(
    ("vary", "said"),
    [
        ({"calendar.first_year": 2030}, "calendar: first_year 2030, last_year"),
        (
            {"calendar.first_year": 1990.5},
            "--vary: calendar.first_year: 1990.5 is not a calendar year: it must be a whole number",
        ),
        ({"entry.centres": 2.5}, "--vary: entry.centres: 2.5 is not a count: it must be a whole number"),
        ({"entry.centres": 0}, "--vary: entry.centres: 0 is not a count"),
        ({"entry.share": 0}, "--vary: entry.share: 0 is not a share above zero"),
    ],
)
def test_a_design_that_cannot_be_is_refused_in_words(vary, said):
    assert any(said in one for one in problems(load_design, "tertiary_records", vary))


def test_what_is_varied_is_an_assumption_and_nothing_else_changes():
    plain, varied = (
        load_world("review").parameters(),
        load_world("review", {"osseous.true_prevalence": 0.2}).parameters(),
    )
    assert varied.pop("osseous.true_prevalence").value == 0.2
    assert plain.pop("osseous.true_prevalence").value != 0.2
    assert plain == varied
