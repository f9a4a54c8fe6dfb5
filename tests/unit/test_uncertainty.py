"""Distributions by basis, and draws that are addressed, coherent and follow their derivations."""

from math import exp, expm1, log1p, pi, tan
from statistics import NormalDist

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit, logit

from sarcoid_epi.errors import ConfigurationError
from sarcoid_epi.evidence import Finding, finding
from sarcoid_epi.scenario import Assumed, Cited, Derived, Parameter, draw, load_belief, load_design, load_world, spreads
from sarcoid_epi.scenario.distribution import Distribution, distribution, of_finding, predictive
from sarcoid_epi.scenario.rules import RULES
from sarcoid_epi.scenario.uncertainty import _Count, _parts_of_each_other, drawn
from sarcoid_epi.stats.meta import binomial_normal
from sarcoid_epi.streams import uniforms

#: Series of women among patients; no two share any.
WOMEN = ("baughman2001.women", "oporto.women", "mana2017.women", "benhassine2019.women")

BELIEF = """\
name = "mine"
[sensitivity]
value = {first}
n = {{ value = 10, assumed = "ten patients" }}
[specificity]
value = {second}
n = {{ value = 20, assumed = "twenty patients", low = 5, high = 50 }}
"""
HALF = '{ value = 0.5, assumed = "a guess" }'
BLACK = '{ value = 0.442, cited = "baughman2001.black" }'


@pytest.fixture
def belief(tmp_path):
    """A belief whose sensitivity and specificity have these specifications."""

    def load(first=HALF, second=HALF):
        path = tmp_path / "mine.toml"
        path.write_text(BELIEF.format(first=first, second=second), encoding="utf-8")
        return load_belief(str(path))

    return load


@pytest.fixture(scope="module")
def world():
    return load_world("evidence")


@pytest.fixture(scope="module")
def many(world):
    """Two hundred draws of the default world, values by path."""
    return [{path: p.value for path, p in draw(world, k).parameters().items()} for k in range(200)]


def refused(load, *arguments):
    with pytest.raises(ConfigurationError) as caught:
        load(*arguments)
    return str(caught.value)


def figure(**fields):
    return Finding(id="a.b", source="a", quantity="q", topic="osseous", **fields)


# Quantiles


@pytest.mark.parametrize("u", [2.0**-33, 0.025, 0.3, 0.5, 0.975, 1 - 2.0**-33])
@pytest.mark.parametrize(
    ("kind", "numbers", "reference"),
    [
        ("beta", (468.5, 268.5), stats.beta(468.5, 268.5).ppf),
        ("beta", (0.5, 20.5), stats.beta(0.5, 20.5).ppf),
        ("normal", (-1.0, 2.0), stats.norm(-1, 2).ppf),
        ("log-normal", (0.6, 0.25), stats.lognorm(0.25, scale=np.exp(0.6)).ppf),
        ("logit-normal", (-2.0, 0.7), lambda u: expit(stats.norm(-2, 0.7).ppf(u))),
        ("logit-t", (-2.0, 0.7, 2.0), lambda u: expit(stats.t(2, -2, 0.7).ppf(u))),
        ("pert", (2.0, 3.0, 8.0), stats.beta(1 + 4 / 6, 1 + 20 / 6, 2, 6).ppf),
        ("pert", (2.0, 2.0, 8.0), stats.beta(1, 5, 2, 6).ppf),
        ("uniform", (2.0, 8.0), stats.uniform(2, 6).ppf),
    ],
)
def test_quantiles_are_those_of_scipy(kind, numbers, reference, u):
    # The same special functions, put together otherwise: rounding only; worst seen 2e-16.
    assert Distribution(kind, numbers).quantile(u) == pytest.approx(float(reference(u)), rel=1e-12, abs=1e-30)


@pytest.mark.parametrize("u", [1e-6, 0.025, 0.3, 0.5, 0.975, 1 - 1e-6])
def test_quantiles_are_those_of_closed_forms(u):
    """Beta(1, b) is 1 - (1 - u)^(1/b), t with one degree of freedom tan(pi (u - 1/2)); the normal is Python's own."""
    z = NormalDist().inv_cdf(u)
    closed = {
        Distribution("beta", (1.0, 20.0)): -expm1(log1p(-u) / 20),
        Distribution("pert", (2.0, 2.0, 8.0)): 2 + 6 * (1 - (1 - u) ** (1 / 5)),
        Distribution("pert", (2.0, 8.0, 8.0)): 2 + 6 * u ** (1 / 5),
        Distribution("normal", (-1.0, 2.0)): -1 + 2 * z,
        Distribution("log-normal", (0.6, 0.25)): exp(0.6 + 0.25 * z),
        Distribution("logit-normal", (-2.0, 0.7)): 1 / (1 + exp(2 - 0.7 * z)),
        Distribution("logit-t", (-2.0, 1e-5, 1.0)): 1 / (1 + exp(2 - 1e-5 * tan(pi * (u - 0.5)))),
    }
    for spread, value in closed.items():
        assert spread.quantile(u) == pytest.approx(value, rel=1e-9), spread  # 5e-11 seen, near the pole of the tangent


@pytest.mark.parametrize("kind", ["beta", "normal", "log-normal", "logit-normal", "logit-t", "pert", "uniform"])
def test_a_quantile_rises_with_u(kind):
    numbers = {"logit-t": (0.1, 0.6, 3.0), "pert": (0.1, 0.6, 3.0)}.get(kind, (0.1, 0.6))
    values = [Distribution(kind, numbers).quantile(u) for u in np.linspace(0.001, 0.999, 200)]
    assert values == sorted(values)


# Which distribution


def test_counts_have_half_a_case_added_to_each_side():
    cited = Parameter(value=0.636, basis=Cited(finding="baughman2001.women"))
    assert distribution(cited) == Distribution("beta", (468 + 0.5, 736 - 468 + 0.5))


def test_a_share_and_n_count_as_their_product_not_rounded():
    cited = Parameter(value=0.46, basis=Cited(finding="baughman2001.under_40"))
    a, b = distribution(cited).numbers
    assert (a, b) == pytest.approx((0.46 * 736 + 0.5, 0.54 * 736 + 0.5))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("kavathia2010.chronic", "log-normal"),
        ("nurses_health2016.black_women", "log-normal"),
        ("poland_register2015.incidence", "log-normal"),
        ("bone_density_meta.areal_density", "normal"),
    ],
)
def test_an_interval_gives_its_limits_back_and_the_printed_value_in_the_middle(name, kind):
    found = finding(name)
    spread = of_finding(found)
    assert spread.kind == kind
    assert spread.quantile(0.025) == pytest.approx(found.conf_low)
    assert spread.quantile(0.975) == pytest.approx(found.conf_high)
    # Limits are printed with two or three digits; worst seen 0.14 %.
    assert spread.quantile(0.5) == pytest.approx(found.value, rel=0.005)


def test_an_interval_of_a_share_is_taken_on_the_logit_scale_at_its_own_level():
    spread = of_finding(figure(measure="proportion", value=0.2, conf_low=0.1, conf_high=0.35, conf_level=0.9))
    z = stats.norm.ppf(0.95)
    assert spread.numbers[1] == pytest.approx((logit(0.35) - logit(0.1)) / (2 * z))
    assert spread.quantile(0.05) == pytest.approx(0.1)
    assert spread.quantile(0.95) == pytest.approx(0.35)


@pytest.mark.parametrize(
    "fields",
    [
        {"measure": "proportion", "value": 0.02, "conf_low": 0.0, "conf_high": 0.1, "conf_level": 0.95},
        {"measure": "odds_ratio", "value": 2.0, "conf_low": 0.0, "conf_high": 9.0, "conf_level": 0.95},
        {"measure": "rate", "value": 10.0, "n": 448},
        {"measure": "count", "events": 5},
        {"measure": "proportion", "value": 0.2},
    ],
)
def test_what_cannot_be_put_on_a_scale_has_no_distribution(fields):
    assert of_finding(figure(**fields)) is None


@pytest.mark.parametrize(("low", "mode", "high"), [(0.0, 0.1, 1.0), (-3.0, -1.5, 0.0), (2.0, 2.0, 8.0)])
def test_the_mean_of_pert_is_a_sixth_of_ends_and_four_times_the_value(low, mode, high):
    spread = distribution(Parameter(value=mode, basis=Assumed(reason="a guess", low=low, high=high)))
    mean = np.mean([spread.quantile((i + 0.5) / 20_000) for i in range(20_000)])
    # The midpoint rule on 20 000 points; worst seen 3e-7 of the range.
    assert mean == pytest.approx((low + 4 * mode + high) / 6, abs=2e-6 * (high - low))


def test_a_printed_range_is_spread_about_the_value_taken_from_it():
    cited = Parameter(value=0.05, basis=Cited(finding="kucharz2020.bone_prev_neville"))
    middle = Derived(rule="middle", inputs=("kucharz2020.bone_prev_neville.low", "kucharz2020.bone_prev_neville.high"))
    assert str(distribution(cited)) == "pert(0.01, 0.05, 0.15)"
    assert str(distribution(Parameter(value=0.08, basis=middle))) == "pert(0.01, 0.08, 0.15)"
    even = middle.model_copy(update={"spread": "uniform"})
    assert str(distribution(Parameter(value=0.08, basis=even))) == "uniform(0.01, 0.15)"


@pytest.mark.parametrize(
    "basis",
    [
        Assumed(reason="a guess"),
        Assumed(reason="a guess", low=0.1),
        Assumed(reason="a guess", low=0.1, high=0.5, spread="none"),
        Cited(finding="kucharz2020.organ_gut"),
        Cited(finding="baughman2001.women", spread="none"),
        Derived(rule="middle", inputs=("0.2", "0.4")),
        Derived(rule="complement", inputs=("baughman2001.women",)),
    ],
)
def test_what_has_no_distribution_of_its_own(basis):
    assert distribution(Parameter(value=0.3, basis=basis)) is None


# Several series


def test_the_prediction_of_a_further_series_is_the_interval_of_the_model_and_wider_than_the_pooled_share():
    fit = binomial_normal([finding(i).events for i in WOMEN], [finding(i).n for i in WOMEN])
    spread = predictive(WOMEN)
    assert spread.quantile(0.025) == pytest.approx(fit.prediction_low)
    assert spread.quantile(0.975) == pytest.approx(fit.prediction_high)
    assert spread.quantile(0.5) == pytest.approx(fit.share)
    assert spread.quantile(0.025) < fit.low < fit.high < spread.quantile(0.975)


@pytest.mark.parametrize(
    ("series", "said"),
    [
        (WOMEN[:2], "2 series are too few, because the spread between studies needs more; name at least 3"),
        ((*WOMEN, WOMEN[0]), "'baughman2001.women' may count the same patients"),
        (
            (*WOMEN, "sigaux2019.women", "grunewald2007.women_with_erythema_nodosum", "baughman2001.black"),
            "'baughman2001.black' and 'baughman2001.women' may count the same patients, because one patient counts",
        ),
        ((*WOMEN, "baughman2001.under_40"), "'baughman2001.under_40' cannot stand among several series, because it is"),
        ((*WOMEN, "oporto.womn"), "unknown finding 'oporto.womn'"),
    ],
)
def test_series_that_cannot_be_pooled_are_refused_on_loading(belief, series, said):
    spec = f'{{ value = 0.636, cited = "baughman2001.women", several = {list(series)} }}'
    assert said in refused(belief, spec)


def test_several_series_are_drawn_as_a_further_one(belief):
    mine = belief(f'{{ value = 0.636, cited = "baughman2001.women", several = {list(WOMEN)} }}')
    assert spreads(mine)["sensitivity.value"] == str(predictive(WOMEN))
    values = [draw(mine, k).sensitivity.value.value for k in range(400)]
    assert stats.kstest([logit(v) for v in values], stats.t(2, *predictive(WOMEN).numbers[:2]).cdf).pvalue > 1e-3


# Declaring


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ('{ value = 0.3, assumed = "x", spread = "unifrm" }', "unknown spread 'unifrm'; did you mean 'uniform'?"),
        ('{ value = 0.3, assumed = "x", spread = 3 }', "'spread' is not text"),
        ('{ value = 0.3, assumed = "x", spread = "uniform" }', "there is no range for spread 'uniform', because only"),
        ('{ value = 0.636, cited = "baughman2001.women", spread = "pert" }', "there is no range for spread 'pert'"),
        ('{ derived = "same", from = [0.3], spread = "none" }', "a parameter that is derived has no spread of its own"),
        ('{ value = 0.3, assumed = "x", several = ["a.b"] }', "assumed has no use for 'several'"),
        ('{ value = 0.636, cited = "baughman2001.women", several = "oporto.women" }', "'several' is not a list"),
        ('{ value = 0.636, cited = "baughman2001.women", several = [] }', "'several' is empty"),
        ('{ value = 0.636, cited = "baughman2001.women", several = [1, 2, 3] }', "'several' holds what is not text"),
        (
            f'{{ value = 0.636, cited = "baughman2001.women", several = {list(WOMEN)}, spread = "none" }}',
            "'spread' and 'several' exclude each other",
        ),
    ],
)
def test_a_spread_that_means_nothing_is_refused_in_words(belief, spec, said):
    assert said in refused(belief, spec)


def test_spreads_tell_what_varies_and_why_the_rest_does_not(belief, world):
    told = spreads(world)
    assert told.keys() == world.parameters().keys()
    assert told["sex.women"] == "beta(468.5, 268.5)"
    assert told["lofgren.acute_onset"] == "pert(0.05, 0.075, 0.1)"
    assert told["age.oldest"] == "fixed: assumed without a range"
    assert told["organs.gut.share"] == "fixed: no counts, interval or range"
    assert told["ancestry.other"] == "follows complement(baughman2001.white, baughman2001.black)"
    assert told["presentation.incidental"].startswith("follows share_from_odds(")
    assert spreads(load_world("review"))["sex.women"] == "fixed: nothing it derives from varies"
    held = belief(
        BLACK.replace("}", ', spread = "none" }'), '{ derived = "complement", from = ["baughman2001.black"] }'
    )
    assert spreads(held)["sensitivity.value"] == "fixed: declared so"
    assert spreads(held)["specificity.value"] == "fixed: nothing it derives from varies"


def test_what_is_told_to_be_fixed_stays_and_the_rest_moves(world, many):
    for path, told in spreads(world).items():
        values = {values[path] for values in many}
        assert (len(values) == 1) == told.startswith("fixed"), path
        if told.startswith("fixed"):
            assert values == {world.parameters()[path].value}, path


# Drawing


def test_a_draw_is_the_same_whenever_it_is_asked_for_and_another_one_is_another(world):
    assert draw(world, 3) == draw(load_world("evidence"), 3)
    women = [draw(world, k, seed).sex.women.value for k, seed in ((0, 1), (1, 1), (0, 2))]
    assert len(set(women)) == 3


def test_a_draw_says_that_it_is_one(world):
    one = draw(world, 12, seed=4)
    assert one.name == "evidence.seed4.draw12"
    assert one.label.endswith("(draw 12 of its parameters, seed 4)")
    assert str(one.sites.ribs.basis) == "cited: grozdic.ribs [draw 12 of beta(5.5, 13.5)]"
    assert str(one.stage.at_least_iv.basis).endswith("baughman2001.scadding_4) [draw 12]")
    assert one.age.oldest == world.age.oldest
    assert one.course.burden_acute.basis.reason == world.course.burden_acute.basis.reason


def test_each_parameter_is_its_quantile_at_its_own_address_whatever_else_the_world_holds(world):
    """Another value, another basis, a held neighbour: no other parameter's draw moves."""
    varied = load_world("evidence", {"osseous.true_prevalence": 0.3, "organs.skin.share": 0.2, "age.log_sd": 0.3})
    plain, other = draw(world, 5).parameters(), draw(varied, 5).parameters()
    moved = {path for path in plain if plain[path].value != other[path].value}
    assert moved == {"osseous.true_prevalence", "organs.skin.share", "age.log_sd", "age.median"}
    assert other["osseous.true_prevalence"].value == 0.3


def test_one_finding_is_drawn_once_for_all_that_rest_on_it(tmp_path):
    """Cited twice, derived from by itself and by its range: the same figure."""
    path = tmp_path / "mine.toml"
    path.write_text(
        'extends = "evidence"\n'
        '[organs]\nskin = { share = { value = 0.118, cited = "baughman2001.organ_eye" } }\n'
        'liver = { share = { derived = "same", from = ["baughman2001.organ_eye"] } }\n'
        'heart = { share = { derived = "complement", from = ["baughman2001.organ_eye"] } }\n'
        '[presentation]\nfever_otherwise = { value = 0.075, cited = "intechopen76028.lofgren" }\n',
        encoding="utf-8",
    )
    mine, plain = draw(load_world(str(path)), 2), draw(load_world("evidence"), 2)
    assert mine.organs.skin.share.value == mine.organs.eye.share.value == mine.organs.liver.share.value
    assert mine.organs.eye.share.value == plain.organs.eye.share.value
    assert mine.organs.heart.share.value == 1 - mine.organs.eye.share.value
    assert mine.presentation.fever_otherwise.value == mine.lofgren.acute_onset.value


def test_what_derives_from_drawn_parameters_is_derived_anew(world):
    one = draw(world, 8)
    stage, acute = one.stage, one.lofgren.acute_onset.value
    assert stage.acute_at_least_i.value == 1 - stage.acute_0.value
    rest = RULES["share_in_the_rest"](stage.at_least_ii.value, acute, stage.acute_at_least_ii.value)
    assert stage.others_at_least_ii.value == rest != world.stage.others_at_least_ii.value
    under_40 = stats.beta(0.46 * 736 + 0.5, 0.54 * 736 + 0.5).ppf(uniforms(1, "draw:baughman2001.under_40", 8, 1)[0])
    inputs = [one.parameters()[name].value for name in one.age.median.basis.inputs if name in one.parameters()]
    # The uniform at the finding's address, turned by scipy: equal up to the inversion of the beta function.
    assert one.age.median.value == pytest.approx(RULES["median_onset_age"](under_40, 40, *inputs), rel=1e-9)


def test_cumulative_stages_of_every_draw_stay_in_order(many):
    for values in many:
        cumulative = [values[f"stage.at_least_{stage}"] for stage in ("i", "ii", "iii", "iv")]
        assert cumulative == sorted(cumulative, reverse=True)
        assert values["ancestry.black"] + values["ancestry.other"] < 1


def test_the_mean_of_two_hundred_draws_is_that_of_the_distribution(many):
    for path, (a, b) in {"sex.women": (468.5, 268.5), "sites.sternum": (4.5, 8.5)}.items():
        values = [values[path] for values in many]
        assert abs(np.mean(values) - a / (a + b)) < 4 * stats.beta(a, b).std() / 200**0.5  # 4 Monte Carlo errors
        assert stats.kstest(values, stats.beta(a, b).cdf).pvalue > 1e-3


def test_parts_of_one_whole_lean_on_each_other_and_keep_their_own_distributions(belief):
    """Dirichlet: 325 Black and 393 white of 736 leave 18, not a difference of two unrelated figures."""
    mine = belief(BLACK, '{ derived = "complement", from = ["baughman2001.white", "baughman2001.black"] }')
    draws = [drawn(mine, k) for k in range(1000)]
    black, other = (
        np.array([getattr(d.scenario, s).value.value for d in draws]) for s in ("sensitivity", "specificity")
    )
    assert {d.attempts for d in draws} == {1}
    white = 1 - black - other
    for values, (a, b) in ((black, (325.5, 411.5)), (white, (393.5, 343.5)), (other, (18, 719))):
        assert stats.kstest(values, stats.beta(a, b).cdf).pvalue > 1e-3
    expected = -((325.5 * 393.5 / (411.5 * 343.5)) ** 0.5)  # correlation of two parts of a Dirichlet distribution
    assert np.corrcoef(black, white)[0, 1] == pytest.approx(expected, abs=4 * (1 - expected**2) / 1000**0.5)


def test_a_part_that_is_held_leaves_the_others_to_move(belief):
    rest = '{ derived = "complement", from = ["baughman2001.white", "baughman2001.black"] }'
    mine = belief(BLACK.replace("}", ', spread = "none" }'), rest)
    draws = [draw(mine, k) for k in range(500)]
    assert {one.sensitivity.value.value for one in draws} == {0.442}
    other = np.array([one.specificity.value.value for one in draws]) / (1 - 325 / 736)
    assert stats.kstest(other, stats.beta(18, 393.5).cdf).pvalue > 1e-3


def test_counts_without_a_denominator_give_the_beta_distribution_of_their_ratio(belief):
    names = ["barcelona_incidental2020.incidental.events", "barcelona_incidental2020.symptomatic_not_lofgren.events"]
    mine = belief(f'{{ derived = "share_from_odds", from = {names} }}')
    values = [draw(mine, k).sensitivity.value.value for k in range(1000)]
    assert stats.kstest(values, stats.beta(50.5, 317.5).cdf).pvalue > 1e-3


def test_events_of_one_group_among_several_are_its_drawn_share_of_n(belief):
    mine = belief(
        '{ value = 0.35, cited = "spain_lofgren2014.fever" }',
        '{ derived = "share_from_odds", from = ["spain_lofgren2014.fever.events", "spain_lofgren2014.fever.n"] }',
    )
    one = draw(mine, 4)
    share = one.sensitivity.value.value
    assert one.specificity.value.value == pytest.approx(share / (share + 1))


def test_parts_of_each_other_are_nested_and_keep_their_own_distributions():
    """Still waiting after three months and after a year: 851.5 and 443.5 of 1774, with halves added."""
    u = np.random.default_rng(5).random((2000, 2))
    group = (_Count("a.late", 443.5, 1774.0), _Count("a.early", 851.5, 1774.0))
    draws = [_parts_of_each_other(group, {"a.early": x, "a.late": y}.__getitem__) for x, y in u]
    early, late = (np.array([one[name] for one in draws]) for name in ("a.early", "a.late"))
    assert (late < early).all()
    assert stats.kstest(early, stats.beta(852, 923).cdf).pvalue > 1e-3
    assert stats.kstest(late, stats.beta(444, 1331).cdf).pvalue > 1e-3


def test_what_counts_something_is_drawn_as_a_whole_number(belief):
    values = {draw(belief(), k).specificity.n.value for k in range(20)}
    assert len(values) > 5
    assert all(value.is_integer() and 5 <= value <= 50 for value in values)


@pytest.mark.parametrize("load", [lambda: load_design("tertiary_records"), lambda: load_belief("clinical")])
def test_designs_and_beliefs_are_drawn_by_the_same_function(load):
    part = load()
    one = draw(part, 1)
    assert type(one) is type(part)
    assert one.name == f"{part.name}.seed1.draw1"
    for path, told in spreads(part).items():
        assert (one.parameters()[path] == part.parameters()[path]) == told.startswith("fixed"), path


# What contradicts itself


def test_a_draw_that_contradicts_itself_is_drawn_anew_and_counted(belief):
    def above(one):
        if one.sensitivity.value.value < 0.46:
            raise ValueError("too low")

    mine = belief(BLACK)
    attempts = [drawn(mine, k, coherent=above).attempts for k in range(300)]
    refused_share = stats.beta(325.5, 411.5).cdf(0.46)
    # Attempts are geometric with mean 1 / (1 - q) and variance q / (1 - q)^2; four Monte Carlo standard errors.
    assert abs(np.mean(attempts) - 1 / (1 - refused_share)) < 4 * (refused_share / 300) ** 0.5 / (1 - refused_share)
    assert all(draw(mine, k, coherent=above).sensitivity.value.value >= 0.46 for k in range(5))


def test_ranges_that_never_agree_are_refused_with_the_last_reason(belief):
    def never(one):
        raise ValueError("it is always wrong")

    told = refused(lambda: draw(belief(BLACK), 2, coherent=never))
    assert told.startswith(
        "mine: draw 2 contradicts itself in each of 100 attempts, because of the last it is said: it is"
    )


def test_a_draw_is_not_drawn_again_and_draws_are_counted_from_zero(world):
    assert "'evidence.seed1.draw0' is a draw already" in refused(draw, draw(world, 0), 1)
    assert "-1 is no number of a draw; count draws from 0" in refused(draw, world, -1)
