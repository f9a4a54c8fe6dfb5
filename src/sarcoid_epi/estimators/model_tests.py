"""Tests of what a logistic model holds: an exposure with all its levels, an interaction, the bends of a spline."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sarcoid_epi.estimands import MODEL_TEST
from sarcoid_epi.estimators.association import ALIKE
from sarcoid_epi.estimators.coefficients import LOGISTIC, Coefficients, barred, coefficients
from sarcoid_epi.estimators.declare import Answers, Floats, Term, answers_of, estimator, silent
from sarcoid_epi.estimators.prevalence import NOBODY
from sarcoid_epi.estimators.terms import ENOUGH_CLUSTERS, Column, Fitting, fitting
from sarcoid_epi.measures import TOGETHER, term
from sarcoid_epi.scenario import Model
from sarcoid_epi.stats.firth import firth_ratio_test
from sarcoid_epi.stats.logistic import logistic_ratio_test
from sarcoid_epi.stats.profile_likelihood import ratio_p_value
from sarcoid_epi.strata import Strata

WALD = "Wald's test with errors robust to likeness within clusters"
FEW_CLUSTERS = "no more clusters than coefficients tested"
ROUGH = f"{WALD}; fewer than {ENOUGH_CLUSTERS} clusters: p is rather too small"
DEGREES = "{} {} of freedom"


class Tested(NamedTuple):
    """A test: the measures of its p and its statistic, what it is of, and the columns that it puts to 0."""

    p: str
    statistic: str
    of: str
    columns: list[int]


@estimator(
    question="association",
    estimand=MODEL_TEST,
    references=("venzon1988", "heinze2002", "harrell2015"),
    rests="the rest of the model",
    families=LOGISTIC,
)
def exposure_tests(strata: Strata, model: Model) -> Answers:
    """p of each exposure as a whole, of each interaction, and of a straight line for each spline.

    Likelihood-ratio tests that all coefficients concerned are 0: of an exposure all its levels, the whole of its
    spline, and its interactions with others (so that the test does not depend on what is the reference); of an
    interaction all products; of a spline all bends, interactions of the bends among them. By the penalised likelihood,
    with the penalty of all columns, where Firth's is called for, as in the adjusted ratio. With a cluster the
    likelihood of single patients is none: Wald's test with the robust covariance then, but where it is penalised.

    Parameters
    ----------
    strata : Strata
        With the columns of the model.
    model : Model
        Of family `logistic` or `firth`.

    Returns
    -------
    Answers
        For each test p and chi-squared, whose note tells the degrees of freedom; shape (groups, terms). No limits.

    Assumes
    -------
    The rest of the model; enough patients for the chi-squared distribution to hold. A large p is no proof that there is
    nothing: interactions and bends need many more events than single exposures to be seen.

    References
    ----------
    venzon1988, heinze2002, harrell2015
    """
    own = fitting(strata, model)
    tests = _tests(own, model)
    if why := barred(model):
        names = [term(measure, test.of) for test in tests for measure in (test.p, test.statistic)]
        return silent(names, len(strata.labels), why)
    found = coefficients(own, model)
    return answers_of(*(row for test in tests for row in _rows(own, model, found, test)))


def _tests(own: Fitting, model: Model) -> list[Tested]:
    exposures = [(name, [column for column in own.columns if name in column.variables]) for name in model.exposures]
    pairs = [
        (pair, [column for column in own.columns if set(column.variables) == {*pair}]) for pair in model.interactions
    ]
    bends = [(name, [column for column in own.columns if _bends(column, name)]) for name in model.splines]
    whole = [(name, columns) for name, columns in (*exposures, *((TOGETHER.join(p), c) for p, c in pairs))]
    at = {column: place for place, column in enumerate(own.columns)}
    return [
        *(Tested("p_ratio_test", "chi_squared", of, [at[one] for one in columns]) for of, columns in whole),
        *(Tested("p_linear", "chi_squared_linear", of, [at[one] for one in columns]) for of, columns in bends),
    ]


def _bends(column: Column, variable: str) -> bool:
    """Whether a column is a bend of a variable's spline, or the product of one with something."""
    return any(part.startswith(f"{variable} bend ") for part in column.name.split(" x "))


def _rows(own: Fitting, model: Model, found: Coefficients, test: Tested) -> list[Term]:
    groups = len(own.n)
    statistic, df = np.full(groups, np.nan), np.zeros(groups, dtype=int)
    note = np.array(found.note, dtype=object)  # a copy: what is said of one test is not said of the next
    for used in np.unique(own.varying, axis=0):
        columns = [at for at in test.columns if used[at]]
        which = np.flatnonzero((own.varying == used).all(axis=-1))
        df[which] = len(columns)
        if columns:
            statistic[which], said = _statistic(own, model, found, which, used, columns)
            note[which] = ["; ".join(filter(None, map(str, pair))) for pair in zip(note[which], said, strict=True)]
    p = np.full(groups, np.nan)
    for of in np.unique(df[df > 0]):
        p[df == of] = ratio_p_value(statistic[df == of], int(of))
    n, events = own.n.sum(axis=-1), own.events.sum(axis=-1)
    told = own.told(np.where(n == 0, NOBODY, np.where(df == 0, ALIKE, note)))
    freedom = np.array([DEGREES.format(of, "degree" if of == 1 else "degrees") for of in df])
    both = np.where(
        np.isnan(statistic), told, ["; ".join(filter(None, pair)) for pair in zip(freedom, told, strict=True)]
    )
    return [
        Term(term(test.p, test.of), p, np.nan, np.nan, np.nan, n, events, told),
        Term(term(test.statistic, test.of), statistic, np.nan, np.nan, np.nan, n, events, both),
    ]


Some = NDArray[np.intp]


def _statistic(
    own: Fitting, model: Model, found: Coefficients, which: Some, used: NDArray[np.bool_], columns: list[int]
) -> tuple[Floats, NDArray[np.str_]]:
    """The statistic of some groups that use the same columns, and what is to be said of it."""
    at = [int(used[:column].sum()) for column in columns]
    penalised = found.penalised[which]
    statistic, note = np.full(which.size, np.nan), np.full(which.size, "", dtype=object)
    for test, some in ((firth_ratio_test, which[penalised]), (logistic_ratio_test, which[~penalised])):
        if not some.size:
            continue
        place = np.searchsorted(which, some)
        if model.cluster and test is logistic_ratio_test:
            statistic[place], note[place] = _wald(found, some, columns)
        else:
            told = test(own.rows(some, used), own.events[some], own.n[some], at)
            statistic[place] = told.statistic
            note[place] = np.where(found.note[some] == "", told.note, "")
    return statistic, note


def _wald(found: Coefficients, some: Some, columns: list[int]) -> tuple[Floats, NDArray[np.str_]]:
    """Wald's statistic with a robust covariance, which has no inverse with too few clusters."""
    estimate = found.estimate[some][:, columns]
    covariance = found.covariance[some][:, columns][:, :, columns]
    enough = (found.units[some] > len(columns)) & ~np.isnan(estimate).any(axis=-1) & ~np.isnan(covariance).any((1, 2))
    statistic = np.full(len(some), np.nan)
    if enough.any():
        turned = np.linalg.solve(covariance[enough], estimate[enough][..., None])[..., 0]
        statistic[enough] = (estimate[enough] * turned).sum(axis=-1)
    few = found.units[some] <= len(columns)
    said = np.where(found.units[some] < ENOUGH_CLUSTERS, ROUGH, WALD)
    return statistic, np.where(enough, said, np.where(few & (found.note[some] == ""), FEW_CLUSTERS, ""))
