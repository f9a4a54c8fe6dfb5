"""The size of a cohort can follow from a population, its years, and how often the disease is."""

import tomllib

import numpy as np
import pytest
from pandas.testing import assert_frame_equal

from sarcoid_epi import api
from sarcoid_epi.cohort.occurrence import drawn_patients, expected_patients, in_years, population
from sarcoid_epi.errors import ConfigurationError
from sarcoid_epi.patients import read_patients
from sarcoid_epi.scenario import Assumed, load_design, load_world

WORLD = load_world("evidence", {"occurrence.incidence": 20.0, "occurrence.prevalence": 100.0})
TERTIARY, CLINIC = load_design("tertiary_records"), load_design("incident_clinic")


def test_the_expected_patients_are_those_of_a_hand_calculation():
    """A million people, ten years: 200 new ones a year and a thousand who were ill before."""
    assert expected_patients(1_000_000, (2001, 2010), 20, 100) == 3000
    assert expected_patients(1_000_000, (2005, 2005), 20, 0) == 200


def test_only_a_design_about_new_patients_leaves_out_those_who_are_ill_already():
    records = population(WORLD, TERTIARY, 1_000_000, (2001, 2010), seed=1)
    clinic = population(WORLD, CLINIC, 1_000_000, (2001, 2010), seed=1)
    assert (records.expected, clinic.expected) == (3000, 2000)
    assert (records.only_new, clinic.only_new) == (False, True)


@pytest.mark.parametrize("expected", [3.0, 400.0])
def test_the_drawn_number_is_poisson(expected):
    drawn = np.array([drawn_patients(expected, seed) for seed in range(4000)])
    # Four Monte Carlo standard errors; worst seen 1.4 and 1.2 of them.
    assert abs(drawn.mean() - expected) < 4 * np.sqrt(expected / drawn.size)
    assert abs(drawn.var() / expected - 1) < 4 * np.sqrt((2 + 1 / expected) / drawn.size)
    assert drawn_patients(expected, 7) == drawn[7]


def test_the_years_are_those_of_the_design_and_say_that_they_are_assumed():
    moved = in_years(CLINIC, (1995, 1999))
    assert (moved.calendar.first_year.value, moved.calendar.last_year.value) == (1995, 1999)
    assert moved.calendar.first_year.basis == Assumed(reason="given with --years")
    assert moved.entry == CLINIC.entry


@pytest.mark.parametrize(
    ("years", "said"),
    [((1800, 1810), "1800 is not a calendar year"), ((2010, 2001), "must be at least the one before")],
)
def test_years_outside_the_calendar_are_refused(years, said):
    with pytest.raises(ConfigurationError, match=f"--years: .*{said}"):
        in_years(CLINIC, years)


def test_a_cohort_of_a_population_is_all_who_enter_and_lies_in_its_years(tmp_path):
    vary = {"occurrence.incidence": 20.0, "occurrence.prevalence": 100.0}
    asked = {"population": 400_000, "years": (1995, 1999), "seed": 5, "vary": vary}
    cohort = api.generate(out=tmp_path / "memory", **asked)
    api.write(tmp_path / "parts", **asked)
    text = (tmp_path / "parts" / "certificate.toml").read_bytes()
    assert text == (tmp_path / "memory" / "certificate.toml").read_bytes()
    arising = tomllib.loads(text.decode("utf-8"))["population"]
    assert arising["expected"] == 800.0  # 400 000 * (20 * 5 + 100) / 100 000
    assert abs(arising["drawn"] - 800) < 4 * np.sqrt(800)
    assert arising["entered"] == len(cohort.patients) < arising["drawn"] == cohort.source_patients
    everybody = api.generate(size=len(cohort.patients), seed=5, vary={**vary, **years(1995, 1999)})
    assert_frame_equal(cohort.patients, everybody.patients)
    assert len(read_patients(tmp_path / "parts" / "patients.parquet")) == len(cohort.patients)
    seen = cohort.patients["diagnosis_date"].dt.year + cohort.patients["years_since_diagnosis"]
    # The look is the diagnosis, which is known by its day here and by its year there, plus hundredths of a year.
    assert seen.between(1993, 2001).all()


def years(first, last):
    """Follow-up closes five years after the last, as in the design."""
    return {
        "calendar.first_year": float(first),
        "calendar.last_year": float(last),
        "calendar.closing_year": float(last) + 5,
    }


def test_nobody_is_no_cohort(tmp_path):
    for make in (api.generate, lambda **asked: api.write(tmp_path / "c", **asked)):
        with pytest.raises(ConfigurationError, match="nobody enters the study, because there are no source patients"):
            make(population=1, years=(2001, 2001), seed=1)
        with pytest.raises(ConfigurationError, match=r"of \d+ source patients none is met"):
            make(population=10_000, years=(2001, 2001), seed=1, vary={"entry.share": 1e-6})
    assert list(tmp_path.iterdir()) == []


def test_two_sizes_half_a_population_and_years_given_twice_are_refused():
    with pytest.raises(ConfigurationError, match="--size and --population both say how many; keep one"):
        api.generate(size=10, population=1000, years=(2001, 2002))
    with pytest.raises(ConfigurationError, match="--population: a population needs years"):
        api.generate(population=1000)
    with pytest.raises(ConfigurationError, match="--years: years need a population"):
        api.generate(years=(2001, 2002))
    with pytest.raises(ConfigurationError, match=r"--vary: 'calendar\.first_year' is given twice"):
        api.generate(population=1000, years=(2001, 2002), vary={"calendar.first_year": 1999.0})
