"""Interactions, tests of exposures as a whole and curves of splines against R (R/association_shape.R)."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sarcoid_epi.estimators import exposure_tests, interactions, ratio_curve
from sarcoid_epi.scenario import Model
from sarcoid_epi.strata import whole
from small import limits, told

REFERENCE = json.loads(Path(__file__).with_name("association_shape.json").read_text(encoding="utf-8"))
#: Where R's own search stops: glm, brglm2 and lrm.
RELATIVE = 1e-7
BOTH = "[smoke=yes+ht=yes]"
TERMS = tuple(f"{measure}{BOTH}" for measure in ("product", "excess", "attributable", "synergy", "odds_ratio"))


def model(exposures, adjust, **more):
    return Model(name="births", label="Low weight at birth", outcome="low", exposures=exposures, adjust=adjust, **more)


FLAGS = model(("smoke",), ("ht", "age"), interactions=(("smoke", "ht"),))
RACES = model(("smoke", "race"), (), interactions=(("smoke", "race"),))
WEIGHT = model(("lwt",), ("smoke",), splines={"lwt": 4})


@pytest.fixture(scope="module")
def births():
    frame = pd.DataFrame({name: np.array(REFERENCE[name], dtype=bool) for name in ("low", "smoke", "ht")})
    frame["race"] = pd.Categorical(REFERENCE["race"], categories=["white", "black", "other"])
    return whole(frame.assign(age=np.array(REFERENCE["age"], float), lwt=np.array(REFERENCE["lwt"], float)))


def errors(answers):
    return dict(zip(answers.terms, answers.std_error[0].tolist(), strict=True))


@pytest.mark.parametrize(
    ("name", "change"), [("flags", {}), ("firth", {"family": "firth"}), ("clustered", {"cluster": "race"})]
)
def test_interactions_are_those_of_r(births, name, change):
    answers = interactions(births, FLAGS.model_copy(update=change))
    estimate, error = told(answers), errors(answers)
    assert [estimate[term] for term in TERMS] == pytest.approx(REFERENCE[f"{name}_estimate"], rel=RELATIVE)
    assert [error[term] for term in TERMS] == pytest.approx(REFERENCE[f"{name}_error"], rel=RELATIVE)
    assert limits(answers, TERMS[1]) == pytest.approx(REFERENCE[f"{name}_excess_limits"], rel=RELATIVE)


def test_additive_measures_are_those_of_epir(births):
    estimate = told(interactions(births, FLAGS))
    assert [estimate[term] for term in TERMS[1:4]] == pytest.approx(REFERENCE["epir"], rel=RELATIVE)


def test_the_ratio_in_each_level_of_the_partner_is_that_of_r(births):
    answers = interactions(births, FLAGS)
    for at, level in enumerate(("no", "yes")):
        term = f"odds_ratio[smoke=yes@ht={level}]"
        ratio, error = REFERENCE["smoke_given_ht"][at], REFERENCE["smoke_given_ht_error"][at]
        assert told(answers)[term] == pytest.approx(ratio, rel=RELATIVE)
        low, high = limits(answers, term)
        assert np.log(high / low) == pytest.approx(2 * 1.959963984540054 * error, rel=RELATIVE)


def statistic(answers, of, measure="chi_squared"):
    at = answers.terms.index(f"{measure}[{of}]")
    return [answers.estimate[0, at], int(answers.note[0, at].partition(" ")[0])]


def test_likelihood_ratio_tests_are_those_of_r(births):
    answers = exposure_tests(births, RACES)
    for of, theirs in (("smoke", "test_smoke"), ("race", "test_race"), ("smoke+race", "test_pair")):
        assert statistic(answers, of) == pytest.approx(REFERENCE[theirs], rel=RELATIVE)
    assert statistic(answers, "smoke+race")[:1] == pytest.approx(REFERENCE["car_pair"], rel=RELATIVE)
    answers = exposure_tests(births, WEIGHT)
    assert statistic(answers, "lwt") == pytest.approx(REFERENCE["test_lwt"], rel=RELATIVE)
    assert statistic(answers, "lwt", "chi_squared_linear") == pytest.approx(REFERENCE["test_bends"], rel=RELATIVE)


def test_penalised_likelihood_ratio_tests_are_those_of_r(births):
    answers = exposure_tests(births, RACES.model_copy(update={"adjust": ("age",), "family": "firth"}))
    found = [statistic(answers, of)[0] for of in ("smoke", "race", "smoke+race")]
    assert found == pytest.approx(REFERENCE["penalised"], rel=RELATIVE)


def test_the_curve_of_a_spline_is_that_of_rms(births):
    answers = ratio_curve(births, WEIGHT)
    places = [5, 25, 75, 95]
    ratio = [told(answers)[f"odds_ratio[lwt@{place}%]"] for place in places]
    value = [told(answers)[f"quantile[lwt@{place}%]"] for place in places]
    relative = [errors(answers)[f"odds_ratio[lwt@{place}%]"] / r for place, r in zip(places, ratio, strict=True)]
    assert value == pytest.approx(REFERENCE["places"], rel=1e-12)
    assert np.log(ratio) == pytest.approx(REFERENCE["curve"], rel=1e-6)
    assert relative == pytest.approx(REFERENCE["curve_error"], rel=1e-6)
