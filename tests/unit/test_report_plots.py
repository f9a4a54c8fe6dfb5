"""Curves, stacked bars, tornados and surfaces of sections: the same bytes, their numbers in words, gaps in the data."""

import re
from dataclasses import replace
from math import inf, nan

import pytest

from sarcoid_epi.errors import ConfigurationError
from sarcoid_epi.report import build
from sarcoid_epi.report.bar_plots import PARTS, draw_bars, draw_tornado
from sarcoid_epi.report.content import Chart, Content, Line, Mark, Section
from sarcoid_epi.report.drawing import style
from sarcoid_epi.report.figures import all_figures
from sarcoid_epi.report.line_plots import draw_curves
from sarcoid_epi.report.placing import spread
from sarcoid_epi.report.plots import Axis, Bar, Bars, Curve, Curves, Point, Rule, Surface, Swing, Tornado
from sarcoid_epi.report.scales import span, thinned, ticks
from sarcoid_epi.report.surfaces import draw_surface
from sarcoid_epi.results import Estimates

SHARE = Axis("True share (%)", share=True)
GRID = tuple(0.05 * at for at in range(1, 21))
CURVES = Curves(
    "curves",
    "The fewer are found, the more is hidden",
    "Lines: apparent over sensitivity.",
    Axis("Sensitivity (%)", share=True),
    Axis("True share (%, log scale)", share=True, scale="log"),
    tuple(
        Curve(
            f"{100 * apparent:g} % on record",
            GRID,
            tuple(apparent / at for at in GRID),
            tuple(0.8 * apparent / at for at in GRID),
            tuple(1.25 * apparent / at for at in GRID),
        )
        for apparent in (0.005, 0.01, 0.03)
    ),
    (Point(0.2, 0.15, "clinical"),),
    (Rule(0.25, "best guess"), Rule(0.27, "second guess")),
)
CASCADE = (("recorded", 0.19), ("never imaged", 0.36), ("not seen", 0.44), ("not written", 0.01))
BARS = Bars(
    "bars", "Most are never imaged", "True cases.", SHARE, (Bar("Belief “clinical”", "cascade", CASCADE, "12.4 %"),)
)
TORNADO = Tornado(
    "tornado",
    "Imaging matters most",
    "Middle: all inputs in the middle.",
    SHARE,
    0.124,
    (
        Swing("Sensitivity", "belief.sensitivity", "0.2", "0.9", 0.31, 0.062),
        Swing("Both ends above", "belief.other", "none", "all", 0.13, 0.15),
        Swing("Without a result", "belief.third", "0", "1", nan, 0.12),
    ),
)
SURFACE = Surface(
    "surface",
    "Below 98 % nothing fits",
    "Rogan and Gladen.",
    Axis("Sensitivity (%)", share=True),
    Axis("Specificity (%)", share=True),
    Axis("true share (%)", share=True, scale="log"),
    GRID,
    (0.96, 0.98, 0.99, 1.0),
    tuple(
        tuple((0.02 + specificity - 1) / (at + specificity - 1) if specificity > 0.98 else nan for at in GRID)
        for specificity in (0.96, 0.98, 0.99, 1.0)
    ),
    (Point(0.2, 0.99, "clinical"), Point(1.0, 1.0, "perfect")),
)
CHART = Chart("dots", "Dots", "How to read them.", "Share (%)", (Line("one", "id", (Mark("a", 0.1, 0.05, 0.2),)),))
RATIOS = Chart(
    "ratios",
    "Fever is commoner",
    "Odds ratios.",
    Axis("Odds ratio (log scale)", scale="log"),
    (
        Line("Fever", "broad:fever", (Mark("broad", 2.5, 2.0, 3.1), Mark("strict", 3.0, 1.5, 400.0)), "2.5"),
        Line("Nobody", "broad:nobody", (Mark("broad", 0.0, 0.0, 0.7), Mark("strict", nan, nan, nan))),
        Line("Everybody", "", (Mark("broad", inf, 1.4, inf),)),
    ),
    null=1.0,
)
SHIFTS = replace(RATIOS, key="shifts", axis=Axis("Standard deviations"), null=0.0, lines=RATIOS.lines[:1])
DRAWN = {"curves": (draw_curves, CURVES), "bars": (draw_bars, BARS), "tornado": (draw_tornado, TORNADO)}
DRAWN["surface"] = (draw_surface, SURFACE)
ALL = (CURVES, BARS, TORNADO, SURFACE, CHART)


def content(*plots) -> Content:
    return Content("Title", "Question?", "data", Estimates((), ()), sections=(Section("one", "One", (), (), plots),))


def drawing(plot):
    return all_figures(content(plot))[plot.key]


@pytest.mark.parametrize("kind", DRAWN)
def test_a_plot_drawn_twice_gives_the_same_bytes_and_a_light_file(kind):
    draw, plot = DRAWN[kind]
    with style():
        one, other = draw(plot), draw(replace(plot))
    assert (one.svg, one.png) == (other.svg, other.png)
    assert len(one.svg) < 150_000
    assert one.title == plot.title.replace(" %", "\u00a0%")


@pytest.mark.parametrize("chart", [RATIOS, SHIFTS], ids=lambda chart: chart.key)
def test_a_chart_on_an_axis_of_its_own_has_a_line_at_no_difference_and_the_same_bytes(chart):
    one, other = drawing(chart), drawing(replace(chart))
    assert (one.svg, one.png) == (other.svg, other.png)
    assert drawing(replace(chart, null=None)).svg.count("<path") < one.svg.count("<path")
    assert ">2.5<" in one.svg


def test_the_words_of_a_chart_of_ratios_hold_the_limits():
    words = drawing(RATIOS).alt
    assert words.startswith("Fever: broad 2.5 (2 to 3.1), strict 3 (1.5 to 400); Nobody: broad 0 (0 to 0.7), strict –;")
    assert words.endswith("Everybody: broad – (1.4 to –).")


def test_a_ratio_far_away_or_without_end_runs_off_the_axis_and_moves_nothing():
    """The axis reaches four times beyond the dots: 3 x 4 = 12 and 1 / 4, with a little room; not to 400."""
    from sarcoid_epi.report.charts import _ends

    marks = [mark for line in RATIOS.lines for mark in line.marks]
    low, high = _ends(RATIOS.axis, marks, 1.0)
    assert 0.2 < low < 0.25
    assert 12 < high < 15
    assert _ends(RATIOS.axis, [Mark("none", nan, nan, nan)], None) == pytest.approx((0.5 / 4**0.04, 2 * 4**0.04))


def test_the_kind_of_a_plot_decides_how_it_is_drawn():
    figures = all_figures(content(*ALL))
    assert list(figures) == [plot.key for plot in ALL]
    for plot, start in zip(
        ALL, ("True share (%, log", "Stacked bars", "Tornado", "true share (%) over", "one"), strict=True
    ):
        assert figures[plot.key].alt.startswith(start)


def test_the_words_of_curves_hold_course_limits_points_and_rules():
    words = drawing(CURVES).alt.replace("\u00a0", " ")
    assert "0.5 % on record: 10.0 % (8.0 to 12.5 %) at 5 %" in words
    assert "3.0 % (2.4 to 3.8 %) at 100 %; clinical: 15.0 % at 20 %" in words
    assert "vertical line at 25 %: best guess" in words


def test_the_words_of_bars_hold_every_part_and_what_stands_at_the_end():
    words = drawing(BARS).alt.replace("\u00a0", " ")
    assert "recorded 19.0 %, never imaged 36.0 %, not seen 44.0 %, not written 1.0 % (12.4 %)" in words


def test_the_words_of_a_tornado_hold_both_ends_of_each_input():
    words = drawing(TORNADO).alt.replace("\u00a0", " ")
    assert words.startswith("Tornado, True share (%), middle 12.4 %. Sensitivity: 31.0 % at 0.2, 6.2 % at 0.9;")
    assert "Without a result: – at 0, 12.0 % at 1" in words


def test_the_words_of_a_surface_say_what_is_not_reachable():
    words = drawing(SURFACE).alt.replace("\u00a0", " ")
    assert "at 5 % and 96 % not reachable" in words
    assert "at 5 % and 100 % 40.0 %" in words
    assert "at 100 % and 100 % 2.0 %; marked: clinical, at 20 % and 99 %" in words


def test_the_legend_of_a_surface_names_its_gaps_only_where_there_are_any():
    assert ">not reachable<" in drawing(SURFACE).svg
    full = replace(SURFACE, values=tuple(tuple(0.1 * at for at in GRID) for _ in range(4)))
    assert "not reachable" not in drawing(full).svg


def test_a_level_surface_has_one_shade_and_no_line():
    level = replace(SURFACE, values=tuple(tuple(0.1 for _ in GRID) for _ in range(4)), points=())
    assert "QuadContourSet_1" in drawing(level).svg
    assert "QuadContourSet_2" not in drawing(level).svg
    assert "QuadContourSet_2" in drawing(SURFACE).svg


def test_lines_of_a_surface_stand_where_the_caller_wants_them():
    svg = drawing(replace(SURFACE, levels=(0.03, 0.07, 7.0))).svg
    assert ">3<" in svg
    assert ">7<" in svg
    assert ">700<" not in svg


def test_a_curve_breaks_where_it_is_unknown_and_a_value_alone_is_a_dot():
    broken = Curve("broken", (0.0, 1.0, 2.0, 3.0), (0.1, nan, 0.2, 0.3))
    made = drawing(Curves("broken", "t", "c", Axis("Years"), SHARE, (broken,)))
    assert "broken: 10.0\u00a0% at 0, 20.0\u00a0% at 2, 30.0\u00a0% at 3" in made.alt
    assert "nan" not in re.sub(r"<[^>]*(font|family)[^>]*>", "", made.svg).lower()


def test_a_value_of_zero_finds_no_place_on_a_log_scale_but_breaks_nothing():
    made = drawing(replace(CURVES, curves=(Curve("from zero", (0.0, 0.5, 1.0), (0.0, 0.1, 0.2)),)))
    assert "from zero: 0.0\u00a0% at 0\u00a0%" in made.alt


def test_a_bar_with_an_unknown_part_is_empty_and_says_so():
    unknown = Bar("Unknown", "u", (("recorded", 0.2), ("never imaged", nan), ("not seen", 0.1)))
    made = drawing(replace(BARS, bars=(unknown,)))
    assert "recorded 20.0\u00a0%, never imaged –" in made.alt
    assert "> –<" in made.svg


def test_a_bar_shows_every_part_as_a_number_and_leaves_out_what_is_nothing():
    bar = Bar("One", "id", (*CASCADE[:3], ("not written", 0.01), ("nothing", 0.0)))
    svg = drawing(replace(BARS, bars=(bar,))).svg
    for number in ("19.0", "36.0", "44.0", "1.0"):
        assert f">{number}</text>" in svg
    assert ">nothing<" not in svg


def test_where_there_is_nothing_to_draw_there_is_no_figure():
    empty = (
        replace(CURVES, curves=()),
        replace(CURVES, curves=(Curve("unknown", (1.0,), (nan,)),)),
        replace(BARS, bars=()),
        replace(TORNADO, swings=()),
        replace(TORNADO, middle=nan),
        replace(SURFACE, values=tuple(tuple(nan for _ in GRID) for _ in range(4))),
    )
    assert all_figures(content(*empty)) == {}


@pytest.mark.parametrize(
    ("plot", "why"),
    [
        (replace(BARS, bars=(Bar("One", "id", (("recorded", -0.1),)),)), "below 0"),
        (replace(BARS, bars=(Bar("One", "id", tuple((f"part {at}", 0.1) for at in range(7))),)), "without colour"),
        (replace(BARS, axis=Axis("Share", scale="log")), "add up"),
        (
            replace(CURVES, y=Axis("y", scale="root"), curves=(Curve("below", (0.0, 1.0), (-0.1, 1.0)),), points=()),
            "no place for -0.1",
        ),
    ],
)
def test_what_cannot_be_drawn_honestly_is_refused(plot, why):
    with pytest.raises(ConfigurationError, match=why):
        all_figures(content(plot))


def test_curves_of_unequal_lengths_are_refused():
    with pytest.raises(ValueError, match="zip"):
        drawing(replace(CURVES, curves=(Curve("short", (0.1, 0.2), (0.1, 0.2, 0.3)),)))


def test_neighbouring_parts_differ_in_lightness_or_one_is_hatched():
    from matplotlib.colors import to_rgb

    lightness = [
        sum(w * v for w, v in zip((0.299, 0.587, 0.114), to_rgb(look["facecolor"]), strict=True)) for look, _ in PARTS
    ]
    hatched = ["hatch" in look for look, _ in PARTS]
    for at in range(len(PARTS) - 1):
        assert lightness[at + 1] - lightness[at] > 0.1 or hatched[at] != hatched[at + 1]


def test_a_section_with_all_kinds_builds_a_page_whose_figures_have_names(tmp_path):
    folder = tmp_path / "report"
    page = build(content(*ALL), folder).read_text(encoding="utf-8")
    for plot in ALL:
        assert f'<figure id="figure-{plot.key}">' in page
        assert f'<svg role="img" aria-labelledby="{plot.key}-title" aria-describedby="{plot.key}-desc"' in page
        title, words = (re.search(rf'id="{plot.key}-{part}">([^<]+)<', page) for part in ("title", "desc"))
        assert title.group(1) == plot.title.replace(" %", "\u00a0%")
        assert len(words.group(1)) > 10
        assert (folder / "figures" / f"{plot.key}.png").exists()
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_words_are_moved_apart_as_little_as_possible():
    assert spread([], [], 0, 1) == []
    assert spread([1.0, 1.0, 1.0], [1.0, 1.0, 1.0], 0.0, 10.0) == [0.5, 1.5, 2.5]
    assert spread([9.0, 2.0], [1.0, 1.0], 0.0, 10.0) == [9.0, 2.0]
    assert spread([9.9, 9.8], [2.0, 2.0], 0.0, 10.0) == [9.0, 7.0]


def test_ticks_are_round_and_have_room():
    assert ticks(Axis("", True, "log"), 0.004, 0.8) == [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5]
    assert ticks(Axis("", True, "root"), 0.0, 1.0) == pytest.approx(
        [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1]
    )
    assert ticks(Axis(""), 0.0, 10.0) == [0, 2, 4, 6, 8, 10]
    assert len(ticks(Axis("", scale="log"), 3.0, 4.0)) > 2


def test_an_axis_has_room_for_all_values_and_for_one_alone():
    assert span(Axis("", True), [0.0, 1.0]) == (0.0, 1.0)
    assert span(Axis("", True), [0.0, 1.0 + 1e-12])[1] == 1.0
    assert span(Axis(""), [nan, 5.0, 10.0, inf]) == (4.75, 10.25)
    assert span(Axis("", scale="log"), [0.0, 1.0, 10.0], tight=True) == (1.0, 10.0)
    for scale in ("plain", "root", "log"):
        low, high = span(Axis("", scale=scale), [2.0])
        assert low < 2.0 < high
    assert span(Axis("", scale="root"), [0.0], tight=True) == (0.0, 0.5)


def test_vertices_are_thinned_evenly_with_both_ends():
    assert list(thinned(3, 5)) == [0, 1, 2]
    assert thinned(1001, 5) == [0, 250, 500, 750, 1000]


def test_ticks_close_together_keep_their_digits():
    svg = drawing(replace(SURFACE, grid_y=(0.999, 0.9995, 0.99975, 1.0), points=())).svg
    assert re.findall(r">(99\.\d+)<", svg) == ["99.9", "99.92", "99.94", "99.96", "99.98"]
