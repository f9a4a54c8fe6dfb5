"""`explain`: whatever a report prints beside a number has an answer, and the answer ends at a source or a reason."""

import pytest

from sarcoid_epi import api
from sarcoid_epi.errors import ConfigurationError
from sarcoid_epi.evidence import sources
from sarcoid_epi.explaining import explain
from sarcoid_epi.scenario import load_belief, load_design, load_prior, load_world, shipped


def told(name, world="evidence", design="tertiary_records", report=None):
    return explain(name, world, design, report)


def test_an_assumed_parameter_tells_its_reason_and_range():
    lines = told("osseous.true_prevalence").splitlines()
    assert lines[0] == "osseous.true_prevalence = 0.12   (world 'evidence')"
    assert lines[1].startswith("  assumed [uniform 0.005 to 0.25]: nobody has measured it")


def test_a_cited_parameter_tells_its_finding_and_the_paper():
    text = told("sex.women")
    assert text.startswith("sex.women = 0.636   (world 'evidence')\n  cited: baughman2001.women (sex ratios differ")
    assert "Baughman" in text
    assert "468/736" in text


def test_a_derived_parameter_tells_its_rule_and_every_input():
    text = told("age.median")
    assert "derived: median_onset_age(baughman2001.under_40, 40, age.log_sd, sex.women" in text
    assert "  rule: Median age of men at onset" in text
    assert "  from baughman2001.under_40 = 0.46" in text
    assert "\n  from 40\n" in text
    assert "  from age.log_sd = 0.32 (assumed [0.25 to 0.4]:" in text


def test_a_parameter_is_told_of_the_world_and_design_asked_for():
    assert "(world 'review')" in told("osseous.true_prevalence", world="review")
    assert "(design 'pet_series')" in told("record.calcium_measured", design="pet_series")


def test_a_belief_is_told_by_its_name_and_path():
    assert told("clinical.sensitivity.value").startswith("clinical.sensitivity.value = 0.2   (belief 'clinical')")


def test_a_parameter_of_a_prior_is_told_by_its_name_and_path():
    assert told("open.pet.sensitivity").startswith("open.pet.sensitivity = 0.85   (prior 'open')\n  assumed [")
    for name in shipped("prior"):
        for path in load_prior(name).parameters():
            assert told(f"{name}.{path}").startswith(f"{name}.{path} = ")


@pytest.mark.parametrize("name", ["corrected_prevalence-clinical:osseous:all", "corrected_prevalence-clinical"])
def test_a_number_without_its_report_says_first_where_it_stands(name):
    assert told(name).startswith("Give --report with the folder of a report, or of `estimate --out`, to see ")


def test_a_finding_a_source_a_variable_and_an_estimator_have_an_answer():
    assert told("baughman2001.osseous").startswith("baughman2001.osseous\n")
    assert "Wilson" in told("wilson1927")
    assert told("serum_calcium_mmol_l") == "serum_calcium_mmol_l: Serum calcium (number; mmol/l), step calcium"
    assert told("sex") == "sex: Sex (category; female / male), step demography"
    assert "latent: part of the truth" in told("frailty")
    assert told("recorded_osseous").startswith("recorded_osseous: Prevalence of osseous sarcoidosis on record.")


def test_a_model_is_told_with_what_the_causal_graph_says_of_it(tmp_path, monkeypatch):
    assert "causal graph: nothing that it holds" in told("osseous_and_lofgren")
    assert told("relapse").startswith("relapse: Relapse by the end of follow-up (flag)")
    assert "family" not in told("relapse")
    assert "model 'relapse' (cox)" in told("relapse")
    monkeypatch.chdir(tmp_path)
    lines = 'outcome = "osseous_recorded"', 'exposures = ["lofgren_broad"]', 'adjust = ["systemic_therapy"]'
    (tmp_path / "mine.toml").write_text("\n".join(lines), encoding="utf-8")
    assert "causal graph: 'systemic_therapy' is" in told("mine.toml")
    assert told("mine.toml").endswith("sarcoid-epi estimate association --patients FILE --model mine.toml")
    (tmp_path / "mine.toml").write_text("\n".join(lines).replace("therapy", "terapy"), encoding="utf-8")
    assert "! unknown column 'systemic_terapy'; did you mean 'systemic_therapy'?" in told("mine.toml")


def test_every_parameter_of_everything_has_an_answer():
    for scenario in (load_world("evidence"), load_design("tertiary_records")):
        for path, parameter in scenario.parameters().items():
            text = told(path)
            assert text.startswith(f"{path} = "), path
            assert str(parameter.basis) in text, path
    for path in load_belief("vague").parameters():
        assert told(f"vague.{path}")


def test_every_source_has_an_answer_in_one_line():
    for source in sources():
        assert told(source.key) == source.reference


def test_an_estimate_is_told_with_its_run_when_the_report_is_named(tmp_path):
    patients = api.generate(size=50, seed=2).patients
    answers = api.estimate("underdiagnosis", patients, "clinical")
    answers.write(tmp_path)
    row = answers.rows[0]
    text = told(row.id, report=tmp_path)
    run = next(run for run in answers.runs if run.run == row.run)
    assert text.splitlines()[0].startswith(f"{run.label}: ")
    assert f"data: {run.data}" in text
    assert "clinical" in text
    assert "Give --report" in told(row.id)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("osseous.true_prevalance", "did you mean 'osseous.true_prevalence'?"),
        ("baughman2001.osseus", "did you mean 'baughman2001.osseous'?"),
        ("", "unknown name ''"),
        ("recorded_oseous:a:b", "unknown estimator 'recorded_oseous'; did you mean 'recorded_osseous'?"),
    ],
)
def test_a_name_that_means_nothing_is_refused_with_the_near_one(name, said):
    with pytest.raises(ConfigurationError) as caught:
        told(name)
    assert said in str(caught.value)


def test_an_estimate_that_the_report_does_not_hold_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="there is no file"):
        told("recorded_osseous:osseous_recorded:all", report=tmp_path)
