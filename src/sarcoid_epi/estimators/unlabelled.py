"""No reference standard: what several imperfect looks at the same patients say together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sarcoid_epi.estimands import MET, UNDERDIAGNOSIS
from sarcoid_epi.estimators.believing import said_of_records
from sarcoid_epi.estimators.declare import Answers, Floats, Term, answers_of, estimator
from sarcoid_epi.estimators.sources import FIRST, SECOND, THIRD
from sarcoid_epi.estimators.verified import SUBSTUDY
from sarcoid_epi.scenario import Belief
from sarcoid_epi.stats.hui_walter import hui_walter
from sarcoid_epi.stats.hui_walter_bayes import hui_walter_posterior
from sarcoid_epi.stats.interval import normal_quantile
from sarcoid_epi.stats.latent_class import LatentClass, latent_class
from sarcoid_epi.strata import Strata

#: Names of the sources and of the scan in terms.
SOURCES = {FIRST: "clinic_list", SECOND: "radiology_text", THIRD: "codes"}
SCAN = "reading_substudy"

NOBODY_SCANNED = "nobody was scanned for the study"


@estimator(
    question="underdiagnosis",
    estimand=MET,
    needs=tuple(SOURCES),
    references=("hui1980", "espeland1989"),
    rests="sources that err independently of each other",
)
def latent_sources(strata: Strata) -> Answers:
    """Osseous sarcoidosis that three sources agree on, by a two-class model without reference standard.

    Patients have what the sources have in common, or not; within either kind the sources err independently. Terms:
    `met`, the share that has it; `sensitivity_...` and `specificity_...` of each source for it.

    Parameters
    ----------
    strata : Strata
        With the flags `on_clinic_list`, `in_radiology_text` and `in_codes`.

    Returns
    -------
    Answers
        Proportions, shape (groups, 7).

    Assumes
    -------
    Two kinds of patients; given the kind, sources err independently (a symptom that brings patients into all of them
    breaks this). Cases that no source could hold belong to the kind without.

    References
    ----------
    hui1980, espeland1989
    """
    table = strata.table(*SOURCES).astype(float)
    fit = latent_class(table.reshape(len(table), -1))
    counts = _counts(table)
    return answers_of(
        Term(
            "met", fit.prevalence, fit.prevalence_low, fit.prevalence_high, fit.prevalence_std_error, *counts, fit.note
        ),
        *_accuracy(fit, tuple(SOURCES.values()), counts),
    )


@estimator(
    question="underdiagnosis",
    estimand=UNDERDIAGNOSIS,
    needs=(*SOURCES, SCAN),
    references=("hui1980", "vacek1985", "espeland1989"),
    rests="errors of the scan that have nothing to do with those of the sources",
)
def latent_scan(strata: Strata) -> Answers:
    """Sensitivity of three sources and of a study scan, by a two-class model in which two sources depend on each other.

    Of the patients scanned for the study. The clinic list and radiology texts may depend on each other among the
    diseased (a common symptom brings patients into both); codes and the scan err independently. Terms:
    `underdiagnosis`, of the clinic list; `sensitivity_...` and `specificity_...` of each; `odds_dependence`, the
    conditional odds ratio of the two sources among the diseased.

    Parameters
    ----------
    strata : Strata
        With the flags `on_clinic_list`, `in_radiology_text`, `in_codes` and `reading_substudy`.

    Returns
    -------
    Answers
        Shape (groups, 10).

    Assumes
    -------
    Two kinds of patients; given the kind, only the named pair depends. The prevalence among the scanned is not told: it
    is that of the sample, which the strata were drawn to enrich.

    References
    ----------
    hui1980, vacek1985, espeland1989
    """
    table = strata.table(*SOURCES, SCAN).astype(float)
    fit = latent_class(table.reshape(len(table), -1), diseased_pairs=[(0, 1)])
    counts = _counts(table)
    low, high = 1 - fit.sensitivity_high[..., 0], 1 - fit.sensitivity_low[..., 0]
    missed = Term(
        "underdiagnosis", 1 - fit.sensitivity[..., 0], low, high, fit.sensitivity_std_error[..., 0], *counts, fit.note
    )
    with np.errstate(over="ignore"):
        ratio = np.exp(fit.dependence[..., 0])
        reach = np.exp(normal_quantile(0.95) * fit.dependence_std_error[..., 0])
    ratio = np.where(np.isfinite(ratio), ratio, np.nan)
    dependence = Term("odds_dependence", ratio, ratio / reach, ratio * reach, np.nan, *counts, fit.note)
    return answers_of(missed, *_accuracy(fit, (*SOURCES.values(), "scan"), counts), dependence)


@estimator(
    question="underdiagnosis",
    estimand=UNDERDIAGNOSIS,
    needs=SUBSTUDY,
    references=("hui1980", "vacek1985"),
    rests="a record and a scan that err independently, alike in both strata",
)
def two_tests(strata: Strata) -> Answers:
    """Underdiagnosis of osseous sarcoidosis from record and study scan, neither of them right (Hui-Walter).

    Record and scan are two imperfect tests, the strata of the substudy two populations with other prevalences. Terms:
    `underdiagnosis`, 1 - sensitivity of the record; sensitivity and specificity of `record` and `scan`; the true share
    in each stratum, `osseous_in_low` and `osseous_in_high`.

    Parameters
    ----------
    strata : Strata
        With the category `substudy_stratum` and the flags `osseous_recorded` and `reading_substudy`.

    Returns
    -------
    Answers
        Proportions, shape (groups, 7); n counts the scanned.

    Assumes
    -------
    Record and scan err independently of each other, and alike in both strata; the strata differ in prevalence. Bone
    pain, which makes the stratum, also brings patients on record, so that the sensitivity of a record differs between
    strata: then this is wrong.

    References
    ----------
    hui1980, vacek1985
    """
    table = strata.table(*SUBSTUDY).astype(float)
    return _two_tests(hui_walter(table)._asdict(), strata, table)


@estimator(
    question="underdiagnosis",
    estimand=UNDERDIAGNOSIS,
    needs=SUBSTUDY,
    believes=("sensitivity", "specificity"),
    references=("joseph1995", "hui1980", "sobol1967"),
    rests="the belief about the record, and errors independent of the scan's",
)
def believed_two_tests(strata: Strata, belief: Belief) -> Answers:
    """Underdiagnosis of osseous sarcoidosis from record and study scan, with a belief about the record.

    The model of `two_tests`, with beta beliefs about sensitivity and specificity of the record; of the scan and of the
    prevalences nothing is believed (uniform). Terms as there; estimates are posterior medians.

    Parameters
    ----------
    strata : Strata
        As for `two_tests`.
    belief : Belief
        Sensitivity and specificity of the record.

    Returns
    -------
    Answers
        Proportions, shape (groups, 7); n counts the scanned.

    Assumes
    -------
    As `two_tests`, and the belief is right in the long run.

    References
    ----------
    joseph1995, hui1980, sobol1967
    """
    table = strata.table(*SUBSTUDY).astype(float)
    shapes = belief.sensitivity.shapes, belief.specificity.shapes
    # A value known is as if a quarter of a patient spoke against it: both shapes must be above 0.
    (se_a, se_b), (sp_a, sp_b) = ((max(a, 0.25), max(b, 0.25)) for a, b in shapes)
    flat = np.ones(table.shape[1])
    fit = hui_walter_posterior(table, flat, flat, [se_a, 1.0], [se_b, 1.0], [sp_a, 1.0], [sp_b, 1.0])._asdict()
    for name in ("prevalence", "sensitivity", "specificity"):
        fit |= {name: fit[f"{name}_median"], f"{name}_std_error": fit[f"{name}_sd"]}
    recorded, scanned = table[:, :, 1].sum(axis=(1, 2)), table.sum(axis=(1, 2, 3))
    fit["note"] = said_of_records(recorded, scanned, belief.specificity.value.value, fit["note"])
    return _two_tests(fit, strata, table)


def _two_tests(fit: Mapping[str, Any], strata: Strata, table: Floats) -> Answers:
    counts = table.sum(axis=(1, 2, 3)), table[:, :, :, 1].sum(axis=(1, 2))
    empty = counts[0] == 0
    note = np.where(empty, NOBODY_SCANNED, fit["note"])

    def term(name: str, share: str, at: int, turned: bool = False) -> Term:
        columns = [fit[f"{share}{part}"][..., at] for part in ("", "_low", "_high", "_std_error")]
        estimate, low, high, error = (np.where(empty, np.nan, column) for column in columns)
        if turned:
            estimate, low, high = 1 - estimate, 1 - high, 1 - low
        return Term(name, estimate, low, high, error, *counts, note)

    of_tests = [
        term(f"{test}_{share}", share, at)
        for at, test in enumerate(("record", "scan"))
        for share in ("sensitivity", "specificity")
    ]
    levels = strata.levels(SUBSTUDY[0])
    in_strata = [term(f"osseous_in_{level}", "prevalence", at) for at, level in enumerate(levels)]
    return answers_of(term("underdiagnosis", "sensitivity", 0, turned=True), *of_tests, *in_strata)


def _accuracy(fit: LatentClass, names: tuple[str, ...], counts: tuple[Floats, Floats]) -> list[Term]:
    """Sensitivity, then specificity, of each test."""
    values = fit._asdict()

    def term(share: str, name: str, at: int) -> Term:
        estimate, low, high, error = (values[f"{share}{part}"][..., at] for part in ("", "_low", "_high", "_std_error"))
        return Term(f"{share}_{name}", estimate, low, high, error, *counts, fit.note)

    return [term(share, name, at) for share in ("sensitivity", "specificity") for at, name in enumerate(names)]


def _counts(table: Floats) -> tuple[Floats, Floats]:
    """Patients, and those positive by any test."""
    flat = table.reshape(len(table), -1)
    return flat.sum(axis=1), flat[:, 1:].sum(axis=1)
