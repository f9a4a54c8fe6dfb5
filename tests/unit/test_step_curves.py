"""Curves that are step functions, and numbers aligned below their axis."""

import re
from dataclasses import replace
from math import nan

import pytest

from sarcoid_epi.report.content import Content, Section
from sarcoid_epi.report.drawing import style
from sarcoid_epi.report.figures import all_figures
from sarcoid_epi.report.line_plots import draw_curves
from sarcoid_epi.report.plots import Axis, Curve, Curves, Numbers
from sarcoid_epi.results import Estimates

TIME = (0.0, 1.0, 6.0, 9.0)
FREE = Curve("with", TIME, (1.0, 5 / 6, 5 / 12, 0.0), (nan, 0.6, 0.2, 0.0), (nan, 0.95, 0.7, 0.7))
BELOW = Numbers("At risk at year", (1.0, 6.0, 9.0), (("with", (6.0, 4.0, 1.0)), ("without", (5.0, nan, 0.0))))
STEPS = Curves(
    "steps", "Title", "Caption", Axis("Years"), Axis("Free (%)", share=True),
    (FREE, Curve("without", TIME, (1.0, 0.9, 0.8, 0.7))), steps=True, below=BELOW,
)  # fmt: skip


def drawing(plot):
    section = Section("one", "One", (), (), (plot,))
    return all_figures(Content("Title", "Question?", "data", Estimates((), ()), sections=(section,)))[plot.key]


def test_steps_drawn_twice_give_the_same_bytes():
    with style():
        one, other = draw_curves(STEPS), draw_curves(replace(STEPS))
    assert (one.svg, one.png) == (other.svg, other.png)


def test_a_step_holds_its_value_until_the_next():
    """A step function has a corner more between two vertices than a line."""

    def corners(plot):
        path = max(re.findall(r'<path d="([^"]+)"[^>]*stroke-width: 1.9', drawing(plot).svg), key=len)
        return path.count("L")

    assert corners(STEPS) == 2 * corners(replace(STEPS, steps=False))


def test_numbers_below_stand_in_the_figure_and_in_its_words():
    made = drawing(STEPS)
    assert "At risk at year 1, 6, 9: with 6, 4, 1; At risk at year 1, 6, 9: without 5, –, 0" in made.alt
    for words in (">At risk at year<", ">with<", ">without<", ">–<"):
        assert words in made.svg


def test_numbers_below_make_the_figure_higher_and_change_no_other():
    def height(plot):
        return float(re.search(r'viewBox="0 0 \S+ (\S+)"', drawing(plot).svg).group(1))

    plain = replace(STEPS, below=None)
    assert height(STEPS) > height(plain) == pytest.approx(4.6 * 72)


def test_a_curve_of_many_steps_is_light_and_keeps_its_first_and_last_value():
    many = Curve("many", (0.0, *(0.5 + at / 1000 for at in range(5000))), (nan, *(1 - at / 5000 for at in range(5000))))
    made = drawing(replace(STEPS, curves=(many,), below=None))
    assert len(made.svg) < 150_000
    assert "100.0\u00a0% at 0.5" in made.alt
