"""Coverage, bias and width of the estimators of underdiagnosis and of series, where the truth is known."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

import numpy as np

from sarcoid_epi.estimators import CATALOGUE
from sarcoid_epi.estimators.declare import Answers
from sarcoid_epi.simulation import of_records, of_scans, of_series, of_sources
from sarcoid_epi.simulation.chance import Chance, Floats
from sarcoid_epi.simulation.setting import SHARES, Claim, Deviation, Drawn, Reason, Setting
from sarcoid_epi.stats.performance import Measured, bias, coverage, mean_width, relative_bias

#: The settings of all estimators, in the order of the table.
SETTINGS: tuple[Setting, ...] = (
    *of_records.settings(),
    *of_scans.settings(),
    *of_sources.settings(),
    *of_series.settings(),
)

_BY_NAME = {estimator.name: estimator for estimator in CATALOGUE}

#: How often limits hold the truth if they do what they claim.
LEVELS: dict[Claim, float] = {"both limits": 0.95, "at least": 0.95, "lower limit": 0.975}

#: How many Monte Carlo standard errors from its level a coverage may lie by chance.
CHANCE = 4.0

#: Share of the replicates that have an answer, if answers do not often fail.
MOST = 0.9

#: Fewest replicates of a setting, and fewest answers of which a coverage is judged.
FEWEST = 20

#: What stands where a coverage rests on less than that, and where a deviation has no reason.
TOO_FEW, UNEXPLAINED = "too few answers to judge", "deviation not explained"

#: Of the limits that miss the truth, the part that must lie on the side that a reason names.
MOSTLY = 2 / 3


def unit_of(term: str) -> str:
    """What a term's bias and width are in; those of ratios are of their logarithm.

    >>> unit_of("osseous"), unit_of("odds_ratio_corrected"), unit_of("people_unrecorded")
    ('share', 'log odds ratio', 'people')
    """
    for start, unit in UNITS.items():
        if term.startswith(start):
            return unit
    return "share"


#: Units by how a term begins; all other terms are shares.
UNITS = {
    "odds_ratio": "log odds ratio",
    "true_per_record": "log ratio",
    "people": "people",
    "tau": "SD of log odds",
}


@dataclass(frozen=True)
class Row:
    """How one term of one estimator did at one true share; NaN is a share drawn as believed beforehand.

    `broken` is empty under the estimator's own assumptions. `used` of the `attempted` replicates, their share
    `answered`, gave estimate and limits: bias, coverage and width are of these; `covered_if_failed` counts the others
    as misses, a bound. Coverage is of the `claim`; `below` and `above` are the shares of limits that lie wholly below
    and above the truth. `theory` says what a broken assumption should do; `reasons`, one for each of the `deviations`,
    why answers deviate under their own assumptions.
    """

    estimator: str
    label: str
    term: str
    unit: str
    design: str
    broken: str
    share: float
    attempted: int
    used: int
    answered: float
    answered_mcse: float
    bias: float
    bias_mcse: float
    relative_bias: float
    relative_bias_mcse: float
    claim: Claim
    coverage: float
    coverage_mcse: float
    covered_if_failed: float
    below: float
    above: float
    width: float
    width_mcse: float
    theory: str
    reasons: tuple[str, ...] = ()

    @property
    def level(self) -> float:
        """How often the truth should be held."""
        return LEVELS[self.claim]

    @property
    def judged(self) -> bool:
        """Whether there are answers enough to judge the coverage."""
        return self.used >= FEWEST

    @property
    def deviations(self) -> tuple[Deviation, ...]:
        """In what ways the answers deviate, as far as so many replicates tell.

        Coverage, of the replicates with an answer, is judged by the Monte Carlo error it would have at its level: its
        own is 0 where all limits hold the truth.
        """
        found: list[Deviation] = []
        reach = CHANCE * np.sqrt(self.level * (1 - self.level) / max(self.used, 1))
        if self.judged and self.coverage < self.level - reach:
            found.append("covers too little")
        if self.judged and self.claim == "both limits" and self.coverage > self.level + reach:
            found.append("covers too much")
        if self.answered < MOST:
            found.append("often no answer")
        return tuple(found)

    @property
    def verdict(self) -> str:
        """What can be said of the row under its own assumptions."""
        said = [] if self.judged else [TOO_FEW]
        return "; ".join([*said, *self.deviations]) or "nominal"

    @property
    def explained(self) -> str:
        """The reasons in a sentence."""
        return ". ".join(reason[:1].upper() + reason[1:] for reason in self.reasons)


def operating_characteristics(
    replicates: int = 1_000,
    seed: int = 1,
    estimators: Collection[str] = (),
    shares: Collection[float] = SHARES,
    times: int = 1,
) -> tuple[Row, ...]:
    """Every estimator of underdiagnosis and of published series at true shares of 0.5, 1, 2, 5 and 15 %.

    On its own assumptions and off them. Replicates are tallies drawn from the cell probabilities of each `Setting`; an
    estimator is asked once for all of them. The slow ones get a part of the replicates, as `attempted` says.

    Parameters
    ----------
    replicates
        Of a setting and a true share.
    seed
        The only source of chance: the same rows each time.
    estimators
        Names; all where none is given.
    shares
        Those of the true shares that are wanted. Where a share is drawn, it stays so.
    times
        As many times the patients that each setting says.

    Returns
    -------
    Rows by setting, term and true share; of each estimator its own assumptions first.
    """
    wanted = [one for one in SETTINGS if not estimators or one.estimator in estimators]
    return tuple(row for setting in wanted for row in of_setting(setting, replicates, seed, shares, times))


def of_setting(
    setting: Setting, replicates: int, seed: int = 1, shares: Collection[float] = SHARES, times: int = 1
) -> list[Row]:
    """The rows of one setting, term by term, and the shares of each."""
    asked = [share for share in setting.shares if share in shares or np.isnan(share)]
    rows = [row for share in asked for row in _rows(setting, share, replicates, seed, times)]
    terms = list(dict.fromkeys(row.term for row in rows))
    return sorted(rows, key=lambda row: terms.index(row.term))


def _rows(setting: Setting, share: float, replicates: int, seed: int, times: int) -> Iterator[Row]:
    count = min(replicates, max(FEWEST, round(setting.part * replicates)))
    chance = Chance(seed, f"{setting.estimator}:{share}", count, times)
    drawn = setting.draw(chance("share") if np.isnan(share) else np.full(1, share), chance)
    answers = setting.ask(drawn) if setting.ask else _asked(setting, drawn)
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
    claim, unit = setting.claims.get(term, "both limits"), unit_of(term)
    if unit.startswith("log"):
        with np.errstate(divide="ignore"):
            estimate, low, high, truth = (np.log(x) for x in (estimate, low, high, truth))
    missed = bias(estimate, truth)
    # A ratio whose lower limit is 0 has limits without end on the log scale: the mean width is infinite.
    endless = Measured(np.array(np.inf), np.array(np.nan))
    width = endless if np.isinf(low).any() else mean_width(low, high)
    relatively = relative_bias(estimate, np.full(truth.shape, np.nan) if unit.startswith("log") else truth)
    upper = np.where(np.isnan(high), np.nan, np.inf) if claim == "lower limit" else high
    covered = coverage(low, upper, truth)
    used, attempted = int((~np.isnan(estimate)).sum()), len(estimate)
    row = Row(
        estimator=setting.estimator,
        label=_BY_NAME[setting.estimator].label,
        term=term,
        unit=unit,
        design=setting.design,
        broken=setting.broken,
        share=share,
        attempted=attempted,
        used=used,
        answered=used / attempted,
        answered_mcse=float(np.sqrt(used / attempted * (1 - used / attempted) / attempted)),
        bias=float(missed.value),
        bias_mcse=float(missed.mcse),
        relative_bias=float(relatively.value),
        relative_bias_mcse=float(relatively.mcse),
        claim=claim,
        coverage=float(covered.value),
        coverage_mcse=float(covered.mcse),
        covered_if_failed=float(coverage(low, upper, truth, failed_is_miss=True).value),
        below=float((upper < truth).sum() / max(used, 1)),
        above=float((low > truth).sum() / max(used, 1)),
        width=float(width.value),
        width_mcse=float(width.mcse),
        theory=setting.theory.get(term, ""),
    )
    return row if row.broken else replace(row, reasons=_reasons(row, setting.because))


def _reasons(row: Row, because: Collection[Reason]) -> tuple[str, ...]:
    """The first reason for each deviation that fits the term, the true share and the side; or that there is none."""
    said = []
    for deviation in row.deviations:
        fitting = (one.why for one in because if one.deviation == deviation and _fits(one, row))
        said.append(next(fitting, UNEXPLAINED))
    return tuple(said)


def _fits(reason: Reason, row: Row) -> bool:
    if (reason.terms and row.term not in reason.terms) or row.share > reason.upto:
        return False
    on_side = row.below if reason.side == "below" else row.above
    if not reason.side:
        return True
    if reason.deviation == "covers too much":
        return on_side < (1 - row.level) / 4
    return on_side >= MOSTLY * (row.below + row.above)
