"""What a study found: every measure of performance with its Monte Carlo error, case by case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from math import nan
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sarcoid_epi.measures import MEASURES, split
from sarcoid_epi.scenario import Case, Study
from sarcoid_epi.simulation.asking import questions
from sarcoid_epi.simulation.running import parts_of
from sarcoid_epi.simulation.stored import read_parts
from sarcoid_epi.simulation.terms import Columns, Terms, by_term
from sarcoid_epi.stats.performance import Measured, performance

Floats = NDArray[np.float64]

#: Units of a run's estimand, by run.
Units = Mapping[str, str]


@dataclass(frozen=True)
class Summary:
    """How one term of one run did in one case; NaN where there is no truth, no such number, or too few replicates.

    `attempted` replicates were asked for, `converged` have an estimate, and `used` have all that the measures need.
    `scale` says whether measures are of the estimate or, of a ratio, of its logarithm (`mean` and `truth` never are);
    `null` is the value that `power` is against, NaN where there is none.
    """

    case: int
    run: str
    term: str
    scale: str
    truth: float
    null: float
    attempted: int
    converged: int
    used: int
    mean: float
    mean_mcse: float
    bias: float
    bias_mcse: float
    relative_bias: float
    relative_bias_mcse: float
    empirical_error: float
    empirical_error_mcse: float
    model_error: float
    model_error_mcse: float
    relative_error: float
    relative_error_mcse: float
    mean_squared_error: float
    mean_squared_error_mcse: float
    coverage: float
    coverage_mcse: float
    coverage_of_attempted: float
    coverage_of_attempted_mcse: float
    bias_eliminated_coverage: float
    bias_eliminated_coverage_mcse: float
    power: float
    power_mcse: float
    mean_width: float
    mean_width_mcse: float
    median_width: float
    median_width_mcse: float


class Read(NamedTuple):
    """A term's replicates on the scale that they are measured on; NaN where a replicate has no estimate."""

    estimate: Floats
    error: Floats
    low: Floats
    high: Floats
    truth: float
    null: float
    scale: str


def units(study: Study) -> dict[str, str]:
    """The unit of the estimand of each run."""
    return {one.run: one.estimator.estimand.unit for one in questions(study)}


def summaries(study: Study, out: Path) -> Iterator[Summary]:
    """Every run and term of every case, from the parts; one case in memory at a time."""
    known = units(study)
    for case in study.all_cases():
        yield from of_case(case, by_term(read_parts(parts_of(study, case, out))), known)


def of_case(case: Case, terms: Terms, known: Units) -> Iterator[Summary]:
    """The runs and terms of a case."""
    for (run, term), values in terms.items():
        yield summary(case.number, run, term, values, known.get(run, ""))


def read(term: str, values: Columns, unit: str = "") -> Read:
    """A term's replicates as they are measured: ratios by their logarithm.

    Parameters
    ----------
    term : str
        Its measure, if it names one, says what unit it has and which value means "no difference".
    values : mapping
        Columns of its replicates, as parts have them.
    unit : str
        The unit of the estimand, for terms that name no measure.
    """
    measure = MEASURES.get(split(term)[0])
    ratio = measure.unit == "ratio" if measure else unit == "ratio"
    null = measure.null if measure else 1.0 if ratio else None
    estimate, error, low, high = (values[name].astype(float) for name in ("estimate", "std_error", "low", "high"))
    estimate = np.where(np.isfinite(estimate), estimate, np.nan)
    truth, against = float(values["truth"][0]), nan if null is None else null
    if not ratio:
        return Read(estimate, error, low, high, truth, against, "plain")
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = [np.log(np.where(one >= 0, one, np.nan)) for one in (estimate, low, high)]
        logs[0] = np.where(np.isfinite(logs[0]), logs[0], np.nan)
        return Read(logs[0], error / estimate, logs[1], logs[2], float(np.log(truth)), float(np.log(against)), "log")


def summary(case: int, run: str, term: str, values: Columns, unit: str = "") -> Summary:
    """The measures of one term."""
    one = read(term, values, unit)
    known = np.isfinite(one.estimate)
    errorless, limitless = (bool(x[known].all()) for x in (np.isnan(one.error), np.isnan(one.low) | np.isnan(one.high)))
    truthless, nullless = np.isnan(one.truth), np.isnan(one.null)
    centre = float(one.estimate[known].mean()) if known.any() else 0.0
    # What a term never has fails no replicate: it is filled in for the rest, and its own measures are blanked.
    with np.errstate(invalid="ignore"):  # limits may have no end
        found = performance(
            one.estimate,
            np.where(known, 0.0, nan) if errorless else one.error,
            *((one.estimate, one.estimate) if limitless else (one.low, one.high)),
            centre if truthless else one.truth,
            0.0 if nullless else one.null,
        )
    absent = (
        (NEED_TRUTH, truthless), (NEED_ERROR, errorless), (NEED_LIMITS, limitless), (NEED_NULL, nullless),
        (NEED_PLAIN, one.scale == "log"),
    )  # fmt: skip
    blank = {name for names, without in absent if without for name in names}
    told: dict[str, Any] = {}
    for name, each in found._asdict().items():
        if isinstance(each, Measured):
            value, mcse = (float(part) for part in each)
            told |= {name: nan if name in blank else value, f"{name}_mcse": nan if name in blank else mcse}
    plain = values["estimate"].astype(float)[known]
    return Summary(
        case=case,
        run=run,
        term=term,
        scale=one.scale,
        truth=float(values["truth"][0]),
        null=nan if nullless else 1.0 if one.scale == "log" else one.null,
        attempted=int(found.attempted),
        converged=int(known.sum()),
        used=int(found.used),
        mean=float(plain.mean()) if plain.size else nan,
        mean_mcse=float(plain.std(ddof=1) / np.sqrt(plain.size)) if plain.size > 1 else nan,
        **told,
    )


#: Measures that say nothing without a truth, a standard error, limits, a value of no difference, or of a logarithm.
NEED_TRUTH = frozenset({"bias", "relative_bias", "mean_squared_error", "coverage", "coverage_of_attempted"})
NEED_ERROR = frozenset({"model_error", "relative_error"})
NEED_NULL = frozenset({"power"})
NEED_PLAIN = frozenset({"relative_bias"})
NEED_LIMITS = frozenset({
    "coverage", "coverage_of_attempted", "bias_eliminated_coverage", "power", "mean_width", "median_width",
})  # fmt: skip


def rows(found: Iterable[Any]) -> list[dict[str, Any]]:
    """Summaries as records."""
    return [asdict(one) for one in found]
