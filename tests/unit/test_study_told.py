"""What is told of a study's parts: tables, report and titles. The parts are made up here, so that all is known."""

import json
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from sarcoid_epi import studying
from sarcoid_epi.errors import ConfigurationError
from sarcoid_epi.explaining import explain
from sarcoid_epi.files import digest
from sarcoid_epi.report.figures import all_figures
from sarcoid_epi.scenario import Case, load_study
from sarcoid_epi.simulation import making, running, stored, telling
from sarcoid_epi.simulation.driving import GRID as GRID_INDICES
from sarcoid_epi.simulation.driving import Field, Varied, swings
from sarcoid_epi.simulation.failing import WORDLESS
from sarcoid_epi.simulation.planning import plans
from sarcoid_epi.simulation.stated import state
from sarcoid_epi.simulation.summary import summary
from sarcoid_epi.studies import told
from sarcoid_epi.verifying import verify

R = 50
HEAD = 'label = "Made up"\naims = "To see what is told."\nreplicates = 50\nseed = 3\n'
TWO = 'estimators = ["corrected_prevalence", "believed_prevalence"]\nbeliefs = ["clinical"]\n'
GRID = """[vary.sens]
paths = ["belief.sensitivity.value"]
values = [0.2, 0.3, 0.4]
[vary.odds]
paths = ["osseous.true_prevalence"]
by = "odds"
values = [1, 2]
"""
RANGES = """[vary.sens]
paths = ["belief.sensitivity.value"]
low = 0.2
high = 0.4
[vary.odds]
paths = ["osseous.true_prevalence"]
by = "odds"
low = 0.5
high = 2
log = true
"""


def answers(case, run, seed=5):
    """Normal estimates of 0.10 whose bias grows with the believed sensitivity; the second method is 0.01 higher."""
    rng = np.random.default_rng([seed, case.number])
    factors = dict(case.values)
    bias = 0.2 * (factors.get("sens", 0.3) - 0.2) + 0.005 * (factors.get("odds", 1.0) - 1)
    estimate = 0.1 + bias + 0.01 * rng.standard_normal(R) + (0.01 if run == "believed_prevalence" else 0.0)
    note = np.full(R, "", dtype=object)
    if run == "believed_prevalence":
        estimate[:2], note[0], note[3] = np.nan, "nothing fits", "a reservation"
    return estimate, note


def columns(study, case, runs, given=answers):
    parts = []
    for run in runs:
        estimate, note = given(case, run)
        half = 0.02 + 0.0 * estimate
        named = {"run": np.full(R, run, dtype=object), "term": np.full(R, "osseous", dtype=object)}
        parts.append({
            "replicate": np.arange(R), **named,
            "truth": np.full(R, 0.1), "estimate": estimate, "low": estimate - half, "high": estimate + half,
            "std_error": half / 2, "n": np.full(R, 500.0), "events": np.full(R, 50.0), "note": note,
        })  # fmt: skip
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def made(tmp_path, text, given=answers):
    """A folder with the parts of a study, and what was told of them."""
    file, out = tmp_path / "made_up.toml", tmp_path / "out"
    file.write_text(text, encoding="utf-8")
    study = load_study(str(file))
    stated = state(study)
    stored.claim(out, stated.recipe)
    runs = list(study.estimators)
    for case in study.all_cases():
        (unit,) = running.units(study, case)
        name = making.part_name(stated.key, unit)
        stored.store(out, name, making.packed(columns(study, case, runs, given), name))
    telling.tell(study, out)
    return file, study, out


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    return made(tmp_path_factory.mktemp("grid"), HEAD + TWO + "sizes = [500, 1000, 2000]\n" + GRID)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return made(tmp_path_factory.mktemp("small"), HEAD + TWO + GRID)


@pytest.fixture(scope="module")
def ranges(tmp_path_factory):
    return made(tmp_path_factory.mktemp("ranges"), HEAD + TWO + 'method = "sobol"\ncases = 32\n' + RANGES)


def table(out, name):
    return pd.read_csv(out / f"{name}.csv")


def test_replicates_are_counted_as_attempted_converged_and_used(small):
    found = table(small[2], "summary").set_index(["run", "case"])
    assert tuple(found.loc[("believed_prevalence", 0), ["attempted", "converged", "used"]]) == (50, 48, 48)
    row = found.loc[("believed_prevalence", 0)]
    assert row["coverage_of_attempted"] == pytest.approx(row["coverage"] * 48 / 50)
    assert row["bias"] == pytest.approx(row["mean"] - 0.1)
    assert row["bias_mcse"] == pytest.approx(row["mean_mcse"])


def test_a_share_has_no_power_and_a_ratio_is_measured_by_its_logarithm_against_1(small):
    assert table(small[2], "summary")[["null", "power", "power_mcse"]].isna().all(axis=None)
    estimate = np.array([1.5, 2.0, 3.0, 4.0])
    values = {"estimate": estimate, "std_error": 0.2 * estimate, "low": estimate / 2, "high": estimate * 2,
              "truth": np.full(4, 2.0)}  # fmt: skip
    got = summary(0, "run", "odds_ratio[fever]", values, "as the term")
    logs = np.log(estimate)
    assert (got.scale, got.null, got.truth) == ("log", 1.0, 2.0)
    assert got.bias == pytest.approx(logs.mean() - np.log(2))
    assert got.empirical_error == pytest.approx(logs.std(ddof=1))
    assert got.model_error == pytest.approx(0.2)
    assert got.power == pytest.approx(0.5)  # 0.75-3 1-4 1.5-6 2-8: an end on 1 does not exclude it
    assert got.mean_width == pytest.approx(np.log(4))
    assert np.isnan(got.relative_bias)


@pytest.mark.parametrize(
    ("without", "blank", "left"),
    [("std_error", "model_error", "coverage"), ("low", "coverage", "bias"), ("truth", "bias", "mean_width")],
)
def test_what_a_method_never_has_fails_no_replicate(without, blank, left):
    values = {"estimate": np.array([0.1, 0.2]), "std_error": np.full(2, 0.1), "low": np.zeros(2), "high": np.ones(2),
              "truth": np.full(2, 0.15)}  # fmt: skip
    got = summary(0, "run", "share", values | {without: np.full(2, np.nan)})
    assert got.used == 2
    assert np.isnan(getattr(got, blank))
    assert np.isfinite(getattr(got, left))


def test_methods_are_compared_on_the_same_replicates(small):
    """The second is 0.01 higher in every replicate that both answer: a difference without any error."""
    found = table(small[2], "comparisons")
    assert set(found["run"]) == {"believed_prevalence"}
    assert set(found["against"]) == {"corrected_prevalence"}
    assert found["bias"].to_numpy() == pytest.approx(np.full(6, 0.01))
    assert found["bias_mcse"].to_numpy() == pytest.approx(np.zeros(6), abs=1e-9)
    assert set(found["used"]) == {48}
    assert set(found["answered"]) == {-2}


def test_every_note_is_counted_and_a_failure_without_one_too(small):
    found = table(small[2], "notes").query("case == 0").set_index("note")
    told = {note: tuple(row) for note, row in found[["replicates", "answered"]].iterrows()}
    assert told == {"nothing fits": (1, 0), "a reservation": (1, 1), WORDLESS: (1, 0)}


def test_the_indices_of_a_grid_are_those_of_its_means(small):
    found = table(small[2], "indices").query("run == 'corrected_prevalence' and result == 'bias'").set_index("factor")
    bias = table(small[2], "summary").query("run == 'corrected_prevalence'")["bias"].to_numpy().reshape(3, 2)
    assert found.loc["sens", "first"] == pytest.approx(bias.mean(1).var() / bias.var(), rel=1e-6)
    assert found.loc["sens", "total"] == pytest.approx(1 - bias.mean(0).var() / bias.var(), rel=1e-6)
    assert set(found["by"]) == {"grid"}
    swing = table(small[2], "tornado").query("run == 'corrected_prevalence' and result == 'bias'").set_index("factor")
    assert tuple(swing.loc["sens", ["at_low", "middle", "at_high"]]) == pytest.approx(tuple(bias[:, 0]))


def test_a_design_of_ranges_has_indices_of_a_surface_and_its_variance_split(ranges):
    found = table(ranges[2], "indices").query("run == 'corrected_prevalence' and result == 'bias'").set_index("factor")
    assert set(found["by"]) == {"surface"}
    assert found.loc["sens", "first"] > 0.9
    assert (found["foretold"] > 0.9).all()
    split = table(ranges[2], "variance").query("run == 'corrected_prevalence' and of == 'error'").iloc[0]
    assert split["within"] == pytest.approx(1e-4, rel=0.2)
    assert split["between"] == pytest.approx(0.2**2 * 0.2**2 / 12, rel=0.4)
    assert len(table(ranges[2], "comparisons")) == 32


def test_a_grid_has_no_variance_split_but_a_table_all_the_same(small):
    assert list(table(small[2], "variance").columns[:4]) == ["world", "design", "belief", "size"]
    assert len(table(small[2], "variance")) == 0


SHAPES = {
    "small": {"lollipop_bias_0", "lollipop_coverage_0", "map_coverage_0", "differences_0"},
    "grid": {"loops_bias_0", "loops_coverage_0", "map_coverage_0", "differences_0"},
    "ranges": {"order_bias_0", "order_coverage_0", "variance_0"},
}
ALWAYS = {"sobol_bias_0", "sobol_coverage_0", "tornado_bias_0", "tornado_coverage_0", "tornado_mean_0",
          "tipping_coverage_0", "tipping_mean_0"}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_figures_fit_the_shape_of_the_study_and_can_be_drawn(shape, request):
    _, study, out = request.getfixturevalue(shape)
    content = told(study, out)
    plots = {plot.key: plot for section in content.sections for plot in section.charts}
    assert plots.keys() == SHAPES[shape] | ALWAYS
    assert all_figures(content).keys() == plots.keys()


def test_titles_say_what_the_numbers_say(small, tmp_path):
    """With another bias they say another thing."""
    _, study, out = small
    worst = table(out, "summary").sort_values("bias").iloc[-1]
    plots = {plot.key: plot.title for section in told(study, out).sections for plot in section.charts}
    points = f"{100 * worst['bias']:.1f} points"
    assert f"with believed prevalence: {points} (sens 0.4, odds 2; 6 cases)" in plots["lollipop_bias_0"]
    assert plots["sobol_bias_0"].startswith("Sens drives bias of osseous sarcoidosis most")
    assert plots["differences_0"].endswith("by more than chance in 6 of 6 pairs")

    def alike(case, run):
        rng = np.random.default_rng([9, case.number])
        return 0.1 + 0.01 * rng.standard_normal(R), np.full(R, "", dtype=object)

    _, study, out = made(tmp_path, HEAD + TWO + GRID, alike)
    plots = {plot.key: plot.title for section in told(study, out).sections for plot in section.charts}
    assert plots["lollipop_coverage_0"] == (
        "Coverage of osseous sarcoidosis lies within what chance allows around 95.0 % in all of 6 cases"
    )
    assert "could be chance" in plots["sobol_bias_0"]
    assert not {"tornado_bias_0", "tipping_coverage_0"} & plots.keys()
    assert plots["differences_0"].endswith("in 0 of 6 pairs")


def test_the_page_stands_beside_the_parts_and_is_the_same_twice(small):
    file, study, out = small
    before = digest(out / "parts")
    page = studying.study_report(str(file), out)
    first = digest(out / "report")
    assert page == out / "report" / "index.html"
    assert studying.study_report(str(file), out) == page
    assert (digest(out / "parts"), digest(out / "report")) == (before, first)
    assert not running.unfinished(state(study), out)
    text = page.read_text(encoding="utf-8")
    for part in ("Aims", "Data", "Estimands", "Methods", "Performance"):
        assert f">{part}<" in text
    assert re.search(r"Of 600 answers asked for, 12 are none", text)
    inputs = json.loads((out / "report" / "manifest.json").read_text(encoding="utf-8"))["inputs"]
    assert inputs["summary.csv"] == digest(out / "summary.csv")


def test_a_study_that_has_not_told_yet_is_one_clear_error(small, tmp_path):
    file, study, _ = small
    with pytest.raises(ConfigurationError, match="holds no study"):
        studying.study_report(str(file), tmp_path)
    stored.claim(tmp_path / "new", state(study).recipe)
    with pytest.raises(ConfigurationError, match="has not told 'summary"):
        studying.study_report(str(file), tmp_path / "new")


def test_a_study_run_from_its_file_writes_tables_and_page(tmp_path):
    """One case, one method: the whole road once."""
    file = tmp_path / "single.toml"
    file.write_text(
        HEAD.replace("50", "20") + 'population = 1000\nestimators = ["recorded_osseous"]\n', encoding="utf-8"
    )
    assert studying.study(str(file), tmp_path / "out")
    page = (tmp_path / "out" / "report" / "index.html").read_text(encoding="utf-8")
    assert "How well each method does" in page
    assert "What drives it" not in page
    assert "Parameters or sampling" not in page
    assert len(table(tmp_path / "out", "summary")) == 1


def test_the_patients_of_a_width_lie_on_the_line_between_two_sizes():
    found = [SimpleNamespace(case=case, run="a", term="t", mean_width=4 / np.sqrt(n), empirical_error=1 / np.sqrt(n))
             for case, n in enumerate((400, 1600, 6400))]  # fmt: skip
    cases = tuple(Case(case, "w", "d", "", n, ()) for case, n in enumerate((400, 1600, 6400)))
    study = SimpleNamespace(all_cases=lambda: cases, widths=(0.3, 0.2, 0.1, 0.08, 0.05, 0.04))
    told = {plan.width: plan for plan in plans(study, found)}
    assert (told[0.3].reached, told[0.04].reached) == ("least", "most")
    for width, patients in ((0.2, 400), (0.1, 1600), (0.08, 2500), (0.05, 6400)):
        assert told[width].patients == pytest.approx(patients, rel=1e-12)
        assert told[width].reached == ""
    assert {plan.case for plan in told.values()} == {0}


def test_where_limits_are_too_narrow_the_spread_of_estimates_decides():
    """Limits a quarter of what estimates spread: 2 x 1.96 / sqrt(n) is 0.1 with 1537 patients, whatever they say."""
    cases = tuple(Case(case, "w", "d", "", n, ()) for case, n in enumerate((400, 6400)))
    found = [SimpleNamespace(case=case, run="a", term="t", mean_width=1 / np.sqrt(n), empirical_error=1 / np.sqrt(n))
             for case, n in enumerate((400, 6400))]  # fmt: skip
    (plan,) = plans(SimpleNamespace(all_cases=lambda: cases, widths=(0.1,)), found)
    assert plan.patients == pytest.approx((2 * 1.959963984540054 / 0.1) ** 2)


def test_a_size_without_an_answer_is_passed_over():
    cases = tuple(Case(case, "w", "d", "", n, ()) for case, n in enumerate((400, 1600, 6400)))
    found = [SimpleNamespace(case=case, run="a", term="t", mean_width=width, empirical_error=width / 4)
             for case, width in enumerate((np.nan, 0.1, 0.05))]  # fmt: skip
    study = SimpleNamespace(all_cases=lambda: cases, widths=(0.1, 0.05, 0.2))
    told = {plan.width: plan for plan in plans(study, found)}
    assert told[0.1].patients == 1600
    assert told[0.05].patients == pytest.approx(6400)
    assert told[0.2].reached == "least"


def test_measures_that_are_asked_for_are_drawn_and_wanted_widths_told(tmp_path):
    asked = 'measures = ["mean_width", "power"]\nwidths = [0.05, 0.03]\n'
    _, study, out = made(tmp_path, HEAD + TWO + asked + GRID)
    content = told(study, out)
    keys = {plot.key for section in content.sections for plot in section.charts}
    assert {"lollipop_mean_width_0"} <= keys
    assert not {key for key in keys if "coverage" in key or "bias" in key}
    title = next(p.title for s in content.sections for p in s.charts if p.key == "lollipop_mean_width_0")
    assert title.startswith("Mean width of osseous sarcoidosis goes from")
    (sheet,) = (sheet for section in content.sections if section.key == "planned" for sheet in section.sheets)
    # Limits are 0.04 wide in every case.
    assert [row["of"] for row in sheet.records] == ["whatever varies", "whatever varies"]
    assert {(row["0.05"], row["0.03"]) for row in sheet.records} == {("1500 or fewer", "more than 1500")}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('measures = ["beauty"]', "measures.0"),
        ("measures = []", "'measures' is empty"),
        ("widths = [0]", "widths.0"),
        ("widths = [0.1, 0.1]", "'widths' has 0.1 twice"),
    ],
)
def test_measures_and_widths_that_are_none_are_refused(tmp_path, line, said):
    file = tmp_path / "made_up.toml"
    file.write_text(HEAD + TWO + line + "\n" + GRID, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        load_study(str(file))


def test_a_report_is_verified_from_the_tables_beside_it(small):
    file, _, out = small
    studying.study_report(str(file), out)
    assert verify(out / "report").same_bytes
    with pytest.raises(ConfigurationError, match=r"out/report'"):
        verify(out)
    table = (out / "cases.csv").read_text(encoding="utf-8")
    (out / "cases.csv").write_text(table.replace("0.2", "0.25", 1), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"is not the 'cases\.csv'"):
        verify(out / "report")
    (out / "cases.csv").write_text(table, encoding="utf-8")


def test_a_study_is_explained(small):
    words = explain(str(small[0]), "evidence", "tertiary_records")
    assert "6 cases of 50 replicates" in words
    assert "varies sens: belief.sensitivity.value" in words
    assert "729 cases" in explain("underdiagnosis_sensitivity", "evidence", "tertiary_records")


def test_names_have_no_order_so_a_tornado_goes_to_the_least_and_the_most():
    def value(places):
        return np.array([0.3, 0.1, 0.5, 0.2])[places[0].astype(int)] + places[1]

    factors = (Varied("world", ("a", "b", "c", "d")), Varied("share", (1.0, 2.0)))
    one = Field("", "r", "t", "bias", factors, GRID_INDICES, value, *[np.zeros(2)] * 4, 0.0, 0.0)
    by_world, by_share = swings([one])
    assert (by_world.low, by_world.at_low, by_world.high, by_world.at_high) == ("b", 0.1, "c", 0.5)
    assert by_world.middle == pytest.approx(0.1)
    assert (by_share.low, by_share.high) == (1.0, 2.0)
