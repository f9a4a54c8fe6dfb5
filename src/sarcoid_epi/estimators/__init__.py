"""Estimators by question. `CATALOGUE` lists them all; command line, report and simulation read it."""

from sarcoid_epi.estimators.asking import ask, run_name
from sarcoid_epi.estimators.association import adjusted, unadjusted
from sarcoid_epi.estimators.biased import bias_analysed_odds_ratio, bias_analysed_prevalence
from sarcoid_epi.estimators.cascade import burden, detection_cascade
from sarcoid_epi.estimators.curves import ratio_curve
from sarcoid_epi.estimators.declare import NOT_ASKED, Answers, Estimator, estimator
from sarcoid_epi.estimators.description import means, shares
from sarcoid_epi.estimators.diagnostics import model_diagnostics
from sarcoid_epi.estimators.families import (
    clustered,
    multinomial_ratios,
    proportional_odds_ratios,
    unadjusted_ratios,
)
from sarcoid_epi.estimators.hazards import adjusted_hazards, proportionality, unadjusted_hazards
from sarcoid_epi.estimators.hazards_over_time import changing_hazards, standardised_curves
from sarcoid_epi.estimators.imaging import imaged_prevalence, selected_prevalence
from sarcoid_epi.estimators.imputation import imputed
from sarcoid_epi.estimators.interactions import interactions
from sarcoid_epi.estimators.intervals import (
    recorded_agresti_coull,
    recorded_blaker,
    recorded_clopper_pearson,
    recorded_jeffreys,
    recorded_likelihood_ratio,
    recorded_mid_p,
    recorded_wilson,
)
from sarcoid_epi.estimators.lofgren import broad_contrasts, definitions, strict_contrasts
from sarcoid_epi.estimators.lofgren_adjusted import adjusted_contrasts
from sarcoid_epi.estimators.lofgren_groups import centre_contrasts, onset_season, stage_contrast, three_groups
from sarcoid_epi.estimators.misclassified import misclassification_corrected
from sarcoid_epi.estimators.model_tests import exposure_tests
from sarcoid_epi.estimators.person_years import incidence_rates, restricted_means
from sarcoid_epi.estimators.prevalence import hypercalcaemia, organs, recorded_osseous
from sarcoid_epi.estimators.prognosis import event_free, event_tests, incidence
from sarcoid_epi.estimators.selection import selection_weighted
from sarcoid_epi.estimators.sources import believed_sources, source_dependence, three_sources, two_sources
from sarcoid_epi.estimators.standardisation import standardised_risks
from sarcoid_epi.estimators.synthesis import joint_synthesis, modality_prevalence, pooled_prevalence
from sarcoid_epi.estimators.underdiagnosis import (
    believed_prevalence,
    corrected_prevalence,
    possible_prevalence,
    tipping_detection,
)
from sarcoid_epi.estimators.unlabelled import believed_two_tests, latent_scan, latent_sources, two_tests
from sarcoid_epi.estimators.verdict import Verdict, unanswered, verdicts
from sarcoid_epi.estimators.verified import not_at_random_record, substudy_prevalence, verified_record

CATALOGUE: tuple[Estimator, ...] = (
    shares,
    means,
    organs,
    recorded_osseous,
    hypercalcaemia,
    recorded_wilson,
    recorded_clopper_pearson,
    recorded_mid_p,
    recorded_jeffreys,
    recorded_agresti_coull,
    recorded_blaker,
    recorded_likelihood_ratio,
    corrected_prevalence,
    believed_prevalence,
    detection_cascade,
    bias_analysed_prevalence,
    possible_prevalence,
    tipping_detection,
    imaged_prevalence,
    selected_prevalence,
    substudy_prevalence,
    verified_record,
    not_at_random_record,
    two_tests,
    believed_two_tests,
    latent_scan,
    two_sources,
    source_dependence,
    believed_sources,
    three_sources,
    latent_sources,
    bias_analysed_odds_ratio,
    burden,
    pooled_prevalence,
    modality_prevalence,
    joint_synthesis,
    definitions,
    broad_contrasts,
    strict_contrasts,
    three_groups,
    stage_contrast,
    centre_contrasts,
    onset_season,
    adjusted_contrasts,
    unadjusted,
    adjusted,
    standardised_risks,
    interactions,
    exposure_tests,
    ratio_curve,
    model_diagnostics,
    unadjusted_ratios,
    clustered,
    proportional_odds_ratios,
    multinomial_ratios,
    selection_weighted,
    imputed,
    misclassification_corrected,
    event_free,
    incidence,
    restricted_means,
    incidence_rates,
    event_tests,
    unadjusted_hazards,
    adjusted_hazards,
    proportionality,
    changing_hazards,
    standardised_curves,
)

__all__ = [
    "CATALOGUE",
    "NOT_ASKED",
    "Answers",
    "Estimator",
    "Verdict",
    "ask",
    "estimator",
    "run_name",
    "unanswered",
    "verdicts",
]
