"""What is left of a difference between patients alike in age, sex and ancestry, with Löfgren syndrome and without."""

from __future__ import annotations

import numpy as np

from sarcoid_epi.estimands import MARGINAL_RISK
from sarcoid_epi.estimators.declare import NO_COLUMN, Answers, Floats, Term, answers_of, estimator, silent
from sarcoid_epi.estimators.standardisation import standardised_risks
from sarcoid_epi.measures import term
from sarcoid_epi.scenario import Model
from sarcoid_epi.stats.risk_difference import score_difference
from sarcoid_epi.stats.risk_ratio import score_ratio
from sarcoid_epi.strata import Strata
from sarcoid_epi.vocabulary import label

#: What may follow from how the disease began.
OUTCOMES = (
    "fever", "bone_pain", "systemic_therapy", "methotrexate", "hypercalcaemia", "hypercalciuria", "osseous_recorded",
    "remission", "relapse",
)  # fmt: skip

#: What comes before the disease and bears on how it begins.
GIVEN = ("age_at_diagnosis", "sex", "ancestry")

EXPOSURE = "lofgren_broad"

#: With fewer events, or patients without one, on either side, limits that lean on a normal curve are rough.
FEW = 10
ROUGH = "fewer than {} with the outcome, or without, on one side: rough limits"


@estimator(
    question="lofgren",
    estimand=MARGINAL_RISK,
    needs=(EXPOSURE,),
    references=("robinscausal1986", "greenland1991", "puhr2017", "miettinen1985", "koopman1984"),
    rests="the broad definition, and a logistic model linear in age at diagnosis",
)
def adjusted_contrasts(strata: Strata) -> Answers:
    """Share with an outcome were everybody a Löfgren patient, and were nobody, given age, sex and ancestry.

    Each outcome is explained by a logistic regression on Löfgren syndrome (broad definition), age at diagnosis, sex and
    ancestry, as far as there are columns for them, and standardised over all patients; with few events by Firth's
    penalised likelihood, its constant corrected (FLIC). Beside the standardised shares, their difference and ratio
    stand the difference (Miettinen-Nurminen) and ratio (Koopman) of the same patients without adjustment.

    Parameters
    ----------
    strata : Strata
        With the flag `lofgren_broad`, some of age at diagnosis, sex and ancestry, and whatever outcomes there are.

    Returns
    -------
    Answers
        Shares, differences and ratios, shape (groups, 6 x outcomes).

    Assumes
    -------
    Patients are independent, those who lack a value are like the others, and log odds are a sum, linear in age. To read
    a difference as an effect of how the disease began: nothing else bears on both. Remission and relapse are counted by
    the end of follow-up, which must be as long in both groups.

    References
    ----------
    robinscausal1986, greenland1991, puhr2017, miettinen1985, koopman1984
    """
    given = [name for name in GIVEN if name in strata.columns]
    there = [name for name in OUTCOMES if name in strata.columns]
    names = [term(measure, name) for name in there for measure in (*MEASURES, *CRUDE)]
    if not given or not there:
        return silent(names, len(strata.labels), f"{NO_COLUMN} '{GIVEN[0]}'" if there else "")
    return answers_of(*(row for name in there for row in _of_outcome(strata, name, given)))


MEASURES = ("risk", "reference_risk", "risk_difference", "risk_ratio")
CRUDE = ("crude_difference", "crude_ratio")


def _of_outcome(strata: Strata, outcome: str, given: list[str]) -> list[Term]:
    title = f"{label(outcome)} with Löfgren syndrome"
    model = Model(name=title, label=title, outcome=outcome, exposures=(EXPOSURE,), adjust=tuple(given))
    values, counts = strata.patterns(*model.columns)
    event, exposed = (values[..., model.columns.index(column)] == 1 for column in (outcome, EXPOSURE))
    x1, n1, x0, n0 = (_sum(counts * member) for member in (event & exposed, exposed, event & ~exposed, ~exposed))
    least = np.min([x1, n1 - x1, x0, n0 - x0], axis=0)
    rough = np.where((least < FEW) & (n1 > 0) & (n0 > 0), ROUGH.format(FEW), "")
    told = standardised_risks(strata, model)
    rows = []
    for at, name in enumerate(told.terms):
        note = np.array(["; ".join(filter(None, pair)) for pair in zip(told.note[:, at], rough, strict=True)])
        rows.append(
            Term(
                term(name.partition("[")[0], outcome),
                told.estimate[:, at],
                told.low[:, at],
                told.high[:, at],
                told.std_error[:, at],
                told.n[:, at],
                told.events[:, at],
                note,
            )
        )
    both = n1 + n0, x1 + x0
    for measure, crude in zip(CRUDE, (score_difference(x1, n1, x0, n0), score_ratio(x1, n1, x0, n0)), strict=True):
        rows.append(Term(term(measure, outcome), crude.estimate, crude.low, crude.high, np.nan, *both, crude.note))
    return rows


def _sum(counts: Floats) -> Floats:
    return np.asarray(counts.sum(axis=-1), dtype=float)
