"""The report on what nobody looked for says in its titles and sentences what its numbers are, whatever they are."""

import re

import numpy as np
import pytest

from sarcoid_epi.estimators.believing import STEPS
from sarcoid_epi.estimators.cascade import LOST
from sarcoid_epi.estimators.many_truths import many_truths
from sarcoid_epi.estimators.moved import named, on_wider, verdict
from sarcoid_epi.estimators.synthesis import term_of
from sarcoid_epi.report.content import Field, Sheet
from sarcoid_epi.report.sheets import cell, verdict_sheet
from sarcoid_epi.results import percent
from sarcoid_epi.scenario import load_belief, load_prior
from sarcoid_epi.undetected import _asked
from sarcoid_epi.undetected import series as told
from sarcoid_epi.undetected.cohort import burden_section
from sarcoid_epi.undetected.record import (
    INPUTS,
    WORDS,
    belief_section,
    kind,
    record_for,
    sensitivity_section,
    truths_section,
)

NAMES = ("clinical", "pet_optimist", "pet_sceptic", "vague")
#: Words as code writes them; names of beliefs stand in quotation marks.
CODE_NAME = re.compile(r"\b[a-z]+_[a-z]+\b")


@pytest.fixture(scope="module")
def beliefs():
    return tuple(load_belief(name) for name in NAMES)


@pytest.fixture(scope="module")
def of_record(beliefs):
    return _asked(beliefs)


def number(text: str) -> float:
    return float(text.replace("−", "-"))


def test_a_belief_about_pet_is_put_to_a_pet_series_and_never_to_a_chart_record(beliefs, of_record):
    for belief in beliefs:
        about_pet = belief.about == "pet"
        assert (record_for(belief).ascertainment == "pet") == about_pet
        told_of = {run.data for run in of_record.runs if f"-{belief.name}-" in run.run}
        assert told_of == {f"published record {record_for(belief).id}"}
    assert {run.run.rpartition("-")[2] for run in of_record.runs if "-pet_" in run.run} == {"scanned"}
    assert not any(run.estimator == "burden" for run in of_record.runs if run.run.endswith("-scanned"))


def test_each_row_of_the_beliefs_names_the_record_it_is_about(beliefs, of_record):
    section = belief_section(of_record, beliefs)
    groups = {row["belief"].partition("“")[2].partition("”")[0]: row["belief"] for row in section.sheets[0].records}
    assert "27 of 926 on record" in groups["clinical"]
    assert "19 of 122 on PET" in groups["pet_sceptic"]
    cascade = section.charts[0]
    assert [kind(belief) in bar.id for belief, bar in zip(beliefs, cascade.bars, strict=True)] == [True] * 4
    for name in ("pet_optimist", "pet_sceptic"):
        assert name not in cascade.title


def test_the_burden_is_told_only_under_beliefs_about_a_record_of_patients(beliefs, of_record):
    section = burden_section(of_record, beliefs)
    (bars,) = section.charts
    assert [bar.label for bar in bars.bars] == ["Belief “clinical”", "Belief “vague”"]
    above = sum(dict(bar.parts)["true share"] > 0.5 for bar in bars.bars)
    assert bars.title.startswith(f"Under {above} of 2 beliefs more than half")


@pytest.mark.parametrize("name", ["clinical", "vague"])
def test_the_titles_of_tornado_and_surface_hold_at_their_numbers(name, of_record):
    belief = load_belief(name)
    charts = {chart.key: chart for chart in sensitivity_section(of_record, belief).charts}
    ends = [end for swing in charts["tornado"].swings for end in (swing.at_low, swing.at_high)]
    between = f"from {percent(min(ends)).removesuffix(' %')} to {percent(max(ends))}"
    assert charts["tornado"].title.endswith(between)
    surface = charts["tipping"]
    sensitivity = float(re.search(r"10.0 % needs a sensitivity of (\S+) %", surface.title).group(1)) / 100
    row = np.argmin(np.abs(np.array(surface.grid_y) - belief.specificity.value.value))
    share = np.interp(sensitivity, surface.grid_x, surface.values[row])
    # Steps of the grid: 0.0004 of specificity are 0.0004 / 0.25 of the share; 0.0013 is the worst seen.
    assert share == pytest.approx(0.1, abs=0.002)


def test_where_the_variance_cannot_be_shared_out_the_page_says_so_and_draws_no_bars(of_record):
    some, none = (sensitivity_section(of_record, load_belief(name)) for name in ("clinical", "vague"))
    assert [chart.key for chart in some.charts] == ["tornado", "sobol", "tipping"]
    assert [chart.key for chart in none.charts] == ["tornado", "tipping"]
    assert none.paragraphs[-1].startswith("The variance cannot be shared out here")
    (bars,) = (chart for chart in some.charts if chart.key == "sobol")
    most = max(dict(bar.parts)["by itself"] for bar in bars.bars)
    assert bars.title == f"Were one input known, at most {percent(most)} of the variance would go"


def test_the_middle_of_the_tornado_is_told_apart_from_the_printed_estimate(of_record):
    section = sensitivity_section(of_record, load_belief("clinical"))
    middle = percent(section.charts[0].middle)
    printed = percent(of_record.one("detection_cascade-clinical-record:osseous:all").estimate)
    assert middle != printed
    assert any(middle in words and printed in words for words in section.paragraphs)


def test_every_step_of_the_cascade_has_words():
    assert set(WORDS) == set(STEPS)
    assert len(set(INPUTS)) == len(STEPS) + 2


def test_the_title_of_many_truths_claims_no_more_than_the_table(beliefs):
    section = truths_section(beliefs)
    truths = many_truths()
    for part in (truths.osseous, truths.underdiagnosis):
        assert f"{percent(part.min()).removesuffix(' %')} to {percent(part.max())}" in section.charts[0].title
    assert len(section.charts[0].points) == len(section.sheets[0].records)


def test_the_page_says_how_few_methods_leave_room_under_a_surer_belief(beliefs):
    section = truths_section(beliefs)
    room = section.sheets[1].records
    sure = [row["what"] for row in room if row["sure"]]
    assert len(sure) < sum(row["room"] for row in room)
    assert f"Under “clinical”, which believes more, it is {len(sure)} of {len(room)}" in section.paragraphs[-1]
    assert all(what in section.paragraphs[-1] for what in sure)


def test_the_title_of_the_cascade_gives_the_means_that_its_bars_show(beliefs, of_record):
    section = belief_section(of_record, beliefs)
    for name in ("clinical", "vague"):
        lost = sum(of_record.one(f"detection_cascade-{name}-record:{part}:all").estimate for part in LOST)
        assert f"{percent(1 - lost)} under “{name}”" in section.charts[0].title
    assert section.charts[0].title.endswith("reach the record on average")


def test_a_note_on_one_bound_does_not_stand_beside_the_other(beliefs, of_record):
    """27 of 926 may all be false under `vague`: the lower bound is cut, the upper one is not."""
    rows = [row for row in belief_section(of_record, beliefs).sheets[0].records if "“vague”" in row["belief"]]
    least, most = (
        next(row["note"] for row in rows if f"share {end}" in row["what"]) for end in ("at least", "at most")
    )
    assert least.startswith("lower bound cut at 0")
    assert most == ""


def test_no_sentence_title_or_label_of_the_record_speaks_in_code_names(beliefs, of_record):
    sections = (
        belief_section(of_record, beliefs), truths_section(beliefs), burden_section(of_record, beliefs),
        sensitivity_section(of_record, beliefs[0]),
    )  # fmt: skip
    said = [words for section in sections for words in (section.title, *section.paragraphs)]
    for plot in (plot for section in sections for plot in section.charts):
        said += [plot.title, plot.caption]
    for sheet in (sheet for section in sections for sheet in section.sheets):
        said += [sheet.caption, sheet.stub.header, *(field.header for field in sheet.fields)]
        said += [row[sheet.stub.name] for row in sheet.records]
    assert len(said) > 60
    spoken = [re.sub("“[^”]*”", "", words) for words in said]
    assert not [words for words in spoken if CODE_NAME.search(words)]


@pytest.mark.parametrize(
    ("shift", "learned", "said"),
    [
        (-1.1, 0.9, "moved and narrowed"),
        (-0.67, 0.13, "moved"),
        (0.4, -0.13, "moved"),
        (0.1, 0.5, "narrowed"),
        (-0.1, -0.05, "neither: this is the prior"),
    ],
)
def test_a_quantity_is_the_prior_only_if_it_neither_moved_nor_narrowed(shift, learned, said):
    assert verdict(shift, learned) == said


def test_every_quantity_of_a_prior_has_words():
    said = [named(term_of(name)) for name in load_prior("open").parameters()]
    assert len(set(said)) == len(said)
    assert not [words for words in said if words[0].islower() or CODE_NAME.search(words)]


def test_a_wider_posterior_is_explained_only_where_there_is_one():
    assert on_wider([]) == ()
    assert "Specificity of PET" in on_wider(["Specificity of PET"])[0]


def test_the_count_that_lies_worst_is_named_inside_or_outside():
    def row(finding, events, low, high):
        inside = low <= events <= high
        return {"finding": finding, "printed": f"{events}/99", "mean": 10.0, "low": low, "high": high,
                "events": events, "inside": inside}  # fmt: skip

    near = [row("middle", 10, 1, 20), row("near", 2, 1, 20)]
    assert "is near: 2/99 are printed" in told._nearest(near)
    assert told._nearest(near).endswith("so it lies inside.")
    assert told._nearest([*near, row("far", 30, 1, 20)]).endswith("allow 1 to 20, so it lies outside.")


def test_terms_of_the_looking_are_told_in_words():
    for term in ("osseous", "looking", "tau", "tau_apparent", "sensitivity_pet", "learned_records"):
        assert not CODE_NAME.search(told._of_looking(term))
    assert told._of_looking("sensitivity_mri") == "Sensitivity of MRI of the spine"


def test_the_verdict_has_one_form_in_every_report():
    row = {"method": "m", "needs": "n", "has_it": "yes", "answer": "a", "rests_on": "r", "belief": "b"}
    alone, grouped = verdict_sheet([row]), verdict_sheet([row], "belief")
    assert isinstance(alone, Sheet)
    assert (alone.fields, alone.caption, alone.key) == (grouped.fields, grouped.caption, grouped.key)
    assert (alone.group, grouped.group) == ("", "belief")


def test_people_are_counted_whole_unless_they_are_few():
    field = Field("n", "People", "unit")
    assert [cell({"n": n, "unit": "people"}, field) for n in (859.8, 12.4, 0.745)] == ["860", "12", "0.74"]
