"""Small cohorts written down as counts, for answers that are worked on paper."""

import numpy as np
import pandas as pd

from sarcoid_epi.strata import FLAG, TallyStrata, whole

LEVELS = {"substudy_stratum": ("low", "high")}


def levels(column):
    return LEVELS.get(column, FLAG)


def tallied(columns, *groups):
    """Groups of patients as counts: each a table from cells, numbers of levels, to patients."""
    counts = np.zeros((len(groups), *(2 for _ in columns)), dtype=np.int64)
    for g, cells in enumerate(groups):
        for cell, patients in cells.items():
            counts[(g, *cell)] = patients
    labels = tuple(f"group={g}" for g in range(len(groups)))
    return TallyStrata(labels, tuple((column, levels(column)) for column in columns), counts)


def table(columns, cells):
    """The same for one group, as a patient table: in a cell, None is a value that is missing."""
    rows = [cell for cell, patients in cells.items() for _ in range(patients)]
    frame = {}
    for at, column in enumerate(columns):
        values = [row[at] for row in rows]
        if column in LEVELS:
            codes = [-1 if value is None else value for value in values]
            frame[column] = pd.Categorical.from_codes(codes, categories=list(LEVELS[column]))
        else:
            frame[column] = pd.array([None if value is None else bool(value) for value in values], dtype="boolean")
    return pd.DataFrame(frame)


def patients(columns, cells):
    return whole(table(columns, cells))


IMAGED = ("reading_fdg_pet",)


def imaged(positive, read, n):
    """Patients of whom some were scanned."""
    return patients(IMAGED, {(1,): positive, (0,): read - positive, (None,): n - read})


SUBSTUDY = ("substudy_stratum", "osseous_recorded", "reading_substudy")


def verified(cells):
    """A substudy: for each (stratum, record) how many patients, how many of them examined, how many of these cases."""
    counts = {}
    for cell, (number, examined, cases) in cells.items():
        counts |= {(*cell, 1): cases, (*cell, 0): examined - cases, (*cell, None): number - examined}
    return patients(SUBSTUDY, counts)


def asked(estimator, strata, belief=None):
    return estimator(strata, belief) if estimator.believes else estimator(strata)


def told(answers, group=0):
    """Estimates by term."""
    return dict(zip(answers.terms, answers.estimate[group].tolist(), strict=True))


def limits(answers, term, group=0):
    at = answers.terms.index(term)
    return float(answers.low[group, at]), float(answers.high[group, at])


def note(answers, term, group=0):
    return str(answers.note[group, answers.terms.index(term)])
