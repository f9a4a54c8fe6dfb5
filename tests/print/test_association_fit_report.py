"""The section on how far the models of association can be trusted: its words and its figure come from the numbers."""

import re
from math import isnan

import pytest

from sarcoid_epi.estimators.association import COUNTED
from sarcoid_epi.questions.association import association
from sarcoid_epi.questions.association_fit import fit_section
from sarcoid_epi.report import build
from sarcoid_epi.results import Estimates
from sarcoid_epi.scenario import load_model, shipped

MODELS = [model for name in shipped("model") if (model := load_model(name)).family in COUNTED]


@pytest.fixture(scope="module", params=[(3000, 5), (60, 2)], ids=["many", "few"])
def content(request):
    return association("What goes with what", "What?", "tertiary_records", *request.param)


def section(content):
    return next(one for one in content.sections if one.key == "fit")


def test_every_number_of_the_status_is_that_of_its_id(content):
    (sheet,) = section(content).sheets
    for record in sheet.records:
        row = content.estimates.one(record["id"])
        assert record["value"] == pytest.approx(row.estimate, nan_ok=True)
        assert not isnan(record["value"]) or record["note"]
        assert not re.search(r"\b[a-z]+_[a-z_]+\b", re.sub(r"'\w+'|poisson_separation", "", record["note"]))
    assert {record["model"] for record in sheet.records} >= {model.label for model in MODELS[:1]}


def test_the_title_counts_the_tenths_whose_limits_hold_the_share_foretold(content):
    (chart,) = section(content).charts
    held = 0
    for line in chart.lines:
        seen, foretold = line.marks
        assert content.estimates.one(line.id).estimate == seen.value
        twin = content.estimates.one(line.id.replace("share_seen", "share_foretold"))
        assert foretold.value == twin.estimate
        held += seen.low <= foretold.value <= seen.high
    assert chart.title.endswith(f"in {held} of {len(chart.lines)} groups of risk")


def test_the_words_name_the_models_that_call_for_firths_penalty(content):
    called = {
        model.label
        for model in MODELS
        if "Firth" in content.estimates.one(
            f"model_diagnostics-{model.name}:events_per_coefficient[{model.outcome}]:all"
        ).note
    }  # fmt: skip
    first = section(content).paragraphs[0]
    assert set(re.findall("“([^”]+)”", first)) == called
    assert first.startswith(f"Firth's penalty was called for in {len(called) or 'none'} of ")


def test_the_page_holds_the_section(content, tmp_path):
    text = build(content, tmp_path / "report").read_text(encoding="utf-8")
    assert "How far the models can be trusted" in text
    assert ">nan<" not in text


def test_without_models_there_is_a_sentence():
    told = fit_section(Estimates((), ()), MODELS)
    assert told.paragraphs == ("No model was fitted.",)
    assert told.charts == ()
