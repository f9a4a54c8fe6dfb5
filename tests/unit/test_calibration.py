"""Targets are hit on a fixed reference population, by intercepts and by nothing else."""

import numpy as np
import pytest
from scipy.special import expit

from sarcoid_epi.cohort import calibration, solving
from sarcoid_epi.cohort.calibration import (
    REFERENCE_NODES,
    ReferencePopulation,
    _Points,
    calibrate,
    calibrate_on,
)
from sarcoid_epi.cohort.node import Node, ancestors
from sarcoid_epi.cohort.sites import PATTERNS, site_table
from sarcoid_epi.cohort.solving import _newton, grouped, solve
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


def test_exactly_nobody_and_exactly_everybody_are_reached_where_nothing_stands_against_it():
    assert solve(np.array([0.0, 1.0]), 0.0) == -np.inf
    assert solve(np.array([0.0, 1.0, np.inf]), 1.0) == np.inf
    with pytest.raises(ConfigurationError, match=r"at least 0\.5 and at most 1 can"):
        solve(np.array([0.0, np.inf]), 0.0)


def test_less_than_there_are_certain_patients_is_refused():
    log_odds = np.array([np.inf, np.inf, 0.0, -np.inf])
    assert expit(solve(log_odds, 0.625)) == pytest.approx(0.5)  # half of the one who is open, beside two of four
    with pytest.raises(ConfigurationError, match=r"at least 0\.5 and at most 0\.75 can"):
        solve(log_odds, 0.4)
    with pytest.raises(ConfigurationError, match=r"joint\.musculoskeletal: 0\.05 .* at least 0\.\d+ and at most 1 can"):
        calibrate(load_world("evidence", {"joint.musculoskeletal": 0.05}), load_design("incident_clinic"))


def test_where_newton_loses_its_way_the_root_is_bracketed(monkeypatch):
    """Back pain decides all but alone who enters: Newton's slope vanishes between those with it and those without."""
    asked, bracketed = [], solving._bracketed

    def spied(log_odds, target, weight):
        asked.append(target)
        return bracketed(log_odds, target, weight)

    monkeypatch.setattr(solving, "_bracketed", spied)
    generator = np.random.default_rng(1)
    log_odds = 60 * (generator.random(5000) < 0.12) + generator.standard_normal(5000)
    target = float((log_odds > 30).mean())
    assert expit(solve(log_odds, target) + log_odds).mean() == pytest.approx(target, rel=1e-9)
    assert asked == [target]


def test_the_back_pain_design_takes_only_patients_with_back_pain_and_as_many_as_asked():
    design = load_design("back_pain_mri")
    (reached,) = [r for r in calibrate(load_world("evidence"), design).report if r.path == "entry.share"]
    assert reached.achieved == pytest.approx(design.entry.share.value, abs=1e-12)


@pytest.mark.parametrize("target", [0.01, 0.3, 0.9])
def test_few_values_taken_together_give_the_same_intercept(target):
    generator = np.random.default_rng(2)
    log_odds = generator.choice([-1.0, 0.0, 0.5, 2.0], 2**15)
    weight = generator.random(2**15)
    values, weights = grouped(log_odds, weight)
    assert values.tolist() == [-1.0, 0.0, 0.5, 2.0]
    assert weights.sum() == pytest.approx(weight.sum())
    assert solve(log_odds, target, weight) == pytest.approx(_newton(log_odds, target, weight), abs=1e-9)


def test_many_values_are_not_taken_together():
    log_odds = np.random.default_rng(2).standard_normal(2**15)
    assert grouped(log_odds, log_odds)[0] is log_odds
    few = np.where(np.arange(2**15) == 7, 0.123, 0.5)  # one value that a look at a part of them misses
    assert grouped(few, few)[0] is few


class FewPoints:
    """Three points, for sums by hand."""

    size = 3

    def __call__(self, variable):
        return np.array([0.2, 0.5, 0.8])


def made_up_points():
    """A value x; a flag a and an ordinal o, drawn somehow, whose chances are known."""
    points = _Points(FewPoints(), load_world("evidence"))
    points.weight = np.array([1.0, 2.0, 0.5])
    a = np.array([0.1, 0.6, 0.9])
    o = [np.array([0.2, 0.3, 0.5]), np.array([0.5, 0.3, 0.1]), np.array([0.3, 0.4, 0.4])]
    points.columns = {"x": np.array([1.0, -1.0, 0.5]), "a": np.array([False, True, True]), "o": np.array([0, 2, 1])}
    points.chances = {"a": [(True, a), (False, 1 - a)], "o": list(enumerate(o))}
    return points, a, o


def effect(x, a, o):
    return 0.3 * x + 2 * a - 0.7 * o + x * a * o


MADE_UP = Node("y", effect, ("x", "a", "o"), ("x", "a", "o"), kind="flag")


def all_ways(points, node):
    """The parts of all ways, one after the other, each cause a column."""
    parts = list(points.all_ways(node))
    columns = {name: np.concatenate([np.broadcast_to(c[name], w.shape) for c, w in parts]) for name in node.parents}
    return columns, np.concatenate([w for _, w in parts])


def test_all_ways_are_the_sum_over_everything_that_could_have_been_drawn():
    points, a, o = made_up_points()
    columns, weight = all_ways(points, MADE_UP)
    by_hand = sum(
        points.weight[i]
        * (a[i] if flag else 1 - a[i])
        * o[level][i]
        * expit(effect(points.columns["x"][i], flag, level))
        for i in range(3)
        for flag in (True, False)
        for level in range(3)
    )
    assert weight.size == 3 * 2 * 3
    assert weight.sum() == pytest.approx(points.weight.sum())
    assert (weight * expit(effect(**columns))).sum() == pytest.approx(by_hand, rel=1e-12)


@pytest.mark.parametrize("among", ["m", "not m"])
def test_a_cause_that_also_decides_who_belongs_is_weighed_with_its_own_population(monkeypatch, among):
    """y among m, where a is a cause of both: the chance of m is that of the a at hand, not of the a that was drawn."""
    decides = Node("m", lambda x, a: x + 1.5 * a, ("x", "a"), ("x", "a"), kind="flag")
    monkeypatch.setattr(calibration, "DECIDES", {"m": decides})
    points, a, o = made_up_points()
    points.add(decides, decides(points.columns, points, points.world, None), (-0.4,))
    columns, weight = all_ways(points, Node("y", effect, ("x", "a", "o"), ("x", "a", "o"), kind="flag", among=among))
    total = by_hand = 0.0
    for i in range(3):
        for flag in (True, False):
            belongs = expit(-0.4 + points.columns["x"][i] + 1.5 * flag)
            belongs = 1 - belongs if among == "not m" else belongs
            for level in range(3):
                share = points.weight[i] * (a[i] if flag else 1 - a[i]) * o[level][i] * belongs
                total += share
                by_hand += share * expit(effect(points.columns["x"][i], flag, level))
    assert weight.sum() == pytest.approx(total, rel=1e-12)
    assert (weight * expit(effect(**columns))).sum() == pytest.approx(by_hand, rel=1e-12)


def test_drawn_causes_of_one_node_are_independent_given_the_point():
    """None is a cause of another at whatever remove, nor of the population but through the node that decides on it."""
    drawn = {STANDS.get(node.name, node.name) for node in REFERENCE_NODES if node.kind != "values" and not node.split}
    for node in REFERENCE_NODES:
        if not node.targets:
            continue
        causes = drawn & set(node.parents)
        for cause in causes:
            above = {one.name for one in ancestors(REFERENCE_NODES, [cause])} - {cause}
            assert not above & (causes - {cause}), (node.name, cause)
        if node.within in drawn:
            decides = calibration.DECIDES[node.within]
            beyond = {one.name for one in ancestors(REFERENCE_NODES, set(decides.needs) - causes)}
            assert not beyond & causes, node.name


STANDS = calibration.STANDS_BEHIND


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


@pytest.mark.parametrize("site", ["skull", "ribs", "phalanges_foot"])
def test_a_site_that_nobody_has_is_a_table_like_any_other(site):
    table = site_table(load_world("evidence", {f"sites.{site}": 0.0}).sites)
    assert table[PATTERNS[:, SITES.index(site)]].sum() == 0
    assert table[PATTERNS[:, SITES.index("spine")]].sum() == pytest.approx(0.688, abs=1e-11)


def test_shares_that_leave_patients_without_a_bone_are_refused():
    few = {f"sites.{site}": 0.01 for site in SITES if site not in ("spine", "pelvis")}
    sites = load_world("evidence", few).sites
    with pytest.raises(ConfigurationError, match="at least one site"):
        site_table(sites)


@pytest.mark.parametrize("name", ["tertiary_records", "incident_clinic"])
def test_intercepts_of_some_columns_are_those_of_all_to_the_last_bit(name):
    world, design = load_world("evidence"), load_design(name)
    everything = calibrate(world, design, 2**10).intercepts
    for columns in (["bone_pain"], ["osseous_recorded", "hla_drb1_03"], ["sex"], ["serum_calcium_mmol_l", "age"]):
        some = calibrate(world, design, 2**10, frozenset(columns)).intercepts
        assert some.items() <= everything.items()
        needed = ancestors(NODES, [*columns, "enters"])
        assert {node.name for node in needed if node.targets} <= some.keys()
        assert len(some) < len(everything)


def test_fewer_points_give_nearly_the_same_intercepts():
    """2^14 points for 2^17: within 0.001 on the log odds (0.0005 seen), a thousandth of a share's own odds."""
    world, design = load_world("evidence"), load_design("tertiary_records")
    few, many = calibrate(world, design, 2**14).intercepts, calibrate(world, design).intercepts
    assert max(abs(a - b) for name, values in many.items() for a, b in zip(few[name], values, strict=True)) < 1e-3
