"""Vitamin D: calcidiol from sun and skin, calcitriol from it and from granulomas."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from sarcoid_epi.cohort.node import Column, variable
from sarcoid_epi.cohort.steps.demography import BLACK
from sarcoid_epi.cohort.steps.entry import DAYS_PER_YEAR
from sarcoid_epi.scenario import Design, World
from sarcoid_epi.streams import Floats


@variable
def look_season(study_date: Column) -> Column:
    """The look as a share of the year gone by."""
    return np.asarray(study_date.astype("datetime64[D]").astype(np.int64) / DAYS_PER_YEAR % 1)


@variable
def log_calcidiol(u: Floats, world: World, look_season: Column, ancestry: Column) -> Column:
    """Calcidiol against its median on the log scale: low after winter, low in dark skin."""
    w = world.vitamin_d
    sun = w.season.value * np.cos(2 * np.pi * (look_season - w.season_peak_day.value / 365))
    return np.asarray(sun + w.calcidiol_black.value * (ancestry == BLACK) + w.calcidiol_log_sd.value * ndtri(u))


@variable
def vitamin_d_measured(u: Floats, design: Design) -> Column:
    return np.asarray(u < design.record.vitamin_d_measured.value)


@variable
def calcidiol_nmol_l(world: World, vitamin_d_measured: Column, log_calcidiol: Column) -> Column:
    level = np.round(world.vitamin_d.calcidiol_median.value * np.exp(log_calcidiol))
    return np.where(vitamin_d_measured, np.maximum(level, 1), np.nan)


@variable
def calcitriol_pmol_l(
    u: Floats, world: World, vitamin_d_measured: Column, log_calcidiol: Column, granuloma_calcitriol: Column
) -> Column:
    """Granulomas make it without control, and the more the more calcidiol there is."""
    w = world.vitamin_d
    loading = w.calcitriol_granulomas.value
    drive = loading * granuloma_calcitriol + np.sqrt(1 - loading**2) * ndtri(u)
    level = w.calcitriol_median.value * np.exp(
        w.calcitriol_log_sd.value * drive + w.calcitriol_calcidiol.value * log_calcidiol
    )
    return np.where(vitamin_d_measured, np.round(level), np.nan)


VARIABLES = (look_season, log_calcidiol, vitamin_d_measured, calcidiol_nmol_l, calcitriol_pmol_l)
