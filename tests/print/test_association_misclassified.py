"""The section on error of the record: what it says follows from its numbers, and each number can be explained."""

import re

import numpy as np
import pytest

from sarcoid_epi.cohort import generate
from sarcoid_epi.questions.association_misclassified import corrected_section
from sarcoid_epi.scenario import load_design, load_model, load_world

MODELS = [load_model("osseous_and_lofgren"), load_model("therapy")]


@pytest.fixture(scope="module", params=[(1500, 3), (40, 1)], ids=["1500 patients", "40 patients"])
def told(request):
    size, seed = request.param
    cohort = generate(load_world("evidence"), load_design("tertiary_records"), size, seed)
    return corrected_section(cohort, "a cohort", MODELS)


def test_only_models_of_the_record_are_told_and_every_row_is_an_answer(told):
    section, answers = told
    ids = {row.id for row in answers.rows}
    records = section.sheets[0].records
    assert {record["id"] for record in records} <= ids
    assert len(records) == 5  # on record, three beliefs, the disease itself
    assert not any("therapy" in id for id in ids)


def test_numbers_of_table_and_chart_are_those_of_the_answers(told):
    section, answers = told
    rows = {row.id: row for row in answers.rows}
    for record in section.sheets[0].records:
        np.testing.assert_equal(record["ratio"], rows[record["id"]].estimate)
        np.testing.assert_equal(record["low"], rows[record["id"]].conf_low)
    for line in (line for chart in section.charts for line in chart.lines):
        assert line.end == f"{rows[line.id].estimate:.2f}"


def test_the_title_says_how_much_wider_limits_are(told):
    section, answers = told
    corrected = [row for row in answers.rows if row.term == "odds_ratio[lofgren_broad=yes]" and "itself" not in row.run]
    (recorded, *_) = [row for row in answers.rows if row.term == "recorded_ratio[lofgren_broad=yes]"]
    known = [row for row in corrected if not np.isnan([row.estimate, recorded.estimate]).any()]
    title = section.charts[0].title if section.charts else ""
    if not known:
        assert "as wide" not in title
        return
    wider = [np.log(row.conf_high / row.conf_low) / np.log(recorded.conf_high / recorded.conf_low) for row in known]
    said = [float(number) for number in re.findall(r"([\d.]+)(?= to | times)", title)]
    assert (min(said), max(said)) == pytest.approx((min(wider), max(wider)), abs=0.051)
    less = next(row for row in known if "clinical_less" in row.run)
    assert title.endswith(f"is {less.estimate:.2f}")
    assert less.estimate > next(row for row in known if "-clinical-" in row.run).estimate
