"""The steps alone: boxes on a diagonal, and how many arrows lead from each to each later one."""

from __future__ import annotations

from collections import Counter

from sarcoid_epi.documenting.graph import Graph, headed
from sarcoid_epi.documenting.svg import (
    INK,
    PAPER,
    SOFT,
    arrow_head,
    badge,
    color,
    document,
    element,
    mixed,
    path,
    polyline,
    rectangle,
    titled,
    upon,
    words,
)

MARGIN, TOP = 28.0, 92.0
#: A box, and how far the next one stands to the right and down.
WIDTH, HEIGHT, ACROSS, DOWN = 150.0, 30.0, 62.0, 46.0


def causal_overview(graph: Graph) -> str:
    """The drawing as SVG.

    A step's line leaves it to the right; where it turns down into a later step, a disc tells how many of its boxes'
    arrows do so.
    """
    steps = list(graph.steps)
    counts = Counter(
        (steps.index(graph.box_of[line.cause].step), steps.index(graph.box_of[line.effect].step))
        for line in graph.lines
    )
    between = {ends: count for ends, count in sorted(counts.items()) if ends[0] != ends[1]}
    width = max(MARGIN * 2 + ACROSS * (len(steps) - 1) + WIDTH, 760)
    height = TOP + DOWN * (len(steps) - 1) + HEIGHT + MARGIN
    parts = [
        words(MARGIN, 42, "The steps of the generator, in causal order", 20, font_weight="bold"),
        words(
            MARGIN,
            62,
            "A step acts on the steps below it wherever its line carries a disc: the disc says with how",
            11.5,
            SOFT,
        ),
        words(MARGIN, 77, "many arrows of the causal graph. Lines that cross without a disc do not meet.", 11.5, SOFT),
    ]
    parts += _lines(len(steps), between)
    parts += [_step(graph, place, step) for place, step in enumerate(steps)]
    parts += [_disc(steps, ends, count) for ends, count in between.items()]
    told = "; ".join(f"{steps[a]} to {steps[b]} {count}" for (a, b), count in between.items())
    return document(width, height, "Overview of the causal graph", f"Arrows between steps: {told}.", parts)


def _corner(place: int) -> tuple[float, float]:
    return MARGIN + ACROSS * place, TOP + DOWN * place


def _crossing(cause: int, effect: int) -> tuple[float, float]:
    """Where the line of a cause turns down into an effect."""
    return _corner(effect)[0] + WIDTH - 22, _corner(cause)[1] + HEIGHT / 2


def _lines(steps: int, between: dict[tuple[int, int], int]) -> list[str]:
    parts = []
    for place in range(steps):
        causes = [cause for cause, effect in between if effect == place]
        if causes:
            (x, y), below = _crossing(causes[0], place), _corner(place)[1]
            parts.append(path(polyline((x, y), (x, below - 6)), "#aab2bd", 1.6))
            parts.append(arrow_head(x, below - 1, "#7a8491", 8, down=True))
    for place in range(steps):
        effects = [effect for cause, effect in between if cause == place]
        if effects:
            (x, y), left = _crossing(place, effects[-1]), _corner(place)[0]
            parts.append(path(polyline((left + WIDTH, y), (x, y)), color(place + 1), 2.4))
    return parts


def _step(graph: Graph, place: int, step: str) -> str:
    x, y = _corner(place)
    tint = color(place + 1)
    boxes = graph.steps[step]
    recorded = sum(len(box.members) for box in boxes if box.standing == "recorded")
    latent = sum(len(box.members) for box in boxes) - recorded
    return titled(
        f"Step {place + 1}, {step}: {recorded} recorded variables, {latent} latent",
        rectangle(x, y, WIDTH, HEIGHT, fill=mixed(tint, PAPER, 0.85), stroke=tint, rx=4.0),
        badge(x + 15, y + HEIGHT / 2, str(place + 1), tint, 9.5),
        words(x + 30, y + 13.5, headed(step), 11.5, INK, font_weight="bold"),
        words(x + 30, y + 24.5, f"{recorded} recorded, {latent} latent", 8.5, SOFT),
    )


def _disc(steps: list[str], ends: tuple[int, int], count: int) -> str:
    """A disc whose area grows with the number of arrows."""
    x, y = _crossing(*ends)
    tint = color(ends[0] + 1)
    radius = min(15.0, 6.5 + 1.1 * count**0.5)
    number = words(x, y + 3.4, str(count), 9.5, upon(tint), text_anchor="middle", font_weight="bold")
    title = f"{steps[ends[0]]} → {steps[ends[1]]}: {count}"
    return titled(title, element("circle", cx=x, cy=y, r=radius, fill=tint, stroke=PAPER), number)
