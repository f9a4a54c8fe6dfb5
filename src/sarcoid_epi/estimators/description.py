"""Who is in the cohort: the numbers of a first table."""

from __future__ import annotations

import numpy as np

from sarcoid_epi.estimands import MEAN, SHARE
from sarcoid_epi.estimators.declare import Answers, estimator, side_by_side, silent
from sarcoid_epi.estimators.prevalence import NOBODY, share
from sarcoid_epi.stats.interval import normal_quantile
from sarcoid_epi.strata import Strata
from sarcoid_epi.vocabulary import PATIENT

ONE_VALUE = "one value has no standard error"


@estimator(question="description", estimand=SHARE, references=("wilson1927",))
def shares(strata: Strata) -> Answers:
    """Share of patients with a characteristic.

    For each flag, and for each level of each category, events / n with Wilson limits; n counts the patients in whom the
    characteristic is known. Terms are `flag` or `category=level`.

    Parameters
    ----------
    strata : Strata
        Whatever flags and categories there are.

    Returns
    -------
    Answers
        Proportions, shape (groups, terms).

    Assumes
    -------
    Patients are independent, and those in whom a characteristic is missing are like the others.

    References
    ----------
    wilson1927
    """
    found: list[Answers] = []
    for variable in PATIENT:
        if variable.name not in strata.columns:
            continue
        if variable.kind == "flag":
            found.append(share(variable.name, *strata.events(variable.name)))
        elif variable.kind == "category":
            counts = strata.table(variable.name)
            known = counts.sum(axis=1)
            levels = enumerate(strata.levels(variable.name))
            found += [share(f"{variable.name}={level}", counts[:, at], known) for at, level in levels]
    return side_by_side(found or [silent([], len(strata.labels), "")])


@estimator(question="description", estimand=MEAN)
def means(strata: Strata) -> Answers:
    """Mean of a characteristic.

    For each number, sum(x) / n with limits mean -+ z SD / sqrt(n), n counting the patients in whom it is known. The
    standard deviation is std_error times sqrt(n).

    Parameters
    ----------
    strata : Strata
        Whatever numbers there are; rows are needed, so tallies cannot answer.

    Returns
    -------
    Answers
        In the unit of each variable, shape (groups, terms).

    Assumes
    -------
    Patients are independent, and there are enough of them for a normal mean.
    """
    names = [v.name for v in PATIENT if v.kind in ("integer", "number") and v.name in strata.columns]
    if not names:
        return silent([], len(strata.labels), "")
    n, mean, sd = (np.stack(column, axis=1) for column in zip(*map(strata.moments, names), strict=True))
    n = n.astype(float)
    std_error = sd / np.sqrt(np.where(n > 0, n, np.nan))
    reach = normal_quantile(0.95) * std_error
    note = np.select([n == 0, n == 1], [NOBODY, ONE_VALUE], "")
    return Answers(tuple(names), mean, mean - reach, mean + reach, std_error, n, np.full(n.shape, np.nan), note)
