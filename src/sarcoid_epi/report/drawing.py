"""What a figure is: what it says in words, and its drawing as SVG and PNG, the same bytes everywhere."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

#: Ink, a second ink for text of less weight, rules, and two colours that differ in lightness too.
INK, SOFT, RULE, BLUE, ORANGE = "#1c2430", "#5b6675", "#d5dae0", "#0f5a93", "#d97a00"

TICKS = (0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1)

STYLE: dict[str, Any] = {
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans"],
    "font.monospace": ["DejaVu Sans Mono"],
    "font.size": 9.0,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": SOFT,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "xtick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.left": False,
    "text.parse_math": False,
    "svg.hashsalt": "sarcoid-epi",
    "svg.fonttype": "none",
    "savefig.facecolor": "white",
}


@dataclass(frozen=True)
class Drawing:
    """A figure: its key, what it says (`title`), how to read it (`caption`), `alt` text, and its bytes."""

    key: str
    title: str
    caption: str
    alt: str
    svg: str
    png: bytes

    @property
    def inline(self) -> Markup:
        """The SVG for the page: no prolog, ids of its own, a title and a description for those who cannot see it."""
        body = self.svg[self.svg.index("<svg") :]
        body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
        body = re.sub(r'\bid="([^"]+)"', rf'id="{self.key}-\1"', body)
        body = re.sub(r'(href="|url\()#', rf"\1#{self.key}-", body)
        head = f'<svg role="img" aria-labelledby="{self.key}-title" aria-describedby="{self.key}-desc"'
        words = f'<title id="{self.key}-title">{escape(self.title)}</title><desc id="{self.key}-desc">'
        body = body.replace("<svg", head, 1)
        start = body.index(">") + 1
        return Markup(f"{body[:start]}{words}{escape(self.alt)}</desc>{body[start:]}")


@contextmanager
def style() -> Iterator[None]:
    """Matplotlib as it comes out of the box with our settings, whatever the reader has configured; put back after."""
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)  # type: ignore[arg-type]  # the stubs know rcParams' keys only as literals
        yield


def canvas(width: float, height: float) -> Canvas:
    """An empty figure that no global state knows of; sizes in inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas

    made = Canvas(figsize=(width, height))
    FigureCanvasAgg(made)
    return made


def drawn(key: str, title: str, caption: str, alt: str, figure: Canvas) -> Drawing:
    """A figure as SVG and PNG without date, program or random id."""
    svg, png = io.StringIO(), io.BytesIO()
    figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    figure.savefig(png, format="png", dpi=160, metadata={"Software": None})
    text = "\n".join(line.rstrip() for line in svg.getvalue().splitlines()) + "\n"
    return Drawing(key, title, caption, alt, text, png.getvalue())


def bare(axes: Axes, rows: int, above: float = 0.6) -> None:
    """Rows from the top down, without a vertical axis, with quiet vertical rules."""
    axes.set_ylim(rows - 0.4, -above)
    axes.set_yticks([])
    axes.grid(axis="x", color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(axis="x", length=3)


def square_root(axes: Axes, top: float) -> None:
    """A horizontal square-root scale of shares, from 0 to `top`, with as many ticks as have room; marked in percent."""
    ticks: list[float] = []
    for tick in TICKS:
        if tick <= top and (not ticks or (tick**0.5 - ticks[-1] ** 0.5) > 0.05 * top**0.5):
            ticks.append(tick)
    axes.set_xscale("function", functions=(lambda x: abs(x) ** 0.5, lambda x: x**2))
    axes.set_xlim(0, top)
    axes.set_xticks(ticks, [f"{100 * tick:g}" for tick in ticks])
    axes.minorticks_off()


def interval(axes: Axes, y: float, low: float, high: float, color: str = INK, width: float = 1.3) -> None:
    """Limits as a line, where there are any."""
    if not (math.isnan(low) or math.isnan(high)):
        axes.plot([low, high], [y, y], color=color, linewidth=width, solid_capstyle="butt", zorder=2)
