"""From the look to the record: every patient's entries agree with each other and with what was done."""

import numpy as np
import pytest
from pandas.testing import assert_frame_equal

from made import SIZE, cohort, off
from sarcoid_epi.cohort import replicates
from sarcoid_epi.scenario import load_design, load_world, shipped
from sarcoid_epi.vocabulary import COUNTERFACTUAL, MODALITIES, PAIRED, SITES

DESIGNS = shipped("design")
every_design = pytest.mark.parametrize("design", DESIGNS)


def flags(frame, names):
    return frame[list(names)].fillna(False).astype(bool)


@every_design
def test_a_grade_is_definite_exactly_with_a_granuloma_without_caseation_in_bone(design):
    patients = cohort(design).patients
    assert ((patients["osseous_grade"] == "definite") == (patients["bone_histology"] == "granuloma")).all()
    assert patients["bone_biopsy"][patients["osseous_grade"] == "definite"].all()


@every_design
def test_caseation_leaves_the_grade_that_imaging_gave(design):
    patients = cohort(design).patients
    caseating = patients["bone_histology"] == "caseating_granuloma"
    assert patients["osseous_grade"][caseating].isin(["possible", "probable"]).all()


def test_another_disease_in_the_biopsy_takes_the_grade_away_and_so_the_record():
    found = 0
    for design in DESIGNS:
        patients = cohort(design).patients
        other = patients["bone_histology"] == "other_disease"
        assert (patients["osseous_grade"][other] == "none").all()
        assert not patients["osseous_recorded"][other].any()
        found += int(other.sum())
    assert found > 0


@every_design
def test_histology_is_known_where_bone_was_biopsied_and_bone_is_biopsied_after_a_positive_reading(design):
    patients = cohort(design).patients
    assert (patients["bone_histology"].notna() == patients["bone_biopsy"]).all()
    read = flags(patients, (f"reading_{m}" for m in MODALITIES)).any(axis=1)
    assert patients["bone_biopsy"].any()
    assert read[patients["bone_biopsy"]].all()


@every_design
def test_the_record_is_the_union_of_its_sources(design):
    patients = cohort(design).patients
    sources = patients[["on_clinic_list", "in_radiology_text", "in_codes"]].any(axis=1)
    assert (patients["osseous_recorded"] == sources).all()


def test_what_nobody_can_miss_is_on_record_without_any_source():
    """All osseous disease is evident in the world without underdiagnosis."""
    made = cohort("tertiary_records", "no_underdiagnosis")
    sources = made.patients[["on_clinic_list", "in_radiology_text", "in_codes"]].any(axis=1)
    assert (made.patients["osseous_recorded"] == (sources | made.truth["osseous"])).all()
    assert (made.truth["osseous"] & ~sources).any()
    sites = made.patients[[f"recorded_{site}" for site in SITES]].to_numpy()[made.truth["osseous"]]
    assert (sites == made.truth[[f"osseous_{site}" for site in SITES]].to_numpy()[made.truth["osseous"]]).all()


@every_design
def test_sites_sides_and_types_stand_on_record_only_with_the_record(design):
    patients = cohort(design).patients
    sites = patients[[f"recorded_{site}" for site in SITES]]
    assert (sites.any(axis=1) == patients["osseous_recorded"]).all()
    paired = patients[[f"recorded_{site}" for site in PAIRED]].any(axis=1)
    assert (patients["laterality"].notna() == paired).all()
    assert (patients["lesion_type"].notna() == patients["osseous_recorded"]).all()
    assert (patients["osseous_record_date"].notna() == patients["osseous_recorded"]).all()


@every_design
def test_a_recorded_lesion_of_a_true_case_has_the_type_of_its_place(design):
    made = cohort(design)
    seen = made.patients["osseous_recorded"] & made.truth["detected_by"].notna()
    phalangeal = made.patients[["recorded_phalanges_hand", "recorded_phalanges_foot"]].any(axis=1)
    for place, kind in ((phalangeal, "phalangeal_lesion"), (~phalangeal, "axial_lesion")):
        chosen = seen & place
        assert (made.patients["lesion_type"][chosen].astype(str) == made.truth[kind][chosen].astype(str)).all()


@every_design
def test_recorded_sites_of_seen_lesions_are_true_sites(design):
    made = cohort(design)
    seen = made.truth["detected_by"].notna()
    for site in SITES:
        assert made.truth[f"osseous_{site}"][seen & made.patients[f"recorded_{site}"]].all()


@every_design
def test_a_reading_a_reason_and_a_date_exist_exactly_where_it_was_imaged(design):
    patients = cohort(design).patients
    for modality in MODALITIES:
        imaged = patients[f"imaging_{modality}"]
        for column in (f"reading_{modality}", f"indication_{modality}", f"date_{modality}"):
            assert (patients[column].notna() == imaged).all(), column


REASONS = {
    "bone_pain": lambda p: p["bone_pain"],
    "back_pain": lambda p: p["chronic_back_pain"],
    "heart": lambda p: p["heart"],
    "cancer": lambda p: p["cancer_suspected"],
    "calcium": lambda p: p["hypercalcaemia"].fillna(False).astype(bool) | p["kidney_stones"],
    "alp": lambda p: p["alp_raised"].fillna(False).astype(bool),
}


@every_design
def test_who_is_imaged_for_a_reason_has_it(design):
    patients = cohort(design).patients
    for modality in MODALITIES:
        reason = patients[f"indication_{modality}"]
        for name, has in REASONS.items():
            assert has(patients)[reason == name].all(), (modality, name)


def test_everybody_is_imaged_where_it_is_routine_and_nobody_where_nothing_leads_to_it():
    for design in DESIGNS:
        patients, imaging = cohort(design).patients, load_design(design).imaging
        for modality in MODALITIES:
            imaged = getattr(imaging, modality)
            if imaged.routine.value == 1:
                assert (patients[f"indication_{modality}"] == "routine").all()
            if not any(parameter.value for parameter in imaged.parameters().values()):
                assert not patients[f"imaging_{modality}"].any()


@every_design
def test_a_false_record_is_a_record_without_the_disease(design):
    made = cohort(design)
    assert (made.truth["false_positive_record"] == (made.patients["osseous_recorded"] & ~made.truth["osseous"])).all()
    assert made.truth["false_positive_record"].any()
    assert made.truth["detected_by"][made.truth["false_positive_record"]].isna().all()


@every_design
def test_what_first_showed_a_lesion_was_done_was_positive_and_came_first(design):
    made = cohort(design)
    by = made.truth["detected_by"]
    assert made.truth["osseous"][by.notna()].all()
    for modality in MODALITIES:
        chosen = by == modality
        assert made.patients[f"reading_{modality}"][chosen].fillna(False).astype(bool).all()
    read = flags(made.patients, (f"reading_{m}" for m in MODALITIES)).any(axis=1)
    assert by[~read].isna().all()


@every_design
def test_the_record_is_dated_by_its_first_positive_reading(design):
    patients = cohort(design).patients
    dates = [patients[f"date_{m}"].where(patients[f"reading_{m}"].fillna(False).astype(bool)) for m in MODALITIES]
    first = np.fmin.reduce([date.to_numpy() for date in dates])
    recorded = patients["osseous_recorded"].to_numpy()
    assert (patients["osseous_record_date"].to_numpy()[recorded] == first[recorded]).all()


def test_the_substudy_never_enters_the_record():
    """The same patients as tertiary records, the same in every column, but for the reading of the substudy."""
    substudy, records = cohort("pet_substudy"), cohort("tertiary_records")
    own = ["in_substudy", "reading_substudy"]
    assert_frame_equal(substudy.patients.drop(columns=own), records.patients.drop(columns=own))
    assert_frame_equal(substudy.truth, records.truth)
    assert not records.patients["in_substudy"].any()
    assert substudy.patients["reading_substudy"].any()


def test_the_substudy_is_drawn_by_stratum_with_the_stated_chances():
    patients, design = cohort("pet_substudy").patients, load_design("pet_substudy").substudy
    for stratum in ("low", "high"):
        members = patients["substudy_stratum"] == stratum
        share = getattr(design, stratum).value
        drawn = patients["in_substudy"][members].mean()
        assert drawn == pytest.approx(share, abs=off(share, members.sum())), stratum
    assert (patients["reading_substudy"].notna() == patients["in_substudy"]).all()


def test_the_substudy_sees_what_the_record_misses():
    made = cohort("pet_substudy")
    missed = made.truth["osseous"] & ~made.patients["osseous_recorded"] & made.patients["in_substudy"]
    assert made.patients["reading_substudy"][missed].mean() > 0.5


@pytest.mark.parametrize("design", COUNTERFACTUAL)
def test_the_record_under_the_design_at_work_is_the_record(design):
    made = cohort(design)
    assert (made.truth[f"recorded_under_{design}"] == made.patients["osseous_recorded"]).all()
    others = [f"recorded_under_{other}" for other in COUNTERFACTUAL if other != design]
    assert (made.truth[others].mean() != made.patients["osseous_recorded"].mean()).any()


def test_the_record_under_another_design_does_not_depend_on_the_design_at_work_but_through_time():
    """Two designs that differ only in their sources see each other's record for every patient."""
    here, there = cohort("tertiary_records"), cohort("two_source_registry")
    assert (here.truth["patient_id"] == there.truth["patient_id"]).all()
    assert (here.truth["recorded_under_two_source_registry"] == there.patients["osseous_recorded"]).all()
    assert (there.truth["recorded_under_tertiary_records"] == here.patients["osseous_recorded"]).all()


@every_design
def test_drb1_is_known_where_typed_and_right(design):
    made = cohort(design)
    typed, share = made.patients["hla_drb1_03"].notna(), load_design(design).record.drb1_typed.value
    known = made.patients["hla_drb1_03"][typed].astype(bool)
    assert (known == made.truth["hla_drb1_03_true"][typed]).all()
    assert typed.any() == (share > 0)
    assert not typed.all()


@every_design
def test_who_does_not_have_sarcoidosis_does_not_have_it_in_the_bones(design):
    truth = cohort(design).truth
    mistaken = truth["systemic_mimic"].notna()
    assert 0.005 < mistaken.mean() < 0.05
    assert not truth["osseous"][mistaken].any()
    assert np.isinf(truth["osseous_onset_years"][mistaken]).all()


def test_two_in_a_hundred_are_mistaken_for_sarcoidosis():
    truth = cohort("incident_clinic").truth
    assert truth["systemic_mimic"].notna().mean() == pytest.approx(0.02, abs=off(0.02, SIZE))


def test_where_every_acute_onset_has_erythema_nodosum_no_ankle_stands_alone():
    vary = {"lofgren.nodosum": 1.0, "lofgren.isolated_ankle": 0.0}
    made = replicates(load_world("evidence", vary), load_design("incident_clinic"), 5000, 1, 1, ["isolated_ankle"])
    assert not made["isolated_ankle"].any()
