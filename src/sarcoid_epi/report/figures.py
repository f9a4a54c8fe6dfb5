"""The figures of a report, in the order of the page."""

from __future__ import annotations

from sarcoid_epi.report.bar_plots import draw_bars, draw_tornado
from sarcoid_epi.report.charts import draw_chart
from sarcoid_epi.report.content import Content, Plot
from sarcoid_epi.report.dot_plots import corrected_plot, organ_plot
from sarcoid_epi.report.drawing import Drawing, style
from sarcoid_epi.report.forest import forest_plot
from sarcoid_epi.report.heat_maps import draw_heat
from sarcoid_epi.report.line_plots import draw_curves
from sarcoid_epi.report.plots import Bars, Curves, Heat, Surface, Tornado
from sarcoid_epi.report.surfaces import draw_surface


def all_figures(content: Content) -> dict[str, Drawing]:
    """Every figure for which there is matter, by key, in the order of the page."""

    with style():
        usual = () if content.sections else (forest_plot, organ_plot, corrected_plot)
        own = (_draw(chart) for section in (*content.sections, *content.further) for chart in section.charts)
        drawings = (*(make(content) for make in usual), *own)
        return {drawing.key: drawing for drawing in drawings if drawing is not None}


def _draw(plot: Plot) -> Drawing | None:
    match plot:
        case Curves():
            return draw_curves(plot)
        case Bars():
            return draw_bars(plot)
        case Tornado():
            return draw_tornado(plot)
        case Surface():
            return draw_surface(plot)
        case Heat():
            return draw_heat(plot)
    return draw_chart(plot)
