"""The part of the report on association with models of other families: it stands for any cohort, by its numbers."""

import numpy as np
import pytest

from sarcoid_epi.questions.association import association
from sarcoid_epi.report import build


@pytest.fixture(scope="module")
def content():
    return association("What goes with what", "And what does not?", "incident_clinic", 3000, 5)


def part(content):
    return next(section for section in content.sections if section.key == "families")


def test_every_ratio_stands_beside_its_crude_one(content):
    (sheet,) = part(content).sheets
    assert len(sheet.records) == 2 + 3 + 1 + 4 * 3  # two levels; three and a number; three for each of four stages
    for record in sheet.records:
        row = content.estimates.one(record["id"])
        run, of = record["id"].split(":", 1)
        crude = content.estimates.one(f"unadjusted_ratios-{run.partition('-')[2]}:{of}")
        assert (record["adjusted"], record["crude"]) == (row.estimate, crude.estimate)


def test_title_and_sentences_are_of_the_numbers(content):
    section = part(content)
    (chart,) = section.charts
    clear = [line for line in chart.lines if line.marks[1].low > 1 or line.marks[1].high < 1]
    furthest = max(clear, key=lambda line: abs(np.log(line.marks[1].value)))
    assert chart.title.endswith(f"{furthest.label}, odds ratio {furthest.marks[1].value:.2f}")
    correlation = content.estimates.one("clustered-therapy_by_centre:working_correlation[centre]:all").estimate
    p = content.estimates.one("proportional_odds_ratios-stage:p_proportional[ancestry]:all").estimate
    text = " ".join(section.paragraphs)
    assert f"{round(correlation, 3) + 0.0:.3f}" in text
    assert f"{p:.2g}" in text
    assert ("Of ancestry this is contradicted" in text) == (p < 0.05)


def test_the_other_sections_leave_these_models_out(content):
    others = [section for section in content.sections if section.key != "families"]
    shown = {record["model"] for section in others for sheet in section.sheets for record in sheet.records}
    assert shown
    assert not any("within centres" in name or "Scadding" in name for name in shown)


@pytest.mark.parametrize(("design", "size"), [("pet_series", 250), ("tertiary_records", 60)])
def test_a_small_cohort_makes_a_page_too(tmp_path, design, size):
    """One centre, levels that nobody has, coefficients without end."""
    text = build(association("What", "Why?", design, size, 3), tmp_path / "report").read_text(encoding="utf-8")
    assert "Within centres, in order, of several kinds" in text
    assert "could not be answered" in text
    assert ">nan<" not in text
    assert " nan " not in text
