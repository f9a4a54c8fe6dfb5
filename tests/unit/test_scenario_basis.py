"""Every number of every shipped file: one basis, that resolves, agrees and re-derives."""

import math

import pytest

from sarcoid_epi.evidence import finding
from sarcoid_epi.scenario import Derived, load_belief, load_design, load_world, shipped
from sarcoid_epi.scenario.figures import printed
from sarcoid_epi.scenario.rules import RULES

LOAD = {"world": load_world, "design": load_design, "belief": load_belief}
SHIPPED = [(kind, name) for kind in LOAD for name in shipped(kind)]


def parameters(kind, name):
    return LOAD[kind](name).parameters()


def of_kind(basis):
    return [
        pytest.param(parameters(kind, name)[path], parameters(kind, name), id=f"{name}:{path}")
        for kind, name in SHIPPED
        for path, parameter in parameters(kind, name).items()
        if parameter.basis.kind == basis
    ]


def test_what_ships_is_listed_without_the_files_that_only_serve_as_a_base():
    assert shipped("world") == ("evidence", "high_underdiagnosis", "no_underdiagnosis", "review")
    assert shipped("design") == (
        "back_pain_mri",
        "hand_film_survey",
        "incident_clinic",
        "pet_series",
        "pet_substudy",
        "tertiary_records",
        "two_source_registry",
        "whole_body_mri_for_all",
    )
    assert "mechanism" not in shipped("world")
    assert "reading_room" not in shipped("design")
    assert set(shipped("belief")) >= {"clinical", "vague"}


@pytest.mark.parametrize(("kind", "name"), SHIPPED)
def test_everything_shipped_loads_with_its_name_and_a_label(kind, name):
    loaded = LOAD[kind](name)
    assert loaded.name == name
    assert len(loaded.label) > len(name)
    assert all(math.isfinite(parameter.value) for parameter in loaded.parameters().values())


@pytest.mark.parametrize(("parameter", "others"), of_kind("cited"))
def test_a_cited_value_is_what_its_finding_prints(parameter, others):
    found = finding(parameter.basis.finding)
    one = found.value if found.share is None else found.share
    if one is None:
        assert found.low <= parameter.value <= found.high
    else:
        assert parameter.value == pytest.approx(one, abs=0.005)
        assert abs(parameter.value - one) <= 0.5 * 10.0 ** -max(2, len(str(parameter.value).partition(".")[2])) + 1e-12


@pytest.mark.parametrize(("parameter", "others"), of_kind("derived"))
def test_a_derived_value_follows_from_its_inputs_by_its_rule(parameter, others):
    def value(name):
        if name in others:
            return others[name].value
        return float(name) if name.replace(".", "", 1).isdigit() else printed(name)

    assert parameter.value == RULES[parameter.basis.rule](*(value(name) for name in parameter.basis.inputs))


def test_an_assumed_value_has_a_reason_and_lies_in_its_own_range():
    for kind, name in SHIPPED:
        for path, parameter in parameters(kind, name).items():
            if parameter.basis.kind == "assumed":
                place = f"{name}:{path}"
                assert len(parameter.basis.reason.split()) > 1, place
                low, high = parameter.basis.low, parameter.basis.high
                assert (low is None) == (high is None), place
                assert low is None or low <= parameter.value <= high, place


def test_no_world_takes_over_a_placeholder():
    for name in shipped("world"):
        for path, parameter in load_world(name).parameters().items():
            assert "replaced in every world" not in str(parameter.basis), f"{name}:{path}"


def test_a_derived_parameter_is_derived_anew_when_its_input_is_varied():
    """The older women are, the younger must men be for 46 % of all to be under 40 at diagnosis."""
    plain, varied = load_world("evidence"), load_world("evidence", {"age.women_ratio": 1.2})
    assert varied.age.median.value < 0.95 * plain.age.median.value
    assert isinstance(varied.age.median.basis, Derived)
    assert varied.stage.others_at_least_i == plain.stage.others_at_least_i


def test_a_derived_parameter_that_is_varied_itself_becomes_an_assumption():
    varied = load_world("evidence", {"age.median": 50})
    assert varied.age.median.value == 50
    assert str(varied.age.median.basis) == "assumed: varied by the user"


@pytest.mark.parametrize(
    ("rule", "inputs", "value"),
    [
        ("same", (0.3,), 0.3),
        ("complement", (0.5, 0.2), 0.3),
        ("middle", (0.01, 0.15), 0.08),
        ("share_from_ratio", (3,), 0.75),
        ("share_from_odds", (1, 3), 0.25),
        ("log_odds_ratio", (1, 2, 1, 4), math.log(3)),
        ("share_at_least", (1, 1, 2, 3, 4), 0.9),
        ("share_at_least", (0, 1, 2, 3, 4), 1.0),
        ("share_in_the_rest", (0.5, 0.25, 0.2), 0.6),
        ("share_in_the_rest", (0.5, 1, 0.2), 0.5),
        ("median_onset_age", (0.5, 40, 0.3, 0.4, 1.0, 1e-9, 1e9, 1e-9, 1.0, 1.0, 0.1, 0.2), 40),
        ("weibull_shape", (math.exp(-1), 1, math.exp(-4), 2), 2),
        ("weibull_scale", (math.exp(-1), 3, math.exp(-4), 6), 3),
        ("season_amplitude", (0.25, 0.3), 0),
        ("season_amplitude", (0.49, 0.0), 0),
        ("season_amplitude", (0.49, 1.0), 0),
    ],
)
def test_a_rule_by_hand(rule, inputs, value):
    assert RULES[rule](*inputs) == pytest.approx(value, abs=1e-8)


def test_a_weibull_goes_through_both_of_its_points():
    points = (0.7, 0.25, 0.2, 1.0)
    shape, scale = RULES["weibull_shape"](*points), RULES["weibull_scale"](*points)
    assert math.exp(-((0.25 / scale) ** shape)) == pytest.approx(0.7)
    assert math.exp(-((1.0 / scale) ** shape)) == pytest.approx(0.2)


@pytest.mark.parametrize(("carriers", "more"), [(0.0, 0.0), (0.17, 2.4)])
@pytest.mark.parametrize("overall", [0.01, 0.075, 0.228, 0.45])
def test_a_season_puts_its_share_into_the_quarter_around_the_peak(overall, carriers, more):
    """Events drawn as the generator draws them: a cosine on the log odds, not on the log of the chance."""
    a = RULES["season_amplitude"](0.49, overall, carriers, more)
    angles = [2 * math.pi * (day + 0.5) / 20_000 for day in range(20_000)]
    low, high = -20.0, 20.0
    for _ in range(60):
        level = (low + high) / 2
        chances = [
            (1 - carriers) / (1 + math.exp(-level - a * math.cos(angle)))
            + carriers / (1 + math.exp(-level - more - a * math.cos(angle)))
            for angle in angles
        ]
        low, high = (level, high) if sum(chances) / len(chances) < overall else (low, level)
    assert (sum(chances[:2_500]) + sum(chances[-2_500:])) / sum(chances) == pytest.approx(0.49, abs=1e-3)


def test_a_season_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="cannot hold"):
        RULES["season_amplitude"](0.49, 0.8)


def test_women_who_fall_ill_later_make_the_median_of_men_lower():
    one, other = (
        RULES["median_onset_age"](0.46, 40, 0.32, 0.6, ratio, 16, 80, 0.5, 0.5, 15, 0.1, 0.2) for ratio in (1.0, 1.2)
    )
    assert other < one
