"""Markers in blood: log-normal, shifted by what causes them, lowered by treatment, missing where not measured."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from sarcoid_epi.cohort.node import Column, variable
from sarcoid_epi.cohort.steps.demography import FEMALE
from sarcoid_epi.scenario import Design, World
from sarcoid_epi.streams import Floats

NOT_MEASURED = -1


@variable
def markers_measured(u: Floats, design: Design) -> Column:
    return np.asarray(u < design.record.markers_measured.value)


def _level(measured: Column, log_level: Column, decimals: int) -> Column:
    return np.where(measured, np.round(np.exp(log_level), decimals), np.nan)


@variable
def pth_pmol_l(u: Floats, world: World, markers_measured: Column, hypercalcaemia_true: Column) -> Column:
    """Calcium that is high without it suppresses it."""
    w = world.markers
    shift = w.pth_hypercalcaemia.value * hypercalcaemia_true
    return _level(markers_measured, np.log(w.pth_median.value) + shift + w.pth_log_sd.value * ndtri(u), 1)


@variable
def alp_u_l(u: Floats, world: World, markers_measured: Column, liver: Column, osseous: Column) -> Column:
    """The liver raises it; bone disease hardly does."""
    w = world.markers
    shift = w.alp_liver.value * liver + w.alp_osseous.value * osseous
    return _level(markers_measured, np.log(w.alp_median.value) + shift + w.alp_log_sd.value * ndtri(u), 0)


@variable
def alp_raised(world: World, markers_measured: Column, alp_u_l: Column) -> Column:
    return np.where(markers_measured, alp_u_l > world.markers.alp_limit.value, NOT_MEASURED).astype(np.int8)


@variable
def ace_alleles(u: Floats, world: World) -> Column:
    """How many D alleles of the ACE gene, in Hardy-Weinberg proportions."""
    d = world.genes.ace_d.value
    return (u < 1 - (1 - d) ** 2).astype(np.int8) + (u < d**2)


@variable
def ace_genotype(markers_measured: Column, ace_alleles: Column) -> Column:
    """Known where markers were measured."""
    return np.where(markers_measured, ace_alleles, NOT_MEASURED).astype(np.int8)


@variable
def ace_u_l(
    u: Floats, world: World, markers_measured: Column, ace_alleles: Column, burden: Column, on_treatment: Column
) -> Column:
    """Granulomas make it, the genotype shifts it, treatment lowers it."""
    w = world.markers
    shift = w.ace_d.value * ace_alleles + w.ace_burden.value * burden + w.treated.value * on_treatment
    return _level(markers_measured, np.log(w.ace_median.value) + shift + w.ace_log_sd.value * ndtri(u), 0)


@variable
def chitotriosidase_nmol_ml_h(
    u: Floats,
    world: World,
    markers_measured: Column,
    burden: Column,
    granuloma_calcitriol: Column,
    on_treatment: Column,
) -> Column:
    """Activated macrophages make it, as they make the calcitriol that drives urine calcium."""
    w = world.markers
    shift = (
        w.chitotriosidase_burden.value * burden
        + w.chitotriosidase_calcitriol.value * granuloma_calcitriol
        + w.treated.value * on_treatment
    )
    level = np.log(w.chitotriosidase_median.value) + shift + w.chitotriosidase_log_sd.value * ndtri(u)
    return _level(markers_measured, level, 0)


@variable
def renal_insufficiency(u: Floats, world: World, hypercalcaemia_true: Column) -> Column:
    w = world.calcium
    return np.asarray(
        u < np.where(hypercalcaemia_true, w.renal_insufficiency.value, w.renal_insufficiency_otherwise.value)
    )


@variable
def creatinine_umol_l(
    u: Floats, world: World, markers_measured: Column, renal_insufficiency: Column, sex: Column
) -> Column:
    """Normal, or above the limit by an exponential excess."""
    w = world.markers
    normal = np.log(w.creatinine_median.value) + w.creatinine_women.value * (sex == FEMALE)
    level = np.minimum(np.exp(normal + w.creatinine_log_sd.value * ndtri(u)), w.creatinine_limit.value)
    ill = np.flatnonzero(renal_insufficiency)
    level[ill] = w.creatinine_limit.value + 1 - w.creatinine_excess_mean.value * np.log1p(-u[ill])
    return np.where(markers_measured, np.round(level), np.nan)


VARIABLES = (
    markers_measured,
    pth_pmol_l,
    alp_u_l,
    alp_raised,
    ace_alleles,
    ace_genotype,
    ace_u_l,
    chitotriosidase_nmol_ml_h,
    renal_insufficiency,
    creatinine_umol_l,
)
