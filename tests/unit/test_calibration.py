"""Targets are hit on a fixed reference population, by intercepts and by nothing else."""

import numpy as np
import pytest
from scipy.special import expit

from sarcoid_epi.cohort.calibration import ReferencePopulation, calibrate, calibrate_on, solve
from sarcoid_epi.cohort.sites import PATTERNS, site_table
from sarcoid_epi.cohort.steps import NODES
from sarcoid_epi.errors import ConfigurationError
from sarcoid_epi.scenario import load_design, load_world, shipped
from sarcoid_epi.vocabulary import SITES


@pytest.mark.parametrize("target", [1e-6, 0.005, 0.15, 0.5, 0.95, 1 - 1e-6])
@pytest.mark.parametrize("spread", [0.0, 1.0, 5.0])
def test_the_intercept_solves_for_the_share(target, spread):
    log_odds = spread * np.random.default_rng(1).standard_normal(5000)
    assert expit(solve(log_odds, target) + log_odds).mean() == pytest.approx(target, rel=1e-10)


def test_the_intercept_is_not_the_logit_of_the_prevalence():
    """With covariates the mean of the chances is not the chance of the mean."""
    log_odds = 2 * np.random.default_rng(1).standard_normal(5000)
    assert abs(solve(log_odds, 0.05) - np.log(0.05 / 0.95)) > 0.5


def test_patients_without_a_chance_count_in_the_denominator():
    log_odds = np.array([0.0, 0.0, -np.inf, -np.inf])
    assert expit(solve(log_odds, 0.25)) == pytest.approx(0.5)


def test_more_than_there_are_patients_with_a_chance_is_refused():
    with pytest.raises(ConfigurationError, match=r"at most 0\.5 can"):
        solve(np.array([0.0, -np.inf]), 0.5)


@pytest.mark.parametrize("world", shipped("world"))
@pytest.mark.parametrize("design", shipped("design"))
def test_every_target_is_solved_to_nine_digits(world, design):
    report = calibrate(load_world(world), load_design(design)).report
    asked = {target.path for node in NODES for target in node.targets}
    assert asked <= {reached.path for reached in report}
    assert {f"sites.{site}" for site in (*SITES, "spine_or_pelvis")} <= {reached.path for reached in report}
    for reached in report:
        assert reached.achieved == pytest.approx(reached.target, abs=1e-9), reached.node


def test_a_design_never_moves_the_world():
    """Intercepts of world targets are the same under every design; only the design's own may differ."""
    world = load_world("evidence")
    one, *others = (calibrate(world, load_design(d)).intercepts for d in shipped("design"))
    of_design = {node.name for node in NODES for target in node.targets if target.of == "design"}
    assert of_design == {"enters", "calcium_measured", "drb1_typed"}
    for other in others:
        assert other.keys() == one.keys()
        for name in one.keys() - of_design:
            assert other[name] == one[name], name
    assert len({other["enters"] for other in others}) > 3


@pytest.mark.parametrize("scramble", [77, 78, 79, 80, 81])
@pytest.mark.parametrize("world", shipped("world"))
def test_intercepts_hold_on_an_independent_reference_population(world, scramble):
    """Solved anew on another scramble of the same size, an intercept moves the share it stands for by less than 1e-4.

    A share s with intercept a changes by s (1 - s) at most for a unit of a; relative to s that is (1 - s).
    """
    made_of, design = load_world(world), load_design("tertiary_records")
    here = calibrate(made_of, design)
    there = calibrate_on(ReferencePopulation(scramble=scramble), made_of, design)
    for node in NODES:
        for at, target in enumerate(node.targets):
            share = (design if target.of == "design" else made_of).parameters()[target.path].value
            if share >= 0.01:
                moved = abs(here.intercepts[node.name][at] - there.intercepts[node.name][at]) * (1 - share)
                assert moved < 1e-4, target.path


@pytest.mark.parametrize("world", shipped("world"))
def test_site_patterns_hold_every_share_and_the_union(world):
    sites = load_world(world).sites
    table = site_table(sites)
    assert table.sum() == pytest.approx(1, abs=1e-12)
    for position, site in enumerate(SITES):
        assert table[PATTERNS[:, position]].sum() == pytest.approx(getattr(sites, site).value, abs=1e-11)
    axial = PATTERNS[:, SITES.index("spine")] | PATTERNS[:, SITES.index("pelvis")]
    assert table[axial].sum() == pytest.approx(sites.spine_or_pelvis.value, abs=1e-11)


def test_spine_and_pelvis_depend_negatively_as_the_published_union_demands():
    table, spine, pelvis = site_table(load_world("evidence").sites), SITES.index("spine"), SITES.index("pelvis")
    both = table[PATTERNS[:, spine] & PATTERNS[:, pelvis]].sum()
    assert both == pytest.approx(0.688 + 0.42 - 0.90, abs=1e-9)
    assert both < 0.688 * 0.42


def test_impossible_site_shares_are_refused_with_the_reason():
    sites = load_world("evidence", {"sites.spine_or_pelvis": 0.5}).sites
    with pytest.raises(ConfigurationError, match=r"allow a union between 0\.688 and 1, not 0\.5"):
        site_table(sites)


def test_shares_that_leave_patients_without_a_bone_are_refused():
    few = {f"sites.{site}": 0.01 for site in SITES if site not in ("spine", "pelvis")}
    sites = load_world("evidence", few).sites
    with pytest.raises(ConfigurationError, match="at least one site"):
        site_table(sites)
