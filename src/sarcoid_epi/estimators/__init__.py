"""Estimators by question. `CATALOGUE` lists them all; command line, report and simulation read it."""

from sarcoid_epi.estimators.asking import ask, run_name
from sarcoid_epi.estimators.declare import Answers, Estimator, estimator
from sarcoid_epi.estimators.description import means, shares
from sarcoid_epi.estimators.prevalence import hypercalcaemia, organs, recorded_osseous
from sarcoid_epi.estimators.synthesis import pooled_prevalence
from sarcoid_epi.estimators.underdiagnosis import corrected_prevalence

CATALOGUE: tuple[Estimator, ...] = (
    shares,
    means,
    organs,
    recorded_osseous,
    hypercalcaemia,
    corrected_prevalence,
    pooled_prevalence,
)

__all__ = ["CATALOGUE", "Answers", "Estimator", "ask", "estimator", "run_name"]
