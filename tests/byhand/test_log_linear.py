"""Three and more lists: closed forms on paper, existence against a linear program, and what must be refused."""

import cProfile
import pstats

import numpy as np
import pytest
from scipy.optimize import linprog

from sarcoid_epi.stats import log_linear as module
from sarcoid_epi.stats.capture import lincoln_petersen
from sarcoid_epi.stats.log_linear import log_linear
from sarcoid_epi.stats.marginal_cone import design, estimable, hierarchical_models, smallest_faces

# A, B, AB, C, AC, BC, ABC
THREE = [40, 30, 24, 35, 12, 8, 10]


def place(name, lists=3):
    return [model.name for model in hierarchical_models(lists)].index(name)


def drawn(tables, cases, probabilities, seed=5):
    """Tables of independent lists, (tables, 2^k - 1)."""
    lists = len(probabilities)
    listed = np.random.default_rng(seed).random((tables, cases, lists)) < probabilities
    cells = (listed << np.arange(lists)).sum(-1)
    return np.stack([np.bincount(row, minlength=2**lists)[1:] for row in cells])


@pytest.mark.parametrize(
    ("name", "unseen"),
    [
        ("[AB][AC][BC]", 40 * 30 * 35 * 10 / (24 * 12 * 8)),
        ("[AB][BC]", 40 * 35 / 12),
        ("[AB][AC]", 30 * 35 / 8),
        ("[AC][BC]", 40 * 30 / 24),
        ("[AB][C]", (40 + 30 + 24) * 35 / (12 + 8 + 10)),
    ],
)
def test_models_with_a_closed_form_give_it(name, unseen):
    """All pairs: the three-way odds ratio is 1. Two pairs: given the list in both, the other two are independent, so
    outside that list unseen = one only * other only / both. One pair: C against A or B as two lists."""
    fit = log_linear(THREE)
    assert fit.unseen[place(name)] == pytest.approx(unseen, rel=1e-13)
    assert fit.cases[place(name)] == pytest.approx(159 + unseen, rel=1e-13)


def test_the_saturated_model_has_the_sum_of_reciprocals_for_variance():
    """log unseen is a sum of logs of counts: variance the sum of 1/count; one more unseen for the Poisson draw."""
    fit = log_linear(THREE)
    saturated = place("[AB][AC][BC]")
    unseen = fit.unseen[saturated]
    assert fit.std_error[saturated] ** 2 == pytest.approx(unseen + unseen**2 * (1 / np.array(THREE)).sum(), rel=1e-12)
    assert (fit.deviance[saturated], fit.df[saturated]) == (pytest.approx(0, abs=1e-12), 0)


def test_lists_that_are_exactly_independent_give_the_truth_in_every_model():
    """800 cases, each list holds half of them: 100 in each cell, and 100 on no list."""
    fit = log_linear([100] * 7)
    assert fit.cases == pytest.approx(np.full(8, 800), rel=1e-13)
    assert fit.models[fit.by_aic.best].name == fit.models[fit.by_bic.best].name == "[A][B][C]"
    assert fit.by_bic.cases == pytest.approx(800, rel=1e-13)


def test_two_lists_are_lincoln_petersen():
    fit, plain = log_linear([30, 40, 20]), lincoln_petersen(20, 30, 40)
    assert fit.cases[0] == pytest.approx(plain.cases, rel=1e-14)
    assert fit.std_error[0] == pytest.approx(plain.std_error, rel=1e-12)
    assert (fit.by_aic.best_low, fit.by_aic.best_high) == pytest.approx((plain.low, plain.high), rel=1e-10)


def test_the_average_is_weighted_by_the_criterion():
    fit = log_linear(THREE)
    for average, criterion in ((fit.by_aic, fit.aic), (fit.by_bic, fit.bic)):
        weights = np.exp(-(criterion - criterion.min()) / 2)
        weights /= weights.sum()
        mean = (weights * fit.cases).sum()
        assert average.weights == pytest.approx(weights, rel=1e-12)
        assert average.cases == pytest.approx(mean, rel=1e-13)
        error = (weights * np.sqrt(fit.std_error**2 + (fit.cases - mean) ** 2)).sum()
        assert average.std_error == pytest.approx(error, rel=1e-12)
        assert (average.low - 159) * (average.high - 159) == pytest.approx((mean - 159) ** 2, rel=1e-12)
        assert average.best == criterion.argmin()


def test_there_are_as_many_models_as_simplicial_complexes():
    """Families of sets closed downwards, with all points and without the whole: 1, 8, 113; graphs on five points."""
    assert [len(hierarchical_models(lists)) for lists in (2, 3, 4, 5)] == [1, 8, 113, 1024]
    for lists in (3, 4, 5):
        models = hierarchical_models(lists)
        assert len({model.terms for model in models}) == len({model.name for model in models}) == len(models)
        for model in models:
            assert 2**lists - 1 not in model.terms
            assert all(t & ~(1 << i) in model.terms for t in model.terms for i in range(lists))


def by_linear_programs(rows, positive):
    """Smallest face by its definition: a cell is in it if some table with the same margins has patients there."""
    face = positive.copy()
    bounds = [(None, None) if has else (0, 1) for has in positive]
    for cell in np.flatnonzero(~positive):
        aim = np.zeros(len(rows))
        aim[cell] = -1.0
        face[cell] = linprog(aim, A_eq=rows.T, b_eq=np.zeros(rows.shape[1]), bounds=bounds).fun < -1e-7
    return face


@pytest.mark.parametrize(("lists", "tables", "models"), [(3, 40, 8), (4, 3, 40), (5, 1, 6)])
def test_the_smallest_faces_are_those_of_a_linear_program(lists, tables, models):
    """Drawn patterns of empty cells and drawn models. And the never-seen cell follows if its row is a combination of
    the rows in the face. (Run once for all 127 patterns of three lists, and six of four with all models: no
    difference.)"""
    rng = np.random.default_rng(lists)
    patterns = rng.random((tables, 2**lists - 1)) < rng.uniform(0.3, 0.8, (tables, 1))
    faces = smallest_faces(patterns, lists)
    all_models = hierarchical_models(lists)
    for m in rng.choice(len(all_models), models, replace=False):
        rows = design(all_models[m], lists)
        never = np.eye(rows.shape[1])[:1]
        for pattern, face in zip(patterns, faces[:, m], strict=True):
            assert face.tolist() == by_linear_programs(rows, pattern).tolist()
            kept, follows = estimable(rows[None], face[None])
            rank = np.linalg.matrix_rank(rows[face])
            assert kept.sum() == rank
            assert follows[0] == (np.linalg.matrix_rank(np.vstack([rows[face], never])) == rank)


def test_two_lists_without_a_common_patient_may_be_linked_by_a_third():
    """AB and ABC empty. [AB][C]: A or B against C as two lists, 70 * 35 / 20. [AB][AC]: outside A, B against C,
    30 * 35 / 8. The interaction AB is minus infinity; what depends on it is not asked."""
    fit = log_linear([40, 30, 0, 35, 12, 8, 0])
    assert fit.unseen[place("[AB][C]")] == pytest.approx(70 * 35 / 20, rel=1e-12)
    assert fit.unseen[place("[AB][AC]")] == pytest.approx(30 * 35 / 8, rel=1e-12)
    assert fit.note[place("[AB][C]")] == fit.note[place("[AB][AC]")] == module.AT_THE_EDGE
    assert fit.df[place("[AB][C]")] == 1


def test_without_the_overlap_that_a_model_needs_it_gives_no_number():
    """AB and ABC empty: outside C, A against B have nothing in common, [AC][BC] is at infinity; so are all pairs."""
    fit = log_linear([40, 30, 0, 35, 12, 8, 0])
    for name in ("[AC][BC]", "[AB][AC][BC]"):
        assert np.isnan(fit.cases[place(name)])
        assert fit.note[place(name)] == module.NOT_ESTIMABLE
        assert fit.by_aic.weights[place(name)] == fit.by_bic.weights[place(name)] == 0


@pytest.mark.parametrize(
    ("counts", "note"),
    [
        ([0] * 7, module.NO_PATIENT),
        ([5, 3, 2, 0, 0, 0, 0], module.EMPTY_LIST),
        ([5, 3, 0, 2, 0, 0, 0], module.NO_OVERLAP),
        ([0, 0, 3], None),
        ([4, 0, 3], None),
        ([4, 2, 0], module.NO_OVERLAP),
    ],
)
def test_tables_no_model_can_be_fitted_to_are_refused(counts, note):
    """Two lists: where one holds all of the other nobody is estimated unseen, and unseen = 0 has no logarithm."""
    fit = log_linear(counts)
    assert np.isnan(fit.cases).all()
    assert (fit.note == (note or module.NOT_ESTIMABLE)).all()
    for average in (fit.by_aic, fit.by_bic):
        assert np.isnan([average.cases, average.std_error, average.low, average.high, average.best_low]).all()
        assert average.best == -1
        assert average.note == (note or module.NO_MODEL)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([1, 2, -3], "counts must not be negative; got -3"),
        ([1, 2, 2.5], "counts must be whole numbers; got 2.5"),
        ([1, 2, 3, 4], "counts need a last axis of 3, 7, 15 or 31 cells"),
        (4, "counts need a last axis"),
    ],
)
def test_broken_input_is_named(counts, message):
    with pytest.raises(ValueError, match=message):
        log_linear(counts)


def test_the_level_and_the_number_of_lists_are_checked():
    with pytest.raises(ValueError, match="level must lie between"):
        log_linear(THREE, level=1.0)
    with pytest.raises(ValueError, match="two to five lists can be modelled; got 6"):
        hierarchical_models(6)


def test_another_order_of_the_lists_changes_nothing():
    """A and C exchanged: cells 1 and 4, and 3 and 6, exchanged."""
    fit, other = log_linear(THREE), log_linear([35, 30, 8, 40, 12, 24, 10])
    assert other.cases[place("[AB][C]")] == pytest.approx(fit.cases[place("[BC][A]")], rel=1e-12)
    assert other.by_aic.cases == pytest.approx(fit.by_aic.cases, rel=1e-12)
    assert other.by_bic.best_high == pytest.approx(fit.by_bic.best_high, rel=1e-10)


def flattened(fit):
    return [*fit[1:8], *fit.by_aic[:8], *fit.by_bic[:8]]


def test_many_tables_at_once_are_the_tables_one_by_one():
    """Three and four lists, sparse ones among them. Worst 7e-13, relative: matrix products round by their size."""
    for tables in (drawn(60, 60, [0.2, 0.15, 0.25]), drawn(12, 90, [0.3, 0.2, 0.25, 0.15])):
        tables[:2, 1:3] = 0
        at_once = log_linear(tables)
        for row, table in enumerate(tables):
            one = log_linear(table)
            assert one.note.tolist() == at_once.note[row].tolist()
            for mine, all_ in zip(flattened(one), flattened(at_once), strict=True):
                np.testing.assert_allclose(all_[row], mine, rtol=1e-8, atol=1e-10)


def test_leading_axes_keep_their_shape():
    fit = log_linear(drawn(6, 200, [0.4, 0.3, 0.5]).reshape(2, 3, 7))
    assert fit.cases.shape == fit.note.shape == fit.df.shape == fit.by_aic.weights.shape == (2, 3, 8)
    assert fit.by_bic.cases.shape == fit.by_bic.best.shape == fit.by_bic.note.shape == (2, 3)
    assert log_linear(np.zeros((0, 7))).cases.shape == (0, 8)


def test_a_thousand_tables_take_few_calls():
    """Function calls, not seconds: a thousand tables in fewer than a fiftieth of the calls of a thousand singles."""
    tables = drawn(1000, 300, [0.3, 0.25, 0.35])
    log_linear(tables[0])

    def calls(work):
        profile = cProfile.Profile()
        profile.runcall(work)
        return pstats.Stats(profile).total_calls

    single = calls(lambda: [log_linear(table) for table in tables[:20]]) / 20 * len(tables)
    assert calls(lambda: log_linear(tables)) < single / 50


def test_five_lists_have_their_pairwise_models():
    """1000 cases, each list holds half of them, exactly: 31.25 would be in each cell; 32 in each is 1024 cases."""
    fit = log_linear([32] * 31)
    assert fit.cases == pytest.approx(np.full(1024, 1024), rel=1e-12)
    assert fit.by_bic.note == ""


def test_a_search_that_runs_out_of_steps_is_said_to_have(monkeypatch):
    """No table has been found that does; here the search is given one step."""
    monkeypatch.setattr(module, "_MOST_STEPS", 1)
    fit = log_linear(THREE)
    assert fit.note[place("[A][B][C]")] == module.NOT_CONVERGED
    assert np.isnan(fit.cases[place("[A][B][C]")])
    assert np.isnan(fit.deviance[place("[A][B][C]")])


def test_a_singular_system_does_not_touch_the_others():
    matrices = np.array([[[2.0, 0.0], [0.0, 4.0]], [[1.0, 1.0], [1.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]]])
    solved = module._solved(matrices, np.ones((3, 2)))
    np.testing.assert_array_equal(solved, [[0.5, 0.25], [np.nan, np.nan], [1.0, 1.0]])
