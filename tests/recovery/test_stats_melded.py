"""Do melded limits cover, beside Lang-Reiczigel's? 2 000 replicates a world, fixed seed."""

import numpy as np
import pytest

from sarcoid_epi.stats.melded import rogan_gladen_melded
from sarcoid_epi.stats.misclassification import apparent_from_true, lang_reiczigel

REPLICATES = 2_000
WORLDS = [  # true share, sensitivity, specificity, patients, validated with, validated without
    (0.01, 0.90, 0.99, 1000, 100, 300),
    (0.03, 0.70, 0.98, 500, 60, 200),
    (0.05, 0.50, 0.99, 736, 50, 150),
    (0.10, 0.80, 0.95, 300, 100, 100),
]


@pytest.mark.parametrize("world", WORLDS, ids=str)
def test_melded_limits_cover_at_least_as_promised(world):
    """At least 0.95 less three Monte Carlo standard errors (0.005 each)."""
    true, se, sp, n, n_se, n_sp = world
    rng = np.random.default_rng(2023)
    drawn = [rng.binomial(k, p, REPLICATES) for k, p in ((n, apparent_from_true(true, se, sp)), (n_se, se), (n_sp, sp))]
    counts = (drawn[0], n, drawn[1], n_se, drawn[2], n_sp)
    covered = {}
    for method in (rogan_gladen_melded, lang_reiczigel):
        answer = method(*counts)
        covered[method] = ((answer.low <= true) & (true <= answer.high)).mean()
    assert covered[rogan_gladen_melded] > 0.95 - 3 * (0.95 * 0.05 / REPLICATES) ** 0.5
    assert covered[lang_reiczigel] > 0.95 - 3 * (0.95 * 0.05 / REPLICATES) ** 0.5
