"""Times bind: what comes later cannot be earlier, and what has not begun cannot be seen."""

import numpy as np
import pandas as pd
import pytest

from made import K, cohort, off, raw
from sarcoid_epi.cohort.steps.entry import DAYS_PER_YEAR
from sarcoid_epi.scenario import load_design, load_world, shipped
from sarcoid_epi.vocabulary import MODALITIES

every_design = pytest.mark.parametrize("design", shipped("design"))


@every_design
def test_onset_diagnosis_and_look_follow_each_other(design):
    p = cohort(design).patients
    assert (p["onset_date"] <= p["diagnosis_date"]).all()
    assert (p["diagnosis_date"] <= p["study_date"]).all()
    elapsed = (p["study_date"] - p["diagnosis_date"]).dt.days
    assert (elapsed == (p["years_since_diagnosis"] * DAYS_PER_YEAR).astype(int)).all()


@every_design
def test_the_season_of_acute_onset_stands_in_its_date(design):
    """The onset of whoever enters lies nearer to the peak after acute onset than otherwise, and is even otherwise."""
    made = cohort(design)
    day = made.patients["onset_date"].dt.dayofyear
    angle = np.cos(2 * np.pi * (day - load_world("evidence").lofgren.season_peak_day.value) / 365)
    acute = made.truth["acute_onset"]
    spread = (0.5 / acute.sum()) ** 0.5  # the cosine of an even angle has a variance of one half
    assert angle[acute].mean() > K * spread
    assert angle[acute].mean() > angle[~acute].mean() + K * spread


@every_design
def test_imaging_and_treatment_fall_between_diagnosis_and_look(design):
    p = cohort(design).patients
    for column in (*(f"date_{m}" for m in MODALITIES), "treatment_start_date", "osseous_record_date"):
        dated = p[column].notna()
        assert p[column][dated].between(p["diagnosis_date"][dated], p["study_date"][dated]).all(), column
    assert (p["treatment_start_date"].notna() == p["systemic_therapy"]).all()


@every_design
def test_a_lesion_that_was_seen_had_begun_before_the_imaging(design):
    made = cohort(design)
    years = {
        m: (made.patients[f"date_{m}"] - made.patients["diagnosis_date"]).dt.days / DAYS_PER_YEAR for m in MODALITIES
    }
    begun = made.truth["osseous_onset_years"]
    for modality in MODALITIES:
        seen = made.truth["detected_by"] == modality
        # Dates count whole days, so an imaging may stand up to a day before its time.
        assert (begun[seen] <= years[modality][seen] + 1.01 / DAYS_PER_YEAR).all()


def test_no_modality_shows_a_lesion_before_it_is_there():
    names = [name for m in MODALITIES for name in (f"seen_{m}", f"imaged_years_{m}")]
    shown = 0
    for design in ("tertiary_records", "incident_clinic", "pet_series"):
        columns = raw(load_world("evidence"), load_design(design), names, 50_000)
        for m in MODALITIES:
            seen = columns[f"seen_{m}"] > 0
            assert (columns["osseous_onset_years"] <= columns[f"imaged_years_{m}"])[seen].all()
            assert columns[f"imaging_{m}"][seen].all()
            shown += int(seen.sum())
    assert shown > 1000


@every_design
def test_bone_falls_ill_after_the_disease_began_and_before_the_look_of_who_has_it(design):
    made = cohort(design)
    begun, ill = made.truth["osseous_onset_years"], made.truth["osseous"]
    delay = (made.patients["diagnosis_date"] - made.patients["onset_date"]).dt.days / DAYS_PER_YEAR
    assert (begun >= -delay - 1e-3).all()  # three decimals are kept
    assert (begun[ill] <= made.patients["years_since_diagnosis"][ill] + 1e-3).all()
    assert (begun[~ill] >= made.patients["years_since_diagnosis"][~ill] - 1e-3).all()


@every_design
def test_nobody_leaves_before_the_look(design):
    """Left truncation: who is met at the look was under observation from then on, and alive."""
    p = cohort(design).patients
    assert (p["follow_up_years"] >= p["years_since_diagnosis"]).all()
    assert (p["follow_up_years"] > p["years_since_diagnosis"]).mean() > 0.99


@every_design
def test_remission_comes_before_relapse_and_both_before_the_end(design):
    p = cohort(design).patients
    for event in ("remission", "relapse"):
        assert (p[f"{event}_years"].notna() == p[event]).all()
        assert (p[f"{event}_years"][p[event]] <= p["follow_up_years"][p[event]]).all()
        assert (p[f"{event}_years"][p[event]] > 0).all()
    assert p["remission"][p["relapse"]].all()
    assert (p["relapse_years"] >= p["remission_years"])[p["relapse"]].all()
    assert ((p["relapses"] >= 1) == p["relapse"]).all()
    assert p["relapses"].between(0, 2).all()
    assert p["relapse"].any()


@every_design
def test_a_new_record_comes_after_the_look_to_those_without_one_and_before_the_end(design):
    made = cohort(design)
    p, new = made.patients, made.patients["new_osseous_record"]
    years = p["new_osseous_record_years"]
    assert (years.notna() == new).all()
    assert new.any()
    assert not (new & p["osseous_recorded"]).any()
    assert (years >= p["years_since_diagnosis"])[new].all()
    assert (years <= p["follow_up_years"])[new].all()
    assert (years >= made.truth["osseous_onset_years"] - 6e-3)[new].all()  # hundredths against thousandths of a year


@every_design
def test_death_ends_follow_up_and_nothing_happens_after_it(design):
    """The end is the first of death, loss and closing; the reason says which."""
    made, world = load_design(design), load_world("evidence")
    names = ["end_reason", "died", "follow_up_years", "remission_years", "relapse_years", "new_osseous_record_years"]
    c = raw(world, made, names, 20_000)
    ends = np.array([c["closing_years"], c["lost_years"], c["death_years"]])
    assert (c["end_years"] == ends.min(axis=0)).all()
    assert (ends[c["end_reason"], np.arange(20_000)] == c["end_years"]).all()
    assert (c["died"] == (c["death_years"] == c["end_years"])).all()
    assert c["died"].any()
    for event in ("remission_years", "relapse_years", "new_osseous_record_years"):
        happened = c["died"] & ~np.isnan(c[event])
        assert (c[event] <= c["follow_up_years"])[happened].all()
        assert (c[event] <= np.ceil(c["death_years"] * 100) / 100 + 1e-9)[happened].all()


@every_design
def test_follow_up_closes_for_everybody_on_one_day(design):
    p, design = cohort(design).patients, load_design(design)
    closed = p[p["end_reason"] == "closing"]
    end = closed["diagnosis_date"] + pd.to_timedelta((closed["follow_up_years"] * DAYS_PER_YEAR).astype(int), unit="D")
    close = np.datetime64(f"{design.calendar.closing_year.value:.0f}-12-31")
    # Years have two decimals, rounded up: up to four days, and one for the look's whole days.
    assert ((end - close).dt.days.abs() <= 5).all()


def test_death_follows_its_law():
    """Of the men of 50 years and average burden, exp(-H(5)) live five years: within K standard errors."""
    world = load_world("evidence", {"outlook.mortality_burden": 0.0})
    columns = raw(world, load_design("tertiary_records"), ["death_years"], 400_000)
    w = world.outlook
    near = (np.abs(columns["age_now"] - 50) < 1) & (columns["sex"] == 1)
    survived = (columns["death_years"] - columns["years_since_diagnosis"])[near] > 5
    age = columns["age_now"][near] - 50
    hazard = w.mortality.value * np.exp(w.mortality_age.value * age)
    expected = np.exp(-hazard * np.expm1(5 * w.mortality_age.value) / w.mortality_age.value).mean()
    assert survived.mean() == pytest.approx(expected, abs=off(expected, near.sum()))


def test_remission_has_its_shares_two_years_after_diagnosis():
    world = load_world("evidence")
    columns = raw(world, load_design("whole_body_mri_for_all"), ["remission_time"], 200_000)
    within = columns["remission_time"] <= 2
    w, acute, carrier = world.outlook, columns["acute_onset"], columns["hla_drb1_03_true"]
    for group, share in (
        (acute & carrier, w.remission_drb1_03.value),
        (acute & ~carrier, w.remission_acute.value),
        (~acute, w.remission_otherwise.value),
    ):
        assert within[group].mean() == pytest.approx(share, abs=off(share, group.sum()))
