"""The figures of a report, in the order of the page."""

from __future__ import annotations

from sarcoid_epi.report.charts import draw_chart
from sarcoid_epi.report.content import Content
from sarcoid_epi.report.dot_plots import corrected_plot, organ_plot
from sarcoid_epi.report.drawing import Drawing, style
from sarcoid_epi.report.forest import forest_plot


def all_figures(content: Content) -> dict[str, Drawing]:
    """Every figure for which there is matter, by key, in the order of the page."""

    with style():
        if content.sections:
            charts = (chart for section in content.sections for chart in section.charts)
            return {chart.key: draw_chart(chart) for chart in charts}
        drawings = (make(content) for make in (forest_plot, organ_plot, corrected_plot))
        return {drawing.key: drawing for drawing in drawings if drawing is not None}
