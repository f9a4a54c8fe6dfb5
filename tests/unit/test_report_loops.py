"""Nested loops, stems and maps of cells: data in, a drawing out that says what it shows."""

from dataclasses import replace
from math import nan

import pytest

from sarcoid_epi.report.charts import draw_chart
from sarcoid_epi.report.content import Chart, Line, Mark
from sarcoid_epi.report.drawing import style
from sarcoid_epi.report.heat_maps import draw_heat
from sarcoid_epi.report.line_plots import VERTICES, draw_curves
from sarcoid_epi.report.plots import Axis, Cell, Curve, Curves, Heat, Loop, Rule

PLACES = tuple(at - 0.5 for at in range(5))
LOOPS = Curves(
    "loops", "One method lies above", "Cases one after the other.", Axis("Case"), Axis("Bias (%)", share=True),
    (Curve("plain", PLACES, (0.01, 0.02, 0.03, nan, nan)),), steps=True,
    loops=(Loop("size", ("100", "200"), (0, 0, 1, 1)), Loop("share", ("5", "10"), (0, 1, 0, 1))),
    level=Rule(0.0, "none"),
)  # fmt: skip
CELLS = (Cell(0.9, "below"), Cell(0.95), Cell(nan))
MAP = Heat(
    "map", "Two cells", "Coverage.", Axis("Coverage (%)", share=True), "size", ("100", "200", "300"),
    (("share 5", "plain", CELLS), ("share 10", "plain", (Cell(0.99, "above"), *CELLS[1:]))),
    ("below what chance allows", "within", "above"),
)  # fmt: skip
STEMS = Chart("stems", "Dots", "On stems.", Axis("Bias"), (Line("one", "", (Mark("a", 0.2, 0.1, 0.3),)),), null=0.0)


def drawing(draw, plot):
    with style():
        return draw(plot)


@pytest.mark.parametrize(("draw", "plot"), [(draw_curves, LOOPS), (draw_heat, MAP), (draw_chart, STEMS)])
def test_drawn_twice_the_bytes_are_the_same(draw, plot):
    one, other = drawing(draw, plot), drawing(draw, replace(plot))
    assert (one.svg, one.png) == (other.svg, other.png)
    assert len(one.svg) < 150_000


def test_loops_stand_below_and_are_told_in_words():
    got = drawing(draw_curves, LOOPS)
    assert ">size<" in got.svg
    assert ">100, 200<" in got.svg
    assert "below, size goes through 100, 200" in got.alt
    assert "line across at 0.0 %: none" in got.alt.replace("\u00a0", " ")
    assert "size: 100" not in drawing(draw_curves, replace(LOOPS, loops=())).svg


def test_every_case_of_long_loops_is_drawn():
    """A curve without loops is thinned; one with loops has a step for every case."""
    count = 3 * VERTICES
    x, y = tuple(at - 0.5 for at in range(count + 1)), tuple(at % 7 / 100 for at in range(count + 1))
    long = replace(LOOPS, curves=(Curve("plain", x, y),), loops=(Loop("at", ("0", "1"), (0, 1) * (count // 2)),))
    assert len(drawing(draw_curves, long).svg) > 2 * len(drawing(draw_curves, replace(long, loops=())).svg)


def test_a_map_says_each_cell_its_verdict_and_what_it_has_not():
    got = drawing(draw_heat, MAP)
    words = got.alt.replace("\u00a0", " ")
    assert "plain, share 5: 100 90.0 % (below), 200 95.0 %, 300 –" in words
    assert "below what chance allows" in got.svg
    assert "below what chance allows" not in drawing(draw_heat, replace(MAP, rows=MAP.rows[1:])).svg
    empty = replace(MAP, rows=(("share 5", "", (Cell(nan),) * 3),))
    assert drawing(draw_heat, empty) is None


def test_stems_are_drawn_where_they_are_asked_for():
    assert drawing(draw_chart, replace(STEMS, stems=True)).svg != drawing(draw_chart, STEMS).svg
