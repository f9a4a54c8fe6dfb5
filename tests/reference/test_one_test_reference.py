"""One test and its priors against prevalence::truePrev (JAGS), betaExpert, betaPERT and epiR (R/one_test.R)."""

import json
from pathlib import Path

import pytest

from sarcoid_epi.stats.one_test import one_test_posterior
from sarcoid_epi.stats.prior import beta, distribution, elicited, pert, uniform

REFERENCE = json.loads(Path(__file__).with_name("one_test.json").read_text(encoding="utf-8"))
PRIORS = {"~dbeta": beta, "~dunif": uniform}
CASES = range(len(REFERENCE["events"]))


def prior(text):
    """~dbeta(81, 21) as R writes it."""
    name, shapes = text.rstrip(")").split("(")
    return PRIORS[name](*map(float, shapes.split(",")))


def asked(case, level=0.95):
    x, n, se, sp, a, b = (REFERENCE[name][case] for name in ("events", "n", "se", "sp", "prior_a", "prior_b"))
    return one_test_posterior(x, n, prior(se), prior(sp), beta(a, b), level=level)


@pytest.mark.parametrize("case", CASES)
def test_means_equal_a_long_run_of_jags(case):
    """600 000 draws a case; within 4.5 standard errors by batch means (25 comparisons)."""
    answer = asked(case)
    for row in [i for i, at in enumerate(REFERENCE["case"]) if at == case + 1]:
        found = getattr(answer, REFERENCE["quantity"][row]).mean
        assert found == pytest.approx(REFERENCE["mean"][row], abs=4.5 * REFERENCE["mean_error"][row] + 1e-12)


@pytest.mark.parametrize("case", CASES)
def test_limits_equal_a_long_run_of_jags(case):
    """JAGS' quantile has a known error as a chance: quantiles of chances 4.5 errors off lie on either side of it."""
    for column, chance, side in ((1, 0.025, "low"), (3, 0.975, "high")):
        for row in [i for i, at in enumerate(REFERENCE["case"]) if at == case + 1]:
            off = 4.5 * REFERENCE[f"chance_error{column}"][row] + 1e-4
            tail = min(chance, 1 - chance)
            ends = [
                getattr(asked(case, 1 - 2 * t), REFERENCE["quantity"][row]) for t in (max(tail - off, 1e-6), tail + off)
            ]
            between = sorted(float(getattr(end, side)) for end in ends)
            assert between[0] <= REFERENCE[f"q{column}"][row] <= between[1]


def test_elicited_by_mode_equal_epir_to_its_step():
    """epiR tries shapes in steps of 0.001: a within half a step and rounding."""
    for v, q, c, a in zip(
        *(REFERENCE[k] for k in ("guess_value", "guess_bound", "guess_chance", "buster_a")), strict=True
    ):
        assert elicited(v, q, c).a == pytest.approx(a, abs=0.0006)


@pytest.mark.parametrize("kind", ["mode", "mean"])
def test_elicited_equal_beta_expert_or_fit_the_statement_better(kind):
    """betaExpert minimises to the default of R's optimize, 1e-4: shapes agree to that, worst 2e-3 relative; where they
    differ the chance of the bound says who is right. A mean of 0.9 with only 80 % above 0.75 is no beta distribution's:
    we refuse, betaExpert returns its nearest without a word."""
    names = ("guess_value", "guess_bound", "guess_chance", f"{kind}_a", f"{kind}_b")
    for v, q, c, a, b in zip(*(REFERENCE[k] for k in names), strict=True):
        theirs = beta(a, b)
        if (kind, v) == ("mean", 0.9):
            assert 1 - distribution(theirs, q) > c + 0.01
            with pytest.raises(ValueError, match="no beta distribution"):
                elicited(v, q, c, kind)
            continue
        ours = elicited(v, q, c, kind)
        assert ours.a == pytest.approx(a, rel=5e-3)
        misses = [abs((distribution(p, q) if q > v else 1 - distribution(p, q)) - c) for p in (ours, theirs)]
        assert misses[0] <= misses[1] + 1e-12


def test_pert_equals_the_vose_form():
    """Tolerance: rounding. With the mode in the middle betaPERT asks whether two rounded numbers are equal, here they
    are not, and it returns shapes 0 and 0; ours, 3 and 3, is right by symmetry."""
    for m, a, b in zip(*(REFERENCE[k] for k in ("pert_mode", "vose_a", "vose_b")), strict=True):
        assert list(pert(0.6, m, 1.0)[:2]) == pytest.approx([3, 3] if m == 0.8 else [a, b], rel=1e-12)
