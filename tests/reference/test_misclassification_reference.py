"""Limits of the true share, sensitivity and specificity known, against epiR (R/misclassification.R)."""

import json
from pathlib import Path

import numpy as np
import pytest

from sarcoid_epi.stats import proportion
from sarcoid_epi.stats.misclassification import rogan_gladen, rogan_gladen_known

REFERENCE = json.loads(Path(__file__).with_name("misclassification.json").read_text(encoding="utf-8"))
EVENTS, N, SE, SP = (np.array(REFERENCE[name]) for name in ("events", "n", "sensitivity", "specificity"))


@pytest.mark.parametrize("method", ["wilson", "clopper_pearson"])
def test_known_limits_equal_epir(method):
    """Tolerance: rounding, worst 1e-15."""
    low, high = rogan_gladen_known(getattr(proportion, method)(EVENTS, N), SE, SP)
    np.testing.assert_allclose(low, REFERENCE[f"{method}_low"], rtol=0, atol=1e-13)
    np.testing.assert_allclose(high, REFERENCE[f"{method}_high"], rtol=0, atol=1e-13)


def test_estimates_equal_epir():
    """Also the two negative ones and the one above 1. Tolerance: rounding, worst 1e-16."""
    np.testing.assert_allclose(rogan_gladen(EVENTS / N, SE, SP), REFERENCE["estimate"], rtol=0, atol=1e-14)
