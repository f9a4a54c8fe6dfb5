"""Melded limits against plain Monte Carlo of their definition in R (R/melded.R)."""

import json
from pathlib import Path

import numpy as np
import pytest

from sarcoid_epi.stats.melded import rogan_gladen_melded

REFERENCE = json.loads(Path(__file__).with_name("melded.json").read_text(encoding="utf-8"))
COUNTS = ("events", "n", "sensitivity_events", "sensitivity_n", "specificity_events", "specificity_n")
DRAWS = 4e6


@pytest.mark.parametrize("side", ["low", "high"])
def test_limits_equal_four_million_draws(side):
    """A quantile of 4e6 draws is off by 8e-5 in chance (one standard error): ours of chances four errors off lie on
    either side of it. Where all are positive the quadrature may be off by 3e-4."""
    off = 4 * (0.025 * 0.975 / DRAWS) ** 0.5
    counts = [np.array(REFERENCE[name]) for name in COUNTS]
    ends = [getattr(rogan_gladen_melded(*counts, level=0.95 + 2 * d), side) for d in (-off, off)]
    drawn, slack = np.array(REFERENCE[side]), np.where(counts[0] == counts[1], 4e-4, 1e-7)
    assert (np.minimum(*ends) - slack <= drawn).all()
    assert (drawn <= np.maximum(*ends) + slack).all()
