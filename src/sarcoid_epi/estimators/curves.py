"""The curve of a number with a spline: the ratio at some of its values against one of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sarcoid_epi.errors import ConfigurationError, Problem
from sarcoid_epi.estimands import RATIO_CURVE
from sarcoid_epi.estimators.association import ALIKE, REFERENCE
from sarcoid_epi.estimators.coefficients import LOGISTIC, Coefficients, barred, coefficients, summed
from sarcoid_epi.estimators.declare import Answers, Floats, Term, answers_of, estimator, silent
from sarcoid_epi.estimators.prevalence import NOBODY
from sarcoid_epi.estimators.terms import Fitting, at_references, fitting, quantiles, spline
from sarcoid_epi.measures import REFERENCE_VALUE, WHERE, term
from sarcoid_epi.scenario import Model
from sarcoid_epi.strata import Strata

#: The quantiles at which a curve is told, and that of its reference where none is declared.
SHARES, MIDDLE = (0.05, 0.25, 0.5, 0.75, 0.95), 0.5

AT, ALONE = "at {:.4g} against {:.4g}", "where {}"


class Course(NamedTuple):
    """The ratio at each place of each group, with limits, standard error and a note; all (G, Q)."""

    estimate: Floats
    low: Floats
    high: Floats
    std_error: Floats
    note: NDArray[np.str_]


@estimator(
    question="association",
    estimand=RATIO_CURVE,
    references=("harrell2015", "firth1993", "heinze2002"),
    rests="the model: what it adjusts for, and its form",
    families=LOGISTIC,
)
def ratio_curve(strata: Strata, model: Model) -> Answers:
    """Odds ratio at quantiles of each number with a spline, against its median.

    The restricted cubic spline is told at the 5, 25, 50, 75 and 95 % quantile of the patients in the model, against the
    median, or the value that the model declares as `reference` of the number. Beside the ratio, in a row of its own,
    stands the value at which it is; terms name the quantile, so that they are the same for all patients. Limits are of
    each place alone, Wald's from the covariance of the spline's coefficients, also where these are Firth's, as in the
    adjusted ratio: with few events they are rough. Of a number with an interaction the curve is that at the reference
    of its partner.

    Parameters
    ----------
    strata : Strata
        With the columns of the model.
    model : Model
        With `splines`; without them there are no rows.

    Returns
    -------
    Answers
        Ratios and values, shape (groups, terms).

    Raises
    ------
    ConfigurationError
        When the declared reference of a number is no number.

    Assumes
    -------
    As the adjusted ratio, but for a straight line. Knots follow where the patients are; beyond the outer ones the curve
    is straight. Of a number that is only adjusted for, the curve is no effect: what bears on it was not asked for.

    References
    ----------
    harrell2015, firth1993, heinze2002
    """
    own = fitting(strata, model)
    numbers = [name for name in model.explaining if name in model.splines]
    if (why := barred(model)) or not numbers:
        names = [name for number in numbers for name in _names(model, number)]
        return silent(names, len(strata.labels), why)
    found = coefficients(own, model)
    return answers_of(*(row for number in numbers for row in _rows(strata, model, own, found, number)))


def _names(model: Model, number: str) -> list[str]:
    """Ratios at each quantile, the values there, and the reference."""
    of = [f"{number}{WHERE}{100 * share:.0f}%" for share in SHARES]
    return [term(m, one) for one in of for m in (model.measure, "quantile")] + [_reference_name(number)]


def _reference_name(number: str) -> str:
    return term("quantile", f"{number}{WHERE}{REFERENCE_VALUE}")


def _rows(strata: Strata, model: Model, own: Fitting, found: Coefficients, number: str) -> list[Term]:
    values = np.broadcast_to(own.values[number], own.n.shape)
    places, reference = quantiles(values, own.n, SHARES), reference_value(own, model, number)
    told = course(own, model, found, number, places, reference)
    n, events = own.n.sum(axis=-1), own.events.sum(axis=-1)
    where = at_references(strata, model, number)
    where = ALONE.format(where) if where else ""
    rows: list[Term] = []
    for at, name in enumerate(_names(model, number)[:-1:2]):
        value, estimate = places[:, at], told.estimate[:, at]
        held = [
            REFERENCE if v == r else "; ".join(filter(None, (AT.format(v, r), where, x)))
            for v, r, x in zip(value, reference, told.note[:, at], strict=True)
        ]
        note = own.told(np.where(n == 0, NOBODY, np.where(np.isnan(estimate), told.note[:, at], held)))
        rows.append(Term(name, estimate, told.low[:, at], told.high[:, at], told.std_error[:, at], n, events, note))
        rows.append(_value(own, term("quantile", name.partition("[")[2][:-1]), value))
    return [*rows, _value(own, _reference_name(number), reference)]


def _value(own: Fitting, name: str, value: Floats) -> Term:
    n = own.n.sum(axis=-1)
    return Term(name, np.where(n > 0, value, np.nan), np.nan, np.nan, np.nan, n, np.nan, np.where(n > 0, "", NOBODY))


def reference_value(own: Fitting, model: Model, number: str) -> Floats:
    """The value of each group (G,) against which a number's curve is: the declared one, or the median."""
    values = np.broadcast_to(own.values[number], own.n.shape)
    if number not in model.reference:
        return quantiles(values, own.n, (MIDDLE,))[:, 0]
    try:
        return np.full(len(own.n), float(model.reference[number]))
    except ValueError:
        what = f"the reference of '{number}', '{model.reference[number]}', is no number"
        raise ConfigurationError(Problem(what, f"model '{model.name}'", do="give a number")) from None


def course(own: Fitting, model: Model, found: Coefficients, number: str, places: Floats, reference: Floats) -> Course:
    """The odds ratio at places (G, Q) of a number against a reference (G,), where its partners are at theirs."""
    values = np.broadcast_to(own.values[number], own.n.shape)
    columns = own.places(number)
    at = spline(values, own.n, model.splines[number], np.column_stack([reference, places]))
    varying = own.varying[:, columns]
    parts = []
    for place in range(1, at.shape[1]):
        weights = np.zeros((len(own.n), len(own.names)))
        weights[:, columns] = np.where(varying, at[:, place] - at[:, 0], 0.0)  # bends for which there was no room
        weights[~varying[:, 0]] = np.nan
        logs = summed(own, found, weights, wald=True)
        note = np.where(varying[:, 0] | (logs.note != ""), logs.note, ALIKE)
        ratio = np.exp(logs.estimate)
        parts.append((ratio, np.exp(logs.low), np.exp(logs.high), ratio * logs.std_error, note[:, None]))
    return Course(*(np.concatenate(one, axis=1) for one in zip(*parts, strict=True)))
