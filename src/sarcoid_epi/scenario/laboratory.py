"""Sections of a world: vitamin D, calcium, and the markers in blood."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from sarcoid_epi.scenario.parameter import LogOdds, Number, Positive, Section, Share, demand_order


class VitaminD(Section):
    """Log-normal calcidiol (nmol/l) with a season, and calcitriol (pmol/l) from granulomas and calcidiol.

    `season` is the amplitude of a cosine on the log; `calcitriol_calcidiol` an elasticity.
    """

    calcidiol_median: Positive
    calcidiol_log_sd: Positive
    calcidiol_black: Number
    season: Number
    season_peak_day: Positive
    calcitriol_median: Positive
    calcitriol_log_sd: Positive
    calcitriol_granulomas: Share
    calcitriol_calcidiol: Number


class Calcium(Section):
    """Serum calcium: normal below the upper limit, that limit plus an exponential excess above it; and urine.

    Urine calcium over 24 h by three thresholds: `urine_raised` above the limit of the sex, `hypercalciuria` above
    `urine_limit`, `urine_very_high` above `urine_very_high_limit`; all shares of all patients. `urine_lowest` is the
    lowest value, as a part of the limit of the sex. `masked` is the chance that treatment hides a high value. `bone`
    is an edge from osseous disease that is absent (0) unless switched on.
    """

    hypercalcaemia: Share
    calcitriol: LogOdds
    calcidiol: LogOdds
    women: LogOdds
    bone: LogOdds
    upper_limit: Positive
    normal_mean: Positive
    normal_sd: Positive
    excess_mean: Positive
    masked: Share
    urine_raised: Share
    hypercalciuria: Share
    urine_very_high: Share
    urine_calcitriol: LogOdds
    urine_women: LogOdds
    urine_lowest: Share
    urine_limit_men: Positive
    urine_limit_women: Positive
    urine_limit: Positive
    urine_very_high_limit: Positive
    urine_excess_mean: Positive
    stones: Share
    stones_hypercalciuria: LogOdds
    renal_insufficiency: Share
    renal_insufficiency_otherwise: Share

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        demand_order(self, "urine_very_high", "hypercalciuria", "urine_raised")
        demand_order(self, "urine_limit_women", "urine_limit_men", "urine_limit", "urine_very_high_limit")
        return self


class Markers(Section):
    """Log-normal markers: medians, spreads, and what shifts them on the log scale.

    `treated` is the shift of a patient on treatment; `ace_d` that of each D allele; creatinine and its upper limit in
    µmol/l, PTH in pmol/l, ALP and ACE in U/l, chitotriosidase in nmol/ml/h.
    """

    treated: Number
    alp_median: Positive
    alp_log_sd: Positive
    alp_limit: Positive
    alp_liver: Number
    alp_osseous: Number
    ace_median: Positive
    ace_log_sd: Positive
    ace_d: Number
    ace_burden: Number
    chitotriosidase_median: Positive
    chitotriosidase_log_sd: Positive
    chitotriosidase_burden: Number
    chitotriosidase_calcitriol: Number
    pth_median: Positive
    pth_log_sd: Positive
    pth_hypercalcaemia: Number
    creatinine_median: Positive
    creatinine_log_sd: Positive
    creatinine_women: Number
    creatinine_limit: Positive
    creatinine_excess_mean: Positive
