"""What a study found: every measure of performance with its Monte Carlo error, case by case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from math import nan
from pathlib import Path
from typing import Any

import numpy as np

from sarcoid_epi.scenario import Case, Study
from sarcoid_epi.simulation.running import parts_of, read_parts
from sarcoid_epi.stats.performance import Measured, coverage, performance

Columns = Mapping[str, np.ndarray[Any, Any]]


@dataclass(frozen=True)
class Summary:
    """How one term of one run did in one case; NaN where there is no truth or too few replicates."""

    case: int
    run: str
    term: str
    truth: float
    attempted: int
    used: int
    mean: float
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


def summaries(study: Study, out: Path) -> Iterator[Summary]:
    """Every run and term of every case, from the parts; one case in memory at a time."""
    for case in study.all_cases():
        yield from of_case(study, case, read_parts(parts_of(study, case, out)))


def of_case(study: Study, case: Case, parts: Iterable[Columns]) -> Iterator[Summary]:
    """The runs and terms of a case."""
    for (run, term), values in _by_term(parts).items():
        yield summary(case.number, run, term, values)


def summary(case: int, run: str, term: str, values: Columns) -> Summary:
    """The measures of one term."""
    estimate, error, low, high = (values[name].astype(float) for name in ("estimate", "std_error", "low", "high"))
    true, errorless = float(values["truth"][0]), bool(np.isnan(error).all())
    fields = estimate, np.zeros(error.shape) if errorless else error, low, high
    # Without a truth every replicate would count as failed: what needs none is measured against the mean.
    against = true if not np.isnan(true) else float(np.nanmean(fields[0])) if np.isfinite(fields[0]).any() else 0.0
    found = performance(*fields, against)
    told: dict[str, Any] = {}
    for name, one in found._asdict().items():
        if isinstance(one, Measured):
            blank = (np.isnan(true) and name in NEED_TRUTH) or (errorless and name in NEED_ERROR)
            told |= {name: nan if blank else float(one.value), f"{name}_mcse": nan if blank else float(one.mcse)}
    mean = float(np.nanmean(fields[0])) if np.isfinite(fields[0]).any() else nan
    return Summary(
        case=case,
        run=run,
        term=term,
        truth=true,
        attempted=int(found.attempted),
        used=int(found.used),
        mean=mean,
        **told,
    )


#: Measures that say nothing without a truth.
NEED_TRUTH = frozenset({"bias", "relative_bias", "mean_squared_error", "coverage", "coverage_of_attempted"})


#: Measures of the standard error, for estimators that have one.
NEED_ERROR = frozenset({"model_error", "relative_error"})


def largest_error(parts: Iterable[Columns]) -> float:
    """The largest Monte Carlo error of a coverage among all terms with a truth."""
    told = _by_term(parts).values()
    errors = [float(coverage(values["low"], values["high"], values["truth"]).mcse) for values in told]
    return max((error for error in errors if not np.isnan(error)), default=0.0)


def _by_term(parts: Iterable[Columns]) -> dict[tuple[str, str], Columns]:
    """The replicates of each run and term, in their order."""
    found: dict[tuple[str, str], list[Columns]] = {}
    for part in parts:
        run, term = part["run"].astype(str), part["term"].astype(str)
        starts = np.flatnonzero(np.concatenate([[True], (run[1:] != run[:-1]) | (term[1:] != term[:-1])]))
        for first, last in zip(starts, [*starts[1:], len(run)], strict=True):
            piece = {name: values[first:last] for name, values in part.items()}
            found.setdefault((str(run[first]), str(term[first])), []).append(piece)
    return {
        key: {name: np.concatenate([p[name] for p in pieces]) for name in pieces[0]} for key, pieces in found.items()
    }


def rows(found: Iterable[Summary]) -> list[dict[str, Any]]:
    """Summaries as records."""
    return [asdict(one) for one in found]
