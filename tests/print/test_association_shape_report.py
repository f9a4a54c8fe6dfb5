"""The section on interactions and curves: its words come from its numbers, whatever the cohort holds."""

import pytest

from sarcoid_epi import strata
from sarcoid_epi.cohort import generate
from sarcoid_epi.estimators import CATALOGUE, ask
from sarcoid_epi.questions.association import forest_section
from sarcoid_epi.questions.association_shape import shape_section
from sarcoid_epi.report.plots import Curves
from sarcoid_epi.scenario import load_design, load_model, load_world

MODELS = ("osseous_and_pernio", "osseous_and_lofgren", "pain_and_age")
OWN = ("interactions", "exposure_tests", "ratio_curve", "unadjusted", "adjusted")


def section(design, size, seed):
    patients = strata.whole(generate(load_world("evidence"), load_design(design), size, seed).patients)
    models = [load_model(name) for name in MODELS]
    chosen = [one for one in CATALOGUE if one.name in OWN]
    answers = ask(chosen, patients, data="synthetic", question="association", models=models)
    return answers, shape_section(answers, patients, models)


@pytest.fixture(scope="module")
def told():
    return section("tertiary_records", 6000, 5)


def charts(shape):
    return {chart.key: chart for chart in shape.charts}


def test_models_that_ship_are_allowed_by_the_causal_graph():
    assert [load_model(name).faults for name in MODELS] == [()] * 3


def test_the_curve_runs_through_the_ratios_of_the_table(told):
    answers, shape = told
    (curve,) = (chart for chart in shape.charts if isinstance(chart, Curves))
    (line,) = curve.curves
    for end, at in (("5%", 0), ("95%", -1)):
        row = answers.one(f"ratio_curve-pain_and_age:odds_ratio[age_at_diagnosis@{end}]:all")
        value = answers.one(f"ratio_curve-pain_and_age:quantile[age_at_diagnosis@{end}]:all").estimate
        assert (line.x[at], line.y[at]) == pytest.approx((value, row.estimate))
        assert (line.low[at], line.high[at]) == pytest.approx((row.conf_low, row.conf_high))
        assert f"{row.estimate:.2f} at {value:.3g} years" in curve.title


def test_the_title_of_the_ratios_says_them_and_whether_they_differ(told):
    answers, shape = told
    chart = charts(shape)["given"]
    for line in chart.lines:
        assert f"{answers.one(line.id).estimate:.2f} given" in chart.title
    p = answers.one("exposure_tests-osseous_and_pernio:p_ratio_test[lupus_pernio+sex]:all").estimate
    assert ("differ by more than chance" in chart.title) == (p < 0.05)


def test_every_number_of_the_sheets_is_a_result(told):
    answers, shape = told
    for sheet in shape.sheets:
        for record in sheet.records:
            row = answers.one(record["id"])
            assert (record["estimate"], record["low"], record["high"]) == pytest.approx(
                (row.estimate, row.conf_low, row.conf_high), nan_ok=True
            )


@pytest.mark.parametrize(("design", "size"), [("pet_series", 80), ("incident_clinic", 300), ("tertiary_records", 6)])
def test_small_cohorts_make_a_section_too(design, size):
    _, shape = section(design, size, 3)
    words = " ".join([*shape.paragraphs, *(chart.title + chart.caption for chart in shape.charts)])
    assert "nan" not in words
    assert shape.sheets


def test_names_keep_their_capitals_beside_ratios_and_one_of_an_interaction_says_in_whom_it_holds(told):
    (forest,) = forest_section(told[0], [load_model(name) for name in MODELS]).charts
    pernio, lofgren = forest.lines
    assert (pernio.label, lofgren.label) == (
        "Osseous sarcoidosis on record: lupus pernio",
        "Osseous sarcoidosis on record: Löfgren syndrome",
    )
    assert pernio.end.endswith(" where sex is male")
    assert " " not in lofgren.end
