"""The report of prognosis: it stands whatever the cohort holds, and its words come from its numbers."""

import pytest

from sarcoid_epi.questions.prognosis import MODELS, prognosis
from sarcoid_epi.report import build
from sarcoid_epi.report.plots import Curves
from sarcoid_epi.results import percent


@pytest.fixture(scope="module")
def content():
    return prognosis("How it goes on", "Who, and when?", "incident_clinic", 3000, 5)


def charts(content):
    return {chart.key: chart for section in content.sections for chart in section.charts}


def sheets(content):
    return {sheet.key: sheet for section in content.sections for sheet in section.sheets}


def test_every_outcome_has_its_curves_and_numbers_at_risk(content):
    for name in MODELS:
        chart = charts(content)[f"{name}_free"]
        assert isinstance(chart, Curves)
        assert chart.steps
        assert [row[0] for row in chart.below.rows] == ["with Löfgren syndrome", "without Löfgren syndrome"]
        at_risk = content.estimates.one(f"event_free-{name}:at_risk[lofgren_broad=yes]:all:2").estimate
        assert chart.below.rows[0][1][1] == at_risk
        told = content.estimates.one(f"event_free-{name}:survival[lofgren_broad=yes]:all:2")
        assert percent(told.estimate) in chart.title


def test_incidence_stands_beside_kaplan_meier_and_never_above_it(content):
    for name in ("remission", "relapse", "new_osseous_record"):
        curves = charts(content)[f"{name}_incidence"].curves
        for share, naive in ((curves[0], curves[2]), (curves[1], curves[3])):
            assert share.x == naive.x
            assert all(not one > other + 1e-12 for one, other in zip(share.y, naive.y, strict=True))
    assert "death_incidence" not in charts(content)


def test_the_table_of_ratios_has_a_reference_row_before_each_level(content):
    records = sheets(content)["hazard_ratios"].records
    assert [record["adjusted"] for record in records[::2]] == ["1 (reference)"] * len(MODELS)
    for record in records:
        row = content.estimates.one(record["id"])
        assert (record["n"], record["events"]) == (row.n, row.events)


def test_the_flow_counts_everybody(content):
    for record in sheets(content)["flow"].records:
        gone = record["lacking"] + record["never"] + record["excluded"] + record["before"]
        assert record["n"] == gone + record["followed"]


@pytest.mark.parametrize(("design", "size"), [("pet_series", 250), ("tertiary_records", 60)])
def test_a_small_or_late_cohort_makes_a_page_too(tmp_path, design, size):
    page = build(prognosis("How it goes on", "Who, and when?", design, size, 3), tmp_path / "report")
    text = page.read_text(encoding="utf-8")
    assert "Who is followed" in text
    assert ">nan<" not in text
    assert " nan " not in text


def test_a_ratio_that_is_not_known_says_why_and_counts_as_none():
    told = prognosis("How it goes on", "Who, and when?", "incident_clinic", 60, 1)
    for record in (*sheets(told)["hazard_ratios"].records, *sheets(told)["stretches"].records):
        assert record["status"] != "fitted" or record["estimate"] == record["estimate"]
    hazards = next(section for section in told.sections if section.key == "hazards")
    assert "In none of 1 models" in hazards.paragraphs[1]
    assert "In 3 of 4 models it cannot be tested" in hazards.paragraphs[1]
    assert charts(told)["hazard_forest"].title.startswith("0 of 1 adjusted hazard ratios")
    assert "the mean time without relapse differs by" in charts(told)["mean_differences"].title


def test_a_group_that_nobody_is_of_has_no_median_to_reach():
    nobody = prognosis("How it goes on", "Who, and when?", "incident_clinic", 5, 2)
    first = next(section for section in nobody.sections if section.key == "remission").paragraphs[0]
    assert "with Löfgren syndrome unknown, nobody followed" in first
