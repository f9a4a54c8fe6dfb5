"""SVG as text: numbers, shapes and words, with nothing in it that differs from one building to the next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

#: Ink, a second ink for text of less weight, rules, the ground of panels and the paper.
INK, SOFT, RULE, GROUND, PAPER = "#1c2430", "#5b6675", "#d5dae0", "#f8f9fb", "#ffffff"

#: Okabe and Ito's colours, without the yellow that is too pale for a line; they come again darker, then lighter.
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f")


def color(number: int) -> str:
    """The colour of a step, by its number from 1."""
    turn, place = divmod(number - 1, len(PALETTE))
    return mixed(PALETTE[place], *(("#000000", 0.0), ("#000000", 0.45), ("#ffffff", 0.35))[turn % 3])


def mixed(first: str, second: str, share: float) -> str:
    """A colour with a share of another.

    >>> mixed("#000000", "#ffffff", 0.5)
    '#808080'
    """
    pairs = [(int(first[k : k + 2], 16), int(second[k : k + 2], 16)) for k in (1, 3, 5)]
    return "#" + "".join(f"{int(a + share * (b - a) + 0.5):02x}" for a, b in pairs)


def upon(ground: str) -> str:
    """White or ink, whichever is easier to read upon a colour."""
    red, green, blue = (int(ground[k : k + 2], 16) / 255 for k in (1, 3, 5))
    return PAPER if 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2 < 0.33 else INK


def number(value: float) -> str:
    """A coordinate, to a tenth of a pixel."""
    return f"{round(value, 1) + 0.0:.1f}".removesuffix(".0")


def element(name: str, *inside: str, **attributes: object) -> str:
    """An element; `stroke_width=2` is written stroke-width, numbers to a tenth."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{number(value) if isinstance(value, float) else escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{written}>{''.join(inside)}</{name}>" if inside else f"<{name}{written}/>"


def titled(title: str, *inside: str, **attributes: object) -> str:
    """A group that tells its title to those who point at it, or cannot see it."""
    return element("g", element("title", escape(title)), *inside, **attributes)


def words(x: float, y: float, text: str, size: float = 10.0, fill: str = INK, **attributes: object) -> str:
    """A line of text on its base line."""
    return element("text", escape(text), x=float(x), y=float(y), font_size=float(size), fill=fill, **attributes)


def rectangle(x: float, y: float, width: float, height: float, **attributes: object) -> str:
    return element("rect", x=float(x), y=float(y), width=float(width), height=float(height), **attributes)


def path(data: str, stroke: str, width: float = 1.0, **attributes: object) -> str:
    """A line without filling."""
    return element("path", d=data, fill="none", stroke=stroke, stroke_width=f"{width:g}", **attributes)


def points(*ends: tuple[float, float], between: str = " ") -> str:
    """Coordinates for path data."""
    return between.join(f"{number(x)} {number(y)}" for x, y in ends)


def polyline(*ends: tuple[float, float]) -> str:
    """Path data of a line through points."""
    return "M" + points(*ends, between="L")


def badge(x: float, y: float, text: str, fill: str, radius: float = 8.0) -> str:
    """A numbered disc."""
    return element("circle", cx=float(x), cy=float(y), r=float(radius), fill=fill) + words(
        x, y + 0.36 * radius * 1.15, text, radius * 1.15, upon(fill), text_anchor="middle", font_weight="bold"
    )


def arrow_head(x: float, y: float, fill: str, size: float = 4.5, down: bool = False) -> str:
    """A head whose tip is at a point: it looks to the right, or down."""
    half = size * 0.55
    corners = [(x - half, y - size), (x + half, y - size)] if down else [(x - size, y - half), (x - size, y + half)]
    return element("path", d=polyline((x, y), *corners) + "Z", fill=fill)


def document(width: float, height: float, title: str, description: str, inside: Iterable[str]) -> str:
    """A whole drawing on paper, with title and description for those who cannot see it; one element a line."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {number(width)} {number(height)}" '
        f'width="{number(width)}" height="{number(height)}" font-family="sans-serif" role="img" '
        'aria-labelledby="title description">'
    )
    lines: Sequence[str] = (
        '<?xml version="1.0" encoding="UTF-8"?>',
        head,
        element("title", escape(title), id="title"),
        element("desc", escape(description), id="description"),
        rectangle(0, 0, width, height, fill=PAPER),
        *inside,
        "</svg>",
    )
    return "\n".join(lines) + "\n"
