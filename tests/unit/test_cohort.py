"""A patient is a pure function of world, design, seed and number; an address decides, never an order of work."""

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from sarcoid_epi.cohort import generate, replicates
from sarcoid_epi.cohort import generator as making
from sarcoid_epi.cohort.node import ancestors, variable
from sarcoid_epi.cohort.steps import NODES
from sarcoid_epi.cohort.storage import write_cohort
from sarcoid_epi.errors import ConfigurationError
from sarcoid_epi.scenario import load_design, load_world
from sarcoid_epi.strata import replicated
from sarcoid_epi.vocabulary import MODALITIES, PATIENT, SITES, TRUTH


@pytest.fixture(scope="module")
def world():
    return load_world("evidence")


@pytest.fixture(scope="module", params=["incident_clinic", "tertiary_records", "pet_series"])
def design(request):
    return load_design(request.param)


@pytest.fixture(scope="module")
def cohort(world, design):
    return generate(world, design, 3000, seed=9)


@pytest.mark.parametrize("block", [1000, 4096, 65_536, 99_991])
def test_any_block_size_gives_the_same_patients(world, design, cohort, block):
    other = generate(world, design, 3000, seed=9, block=block)
    assert_frame_equal(other.patients, cohort.patients)
    assert_frame_equal(other.truth, cohort.truth)
    assert other.source_patients == cohort.source_patients


def test_a_small_cohort_is_the_beginning_of_a_large_one(world, design, cohort):
    small = generate(world, design, 1000, seed=9)
    assert_frame_equal(small.patients, cohort.patients.head(1000))
    assert_frame_equal(small.truth, cohort.truth.head(1000))


def test_the_first_thousand_on_disk_are_byte_equal(world, design, cohort, tmp_path):
    """The first 1 000 of 3 000 patients, written as the 1 000-patient cohort is, are the same bytes."""
    small = generate(world, design, 1000, seed=9)
    beginning = making.Cohort(cohort.patients.head(1000), cohort.truth.head(1000), small.calibration, 0)
    for name, made in (("small", small), ("beginning", beginning)):
        write_cohort(made, world, design, 9, tmp_path / name, csv=True)
    for file in ("patients.parquet", "truth.parquet", "patients.csv"):
        assert (tmp_path / "small" / file).read_bytes() == (tmp_path / "beginning" / file).read_bytes()


def test_replicate_zero_is_the_cohort_and_replicates_can_be_made_in_any_batch(world, design, cohort):
    columns = ["patient_id", "osseous_recorded", "lung", "hypercalcaemia"]
    made = replicates(world, design, 200, 5, seed=9, columns=columns)
    assert (made["osseous_recorded"][0] == cohort.patients["osseous_recorded"].head(200)).all()
    assert (made["patient_id"][0] + 1 == cohort.patients["patient_id"].head(200)).all()
    later = replicates(world, design, 200, 2, seed=9, columns=columns, first=3)
    for name in columns:
        assert (made[name][3:] == later[name]).all()
    assert not (made["lung"][1] == made["lung"][2]).all()


def test_a_column_costs_its_ancestors_only_and_has_the_same_values(world, design):
    """Measured calcium may depend on bone, by treatment and an edge to switch on; not on how anyone looked."""
    needed = {node.name for node in ancestors(NODES, ["hypercalcaemia", "enters"])}
    assert "imaging_fdg_pet" not in needed
    assert not [name for name in needed if "record" in name or name.startswith(("osseous_spine", "conspicuity"))]
    assert "osseous" not in {node.name for node in ancestors(NODES, ["scadding_stage", "n_organs", "enters"])}


def test_a_cohort_of_chosen_columns_has_the_values_of_the_whole_one(world, design, cohort):
    chosen = generate(world, design, 3000, seed=9, columns=["hypercalcaemia", "burden", "sex"])
    assert_frame_equal(chosen.patients, cohort.patients[["patient_id", "sex", "hypercalcaemia"]], check_exact=True)
    assert_frame_equal(chosen.truth, cohort.truth[["patient_id", "burden"]], check_exact=True)
    assert chosen.source_patients == cohort.source_patients


def test_a_chosen_column_that_is_unknown_has_a_near_miss(world, design):
    with pytest.raises(ConfigurationError, match="unknown column 'hypercalcemia'; did you mean 'hypercalcaemia'"):
        generate(world, design, 10, seed=9, columns=["sex", "hypercalcemia"])


def test_all_who_enter_of_so_many_source_patients_are_a_cohort(world, design, cohort):
    met = generate(world, design, None, seed=9, source=2000)
    number = int((cohort.patients["patient_id"] <= 2000).sum())
    assert_frame_equal(met.patients, cohort.patients.head(number))
    assert met.source_patients == 2000


def test_a_new_variable_changes_no_other(world, design, cohort, monkeypatch):
    monkeypatch.setattr(making, "NODES", (variable(lambda u: u, "a_new_one"), *NODES))
    assert_frame_equal(generate(world, design, 500, seed=9).patients, cohort.patients.head(500))


def test_two_designs_with_the_same_entry_look_at_the_same_people(world):
    clinic = generate(world, load_design("incident_clinic"), 2000, seed=4)
    tertiary = generate(world, load_design("tertiary_records"), 2000, seed=4)
    both = clinic.patients.merge(tertiary.patients, on="patient_id", suffixes=("", "_later"))
    assert len(both) > 300
    for name in ("sex", "age_at_onset", "skin", "scadding_stage"):
        assert (both[name] == both[f"{name}_later"]).all()


def test_tables_follow_the_vocabulary(cohort):
    assert list(cohort.patients.columns) == [v.name for v in PATIENT]
    assert list(cohort.truth.columns) == [v.name for v in TRUTH]
    assert cohort.patients.index.equals(cohort.truth.index)
    assert (cohort.patients["patient_id"] == cohort.truth["patient_id"]).all()
    assert cohort.patients["patient_id"].is_unique


def test_the_record_follows_from_what_was_done(cohort):
    patients, truth = cohort.patients, cohort.truth
    for modality in MODALITIES:
        assert (patients[f"reading_{modality}"].isna() == ~patients[f"imaging_{modality}"]).all()
    readings = patients[[f"reading_{m}" for m in MODALITIES]].fillna(False).any(axis=1)
    assert not (patients["osseous_recorded"] & ~readings).any()
    sites = patients[[f"recorded_{site}" for site in SITES]].any(axis=1)
    assert (sites == patients["osseous_recorded"]).all()
    assert (truth["false_positive_record"] == (patients["osseous_recorded"] & ~truth["osseous"])).all()
    assert (truth[[f"osseous_{site}" for site in SITES]].any(axis=1) == truth["osseous"]).all()
    assert not (truth["osseous_symptomatic"] & ~truth["osseous"]).any()


def test_labels_follow_from_their_definitions(cohort):
    p = cohort.patients
    nodes = p["bilateral_hilar_lymphadenopathy"]
    assert (nodes == p["scadding_stage"].isin(["I", "II"])).all()
    assert (p["lofgren_strict"] == (nodes & p["erythema_nodosum"] & p["arthritis"])).all()
    assert (p["lofgren_broad"] == (nodes & (p["erythema_nodosum"] | p["ankle_periarthritis"]))).all()
    symptoms = p[["erythema_nodosum", "arthritis", "ankle_periarthritis", "fever", "cough"]].any(axis=1)
    assert not (p["incidental_finding"] & symptoms).any()


def test_times_are_in_order(cohort):
    p = cohort.patients
    assert (p["diagnosis_date"] >= p["onset_date"]).all()
    assert (p["age_at_diagnosis"] >= p["age_at_onset"]).all()
    assert (p["years_since_diagnosis"] >= 0).all()
    year = p["diagnosis_date"].dt.year
    eras = pd.cut(year, [0, 1989, 2009, 3000], labels=["before_1990", "1990_to_2009", "since_2010"])
    assert (p["era"].astype(str) == eras.astype(str)).all()


def test_the_measured_calcium_shows_the_status(cohort, world):
    p, t = cohort.patients, cohort.truth
    measured = p["serum_calcium_mmol_l"].notna()
    assert (p["hypercalcaemia"].notna() == measured).all()
    assert t["hypercalcaemia_true"][measured & p["hypercalcaemia"].eq(True)].all()  # treatment hides, it never adds
    hidden = measured & t["hypercalcaemia_true"] & p["hypercalcaemia"].eq(False)
    assert p["systemic_therapy"][hidden].all()
    same = measured & ~hidden
    assert (p["serum_calcium_mmol_l"][same] == t["calcium_true_mmol_l"][same]).all()
    above = p["serum_calcium_mmol_l"][measured] > world.calcium.upper_limit.value
    assert (above == p["hypercalcaemia"][measured]).all()


def test_the_scenario_of_a_cohort_cannot_be_empty(world, design):
    with pytest.raises(ConfigurationError, match="ask for at least one"):
        generate(world, design, 0, seed=1)


def test_one_patient_is_a_cohort(world, design, cohort):
    assert_frame_equal(generate(world, design, 1, seed=9).patients, cohort.patients.head(1))


def test_an_unknown_column_has_a_near_miss(world, design):
    with pytest.raises(ConfigurationError, match="did you mean 'osseous_recorded'"):
        replicates(world, design, 10, 2, 1, ["osseous_record"])


def test_replicates_make_strata(world, design):
    strata = replicated(replicates(world, design, 50, 20, 1, ["lung", "hypercalcaemia"]))
    events, known = strata.events("hypercalcaemia")
    assert (strata.n() == 50).all()
    assert (known <= 50).all()
    assert (events <= known).all()


def test_a_study_that_nobody_enters_is_refused():
    with pytest.raises(ConfigurationError, match=r"entry\.share: 0 is not a share above zero"):
        load_design("tertiary_records", {"entry.share": 0.0})


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_nobody_and_everybody_can_have_an_acute_onset(share):
    """Nearly everybody with an acute onset has joints that hurt: then that share must be what it can be."""
    felt = {"joint.musculoskeletal": 1.0} if share else {}
    world = load_world("evidence", {"lofgren.acute_onset": share, **felt})
    cohort = generate(world, load_design("incident_clinic"), 500, seed=1)
    assert cohort.truth["acute_onset"].mean() == share
    assert not [reached for reached in cohort.calibration.report if np.isnan(reached.achieved)]


def test_no_osseous_disease_at_all_is_a_world(design):
    cohort = generate(load_world("evidence", {"osseous.true_prevalence": 0.0}), design, 500, seed=1)
    assert not cohort.truth["osseous"].any()
    assert np.isfinite(cohort.patients["serum_calcium_mmol_l"].mean())
