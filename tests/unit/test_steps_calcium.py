"""Calcium: what was measured follows from values and limits; treatment hides, it never adds."""

import numpy as np
import pytest

from made import K, at_reference_time, cohort, off, raw
from sarcoid_epi.scenario import load_design, load_world, shipped

COUNT = 200_000


@pytest.fixture(scope="module")
def world():
    return load_world("evidence")


@pytest.fixture(scope="module")
def columns(world):
    return raw(world, load_design("tertiary_records"), ["serum_calcium_mmol_l", "on_treatment"], COUNT)


@pytest.mark.parametrize("design", shipped("design"))
def test_measured_flags_agree_with_values_and_limits_for_every_patient(world, design):
    patients, limits = cohort(design).patients, world.calcium
    serum, urine = patients["serum_calcium_mmol_l"], patients["urine_calcium_mg_24h"]
    by_sex = np.where(patients["sex"] == "female", limits.urine_limit_women.value, limits.urine_limit_men.value)
    for flag, value, limit in (
        ("hypercalcaemia", serum, limits.upper_limit.value),
        ("hypercalciuria", urine, limits.urine_limit.value),
        ("hypercalciuria_by_sex", urine, by_sex),
    ):
        assert (patients[flag].isna() == value.isna()).all()
        known = value.notna()
        assert known.any()
        assert (patients[flag][known].astype(bool) == (value > limit)[known]).all()


@pytest.mark.parametrize("design", shipped("design"))
def test_the_true_value_of_calcium_shows_its_status(world, design):
    truth = cohort(design).truth
    assert ((truth["calcium_true_mmol_l"] > world.calcium.upper_limit.value) == truth["hypercalcaemia_true"]).all()


@pytest.mark.parametrize("design", shipped("design"))
def test_hypercalciuria_is_above_the_limit_of_the_sex_too(design):
    patients = cohort(design).patients
    high = patients["hypercalciuria"].fillna(False).astype(bool)
    assert (patients["urine_calcium_mg_24h"][high] > 300).all()
    assert patients["hypercalciuria_by_sex"][high].all()
    between = patients["urine_calcium_mg_24h"].between(200, 250, inclusive="right")  # the limits of women and of men
    women = patients["sex"] == "female"
    assert patients["hypercalciuria_by_sex"][between & women].all()
    assert not patients["hypercalciuria_by_sex"][between & ~women].any()
    assert (between & women).any()
    assert (between & ~women).any()


def test_urine_values_show_the_class_by_the_thresholds_of_each_sex(world):
    w = world.calcium
    columns = at_reference_time(world, ["urine_true_mg_24h"], COUNT)
    value, kind = columns["urine_true_mg_24h"], columns["urine_class"]
    first = np.array([w.urine_limit_women.value, w.urine_limit_men.value])[columns["sex"]]
    for level, threshold in enumerate((first, w.urine_limit.value, w.urine_very_high_limit.value), 1):
        assert ((value > threshold) == (kind >= level)).all()


def test_measured_calcium_differs_from_the_true_only_where_treatment_hid_it(columns):
    measured, true = columns["serum_calcium_mmol_l"], columns["calcium_true_mmol_l"]
    differ = columns["calcium_measured"] & (measured != true)
    assert differ.any()
    assert (columns["hypercalcaemia_true"] & columns["on_treatment"])[differ].all()
    assert (measured[differ] <= 2.6).all()


def test_treatment_hides_high_calcium_as_often_as_stated(world, columns):
    """Masked, unless measured before treatment: 0.7 * (1 - 0.3) of those measured on treatment; nobody without it."""
    design = load_design("tertiary_records")
    hidden = world.calcium.masked.value * (1 - design.record.calcium_untreated.value)
    high = columns["calcium_measured"] & columns["hypercalcaemia_true"]
    shown = columns["serum_calcium_mmol_l"] > world.calcium.upper_limit.value
    treated, untreated = high & columns["on_treatment"], high & ~columns["on_treatment"]
    assert shown[treated].mean() == pytest.approx(1 - hidden, abs=off(hidden, treated.sum()))
    assert shown[untreated].all()
    assert shown[high].mean() < 0.95  # 0.93: a record counts fewer than there are


def test_calcium_is_measured_more_often_where_it_is_high(columns):
    high, measured = columns["hypercalcaemia_true"], columns["calcium_measured"]
    spread = (measured[high].var() / high.sum() + measured[~high].var() / (~high).sum()) ** 0.5
    assert measured[high].mean() - measured[~high].mean() > K * spread


def test_bone_adds_nothing_to_calcium_unless_the_edge_is_switched_on(world):
    """With the edge off, bone disease can be set at will: not one patient's calcium moves. On, calcium is higher."""
    from sarcoid_epi.cohort import generate

    design = load_design("incident_clinic")
    names = ["calcium_true_mmol_l", "hypercalcaemia_true", "serum_calcium_mmol_l", "urine_calcium_mg_24h"]

    def made(strength, osseous):
        one = generate(
            load_world("evidence", {"calcium.bone": strength}), design, 5000, 3, {"osseous": osseous}, columns=names
        )
        return one.patients, one.truth

    without, with_bone = made(0.0, "0"), made(0.0, "1")
    assert with_bone[1].equals(without[1])
    assert with_bone[0]["urine_calcium_mg_24h"].equals(without[0]["urine_calcium_mg_24h"])
    switched = made(1.0, "0")[1]["hypercalcaemia_true"], made(1.0, "1")[1]["hypercalcaemia_true"]
    assert not (switched[0] & ~switched[1]).any()
    assert switched[1].mean() > 1.8 * switched[0].mean()
