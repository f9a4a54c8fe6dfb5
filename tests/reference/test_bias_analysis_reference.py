"""Bias analysis against R's own distributions, linear solver and root finder, and metafor (R/bias_analysis.R)."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.special import ndtri

from sarcoid_epi.stats.bias_analysis import reclassified, record_level
from sarcoid_epi.stats.draws import beta_quantile, correlated
from sarcoid_epi.stats.e_value import e_value_risk_difference
from sarcoid_epi.stats.unmeasured import misclassified_exposure, misclassified_outcome

REFERENCE = json.loads(Path(__file__).with_name("bias_analysis.json").read_text(encoding="utf-8"))
DRAWS = 200
COUNTS = np.array([[160, 40], [125, 75], [178, 22], [239, 61]])
EXPOSED, STRATUM = np.array([False, True, False, True]), np.array([0, 0, 1, 1])
STEPS = np.sqrt([2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41])


def column(name):
    return np.array(REFERENCE[name], dtype=np.float64)


def lattice(start):
    return np.outer(np.arange(start + 1, start + DRAWS + 1), STEPS) % 1


def drawn():
    u = lattice(0)
    first, second = correlated(u[:, 0], u[:, 1], 0.5)
    return beta_quantile(18, 2, first), beta_quantile(95, 5, second)


def test_draws_of_sensitivity_and_specificity_equal_qbeta():
    """So few draws are worked exactly. Tolerance: rounding in the tails; worst 2e-16."""
    for ours, name in zip(drawn(), ("sensitivity", "specificity"), strict=True):
        np.testing.assert_allclose(ours, REFERENCE[name], rtol=0, atol=1e-12)


def test_reclassified_records_equal_qbinom():
    """Whole numbers, no tolerance; the impossible draws are the same ones."""
    se, sp = drawn()
    ours = reclassified(COUNTS, se[:, None], sp[:, None], lattice(7)[:, :12])
    theirs = column("true").reshape(DRAWS, 4)
    theirs[np.isnan(theirs).any(axis=1)] = np.nan
    assert 0 < np.isnan(theirs[:, 0]).sum() < 100
    np.testing.assert_array_equal(ours[..., 1], theirs)
    np.testing.assert_array_equal(ours[..., 0], COUNTS.sum(axis=1) - theirs)


@pytest.mark.parametrize("measure", ["odds ratio", "risk ratio", "risk difference"])
def test_the_measure_of_each_draw_and_its_error_equal_mantel_haenszel_of_metafor(measure):
    """True tables are put in as records without error. Tolerance: rounding; worst 2e-15."""
    estimate, error = column(f"mantel_{measure.replace(' ', '_')}").reshape(20, 2).T
    true = column("true").reshape(DRAWS, 4)[column("possible").astype(int) - 1]
    tables = np.stack([COUNTS.sum(axis=1) - true, true], axis=-1)
    u = np.full((20, 2, 13), 0.5)
    u[:, 1, 12] = 0.8
    at = record_level(tables, EXPOSED, 1.0, 1.0, u[:, :1], measure, STRATUM)
    moved = record_level(tables, EXPOSED, 1.0, 1.0, u[:, 1:], measure, STRATUM)
    on_scale = (lambda x: x) if measure == "risk difference" else np.log
    np.testing.assert_allclose(on_scale(at.median), estimate, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(
        (on_scale(moved.total_median) - on_scale(at.total_median)) / ndtri(0.8), error, rtol=1e-11
    )


@pytest.mark.parametrize(
    ("name", "function"), [("outcome", misclassified_outcome), ("exposure", misclassified_exposure)]
)
def test_corrected_tables_equal_the_solved_linear_equations(name, function):
    """A table with a negative count is refused; the others to rounding, worst 2e-16."""
    tables, quality = column("tables").reshape(4, 4).T, column("quality").reshape(4, 4).T
    answer, theirs = function(*tables, *quality), column(name).reshape(4, 4)
    fine = (theirs >= 0).all(axis=1)
    np.testing.assert_array_equal(answer.note == "", fine)
    np.testing.assert_allclose(np.stack(answer[:4], axis=1)[fine], theirs[fine], rtol=1e-11)
    assert np.isnan(np.stack(answer[:4], axis=1)[~fine]).all()


def test_e_values_of_risk_differences_equal_root_finding():
    """Tolerance: where two root finders stop; worst 2e-16."""
    *cells, true = column("differences").reshape(5, 5).T
    answer = e_value_risk_difference(*cells, true)
    theirs = column("e_values").reshape(5, 2).T
    np.testing.assert_allclose([answer.estimate, answer.limit], theirs, rtol=1e-10)
