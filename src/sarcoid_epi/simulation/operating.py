"""Coverage, bias and width of the estimators of underdiagnosis, where the truth is known."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

import numpy as np

from sarcoid_epi.estimators import CATALOGUE
from sarcoid_epi.estimators.declare import Answers
from sarcoid_epi.simulation import of_records, of_scans, of_sources
from sarcoid_epi.simulation.chance import Chance, Floats
from sarcoid_epi.simulation.setting import SHARES, Drawn, Setting
from sarcoid_epi.stats.performance import bias, coverage, mean_width, relative_bias

#: The settings of all estimators, in the order of the table.
SETTINGS: tuple[Setting, ...] = (*of_records.settings(), *of_scans.settings(), *of_sources.settings())

_BY_NAME = {estimator.name: estimator for estimator in CATALOGUE}

#: The level that limits claim, and how many Monte Carlo standard errors from it are put down to chance.
LEVEL, CHANCE = 0.95, 4.0

#: Share of the replicates that must have an answer, or the failure be explained.
MOST = 0.9

#: Fewest replicates of a setting.
FEWEST = 20


@dataclass(frozen=True)
class Row:
    """How one term of one estimator did at one true share; NaN is a share drawn evenly from 0 to 1.

    `broken` is empty under the estimator's own assumptions. `used` of the `attempted` replicates gave estimate and
    limits, on which everything rests but `covered_if_failed`, which counts the others as misses. `theory` says what a
    broken assumption should do; `explained`, why under the own assumptions coverage is not nominal or answers fail,
    where that is so.
    """

    estimator: str
    label: str
    term: str
    design: str
    broken: str
    share: float
    attempted: int
    used: int
    bias: float
    bias_mcse: float
    relative_bias: float
    relative_bias_mcse: float
    coverage: float
    coverage_mcse: float
    covered_if_failed: float
    width: float
    width_mcse: float
    theory: str
    explained: str

    @property
    def as_claimed(self) -> bool:
        """Whether hardly any answer failed and coverage is the level, as far as so many replicates tell."""
        error = np.sqrt(LEVEL * (1 - LEVEL) / max(self.used, 1))
        return self.used >= MOST * self.attempted and bool(abs(self.coverage - LEVEL) <= CHANCE * error)


def operating_characteristics(
    replicates: int = 1_000, seed: int = 1, estimators: Collection[str] = (), shares: Collection[float] = SHARES
) -> tuple[Row, ...]:
    """Every estimator of underdiagnosis at true shares of 0.5, 1, 2, 5 and 15 %, on its own assumptions and off them.

    Replicates are tallies drawn from the cell probabilities of each `Setting`; an estimator is asked once for all of
    them. The slow ones get a part of the replicates, as `attempted` says. Estimators of published series are not here:
    they need series, not patients.

    Parameters
    ----------
    replicates
        Of a setting and a true share.
    seed
        The only source of chance: the same rows each time.
    estimators
        Names; all where none is given.
    shares
        Those of the true shares that are wanted. Where a share is drawn evenly, it stays so.

    Returns
    -------
    Rows by setting, term and true share; of each estimator its own assumptions first.
    """
    wanted = [one for one in SETTINGS if not estimators or one.estimator in estimators]
    return tuple(row for setting in wanted for row in _in_order(setting, replicates, seed, shares))


def _in_order(setting: Setting, replicates: int, seed: int, shares: Collection[float]) -> list[Row]:
    """Term by term, and the shares of each."""
    asked = [share for share in setting.shares if share in shares or np.isnan(share)]
    rows = [row for share in asked for row in _rows(setting, share, replicates, seed)]
    terms = list(dict.fromkeys(row.term for row in rows))
    return sorted(rows, key=lambda row: terms.index(row.term))


def _rows(setting: Setting, share: float, replicates: int, seed: int) -> Iterator[Row]:
    count = min(replicates, max(FEWEST, round(setting.part * replicates)))
    chance = Chance(seed, f"{setting.estimator}:{share}", count)
    drawn = setting.draw(chance("share") if np.isnan(share) else np.full(1, share), chance)
    answers = _asked(setting, drawn)
    for term, truth in drawn.truth.items():
        if set(term.split(" to ")) <= set(answers.terms):
            yield _row(setting, share, term, *_limits(answers, term, np.broadcast_to(truth, count)))


def _asked(setting: Setting, drawn: Drawn) -> Answers:
    """What the estimator says of all replicates at once."""
    estimator = _BY_NAME[setting.estimator]
    return estimator(drawn.strata, drawn.belief) if estimator.believes else estimator(drawn.strata)


def _limits(answers: Answers, term: str, truth: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Estimate, limits and truth. Of two bounds the outer limits, and the share within them that is next to the truth.

    So bounds have no bias as long as they hold the truth, and else lie too low or too high by what is missing.
    """
    first, _, last = term.partition(" to ")
    least, most = answers.terms.index(first), answers.terms.index(last or first)
    estimate = answers.estimate[:, least]
    if last:
        estimate = np.clip(truth, estimate, answers.estimate[:, most])
    low, high = answers.low[:, least], answers.high[:, most]
    failed = ~np.isfinite(estimate + low + high)
    estimate, low, high = (np.where(failed, np.nan, x) for x in (estimate, low, high))
    return estimate, low, high, truth


def _row(setting: Setting, share: float, term: str, estimate: Floats, low: Floats, high: Floats, truth: Floats) -> Row:
    missed, relatively = bias(estimate, truth), relative_bias(estimate, truth)
    covered, width = coverage(low, high, truth), mean_width(low, high)
    row = Row(
        estimator=setting.estimator,
        label=_BY_NAME[setting.estimator].label,
        term=term,
        design=setting.design,
        broken=setting.broken,
        share=share,
        attempted=len(estimate),
        used=int((~np.isnan(estimate)).sum()),
        bias=float(missed.value),
        bias_mcse=float(missed.mcse),
        relative_bias=float(relatively.value),
        relative_bias_mcse=float(relatively.mcse),
        coverage=float(covered.value),
        coverage_mcse=float(covered.mcse),
        covered_if_failed=float(coverage(low, high, truth, failed_is_miss=True).value),
        width=float(width.value),
        width_mcse=float(width.mcse),
        theory=setting.theory.get(term, ""),
        explained="",
    )
    return row if row.as_claimed else replace(row, explained=setting.because)
