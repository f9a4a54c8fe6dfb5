"""Dots with limits: how common each organ is, and how the corrected share moves with the belief."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Any

from sarcoid_epi.report.content import Content
from sarcoid_epi.report.drawing import BLUE, INK, ORANGE, SOFT, Drawing, bare, canvas, drawn, interval, square_root
from sarcoid_epi.report.estimate_tables import recorded_beside
from sarcoid_epi.report.markup import fits, group_label, level, limits, printed, rows_of, run_parts, term_label
from sarcoid_epi.results import Estimate, percent
from sarcoid_epi.vocabulary import label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Marker and colour of all patients and of up to four groups; they differ in shape as well as in colour.
LOOKS = (("o", INK), ("s", BLUE), ("D", ORANGE), ("^", SOFT), ("v", INK))


def organ_rows(content: Content) -> tuple[tuple[Estimate, ...], tuple[Estimate, ...]]:
    """Rows of organs and of bone on record: for all patients, and by Löfgren syndrome where that was asked."""
    rows = [*rows_of(content, "organs"), *rows_of(content, "recorded_osseous")]
    lofgren = sorted({run_parts(row.run)[1] for row in rows if run_parts(row.run)[1].startswith("lofgren")})
    by = lofgren[0] if lofgren else None
    overall = tuple(row for row in rows if not run_parts(row.run)[1])
    return overall, tuple(row for row in rows if by and run_parts(row.run)[1] == by)


def organ_plot(content: Content) -> Drawing | None:
    """Organ involvement, most common first; None where no organ has an estimate."""
    overall, grouped = organ_rows(content)
    overall = tuple(sorted((r for r in overall if not isnan(r.estimate)), key=lambda r: (-r.estimate, r.term)))
    if not any(run_parts(row.run)[0] == "organs" for row in overall):
        return None
    terms = [row.term for row in overall]
    groups = list(dict.fromkeys(row.group for row in grouped))[: len(LOOKS) - 1]
    height = 0.42 * len(terms) + 0.7
    figure = canvas(8.2, height)
    axes = figure.add_axes((0.27, 0.55 / height, 0.6, 1 - 0.6 / height))
    square_root(axes, 1)
    bare(axes, len(terms))
    offsets = [0.0] if not groups else [-0.2 + 0.4 * at / len(groups) for at in range(len(groups) + 1)]
    series = [("All patients", overall), *((group_label(g), [r for r in grouped if r.group == g]) for g in groups)]
    dots: dict[str, list[Any]] = {"share": [], "line": [], "patients": []}
    for offset, (_, color), (name, members) in zip(offsets, LOOKS, series, strict=False):
        for row in (row for row in members if row.term in terms and not isnan(row.estimate)):
            y = terms.index(row.term) + offset
            interval(axes, y, row.conf_low, row.conf_high, color)
            for key, value in zip(dots, (row.estimate, y, _short(name)), strict=True):
                dots[key].append(value)
    _dots(axes, dots, [_short(name) for name, _ in series])
    for y, row in enumerate(overall):
        _row_text(axes, y, term_label(row.term), row.id, percent(row.estimate))
    axes.set(xlabel="Patients in whom it is known (%, square-root scale)", ylabel="")
    if groups:
        axes.legend(loc="lower right", frameon=False, fontsize=8, handlelength=1.6)
    return drawn("organs", _organ_title(overall), _organ_caption(overall, grouped), _organ_alt(overall), figure)


def _dots(axes: Axes, dots: dict[str, list[Any]], names: list[str]) -> None:
    """One dot for each estimate, groups told apart by shape and by colour. The limits are ours, not seaborn's."""
    import seaborn

    looks = dict(zip(names, LOOKS, strict=False))
    seaborn.scatterplot(
        dots,
        x="share",
        y="line",
        hue="patients",
        style="patients",
        hue_order=names,
        style_order=names,
        palette={name: color for name, (_, color) in looks.items()},
        markers={name: marker for name, (marker, _) in looks.items()},
        s=30,
        linewidth=0,
        zorder=3,
        legend="full" if len(names) > 1 else False,
        ax=axes,
    )


def _short(name: str) -> str:
    """A group's label without the explanation in brackets."""
    before, bracket, rest = name.partition(" (")
    return before + rest.partition(")")[2] if bracket else name


def _row_text(axes: Axes, y: float, name: str, id: str, value: str) -> None:
    beside = axes.get_yaxis_transform()
    axes.text(-0.02, y - 0.16, name, transform=beside, ha="right", va="center", fontsize=8.8)
    axes.text(
        -0.02, y + 0.2, id, transform=beside, ha="right", va="center", fontsize=6.4, color=SOFT, family="monospace"
    )
    axes.text(1.02, y, value, transform=beside, va="center", fontsize=8.6)


def _organ_title(overall: tuple[Estimate, ...]) -> str:
    first, last = overall[0], overall[-1]
    most, least = term_label(first.term), term_label(last.term)
    words = f"{most} leads with {percent(first.estimate)} of patients; {least[:1].lower() + least[1:]}"
    return printed(f"{words} is the rarest with {percent(last.estimate)}")


def _organ_caption(overall: tuple[Estimate, ...], grouped: tuple[Estimate, ...]) -> str:
    sizes = sorted({int(row.n) for row in overall if not isnan(row.n)})
    n = f"n = {sizes[0]}" if len(sizes) == 1 else f"n = {sizes[0]} to {sizes[-1]}"
    by = run_parts(grouped[0].run)[1] if grouped else ""
    apart = f" Groups: {label(by)}; their numbers stand in the table of prevalence." if by else ""
    return printed(
        f"Dots: percent of patients in whom the organ is known ({n}). Lines: {level(overall[0])} limits.{apart}"
    )


def _organ_alt(overall: tuple[Estimate, ...]) -> str:
    said = [f"{term_label(row.term)} {percent(row.estimate)} ({limits(row)})" for row in overall]
    return "Dots with limits, all patients: " + "; ".join(said) + "."


def corrected_rows(content: Content) -> tuple[Estimate, ...]:
    """The recorded share of all patients, then the corrected share under each belief that fits the records."""
    corrected = sorted((r for r in _believed(content) if fits(r)), key=lambda r: (r.estimate, r.run))
    recorded = [one for row in corrected[:1] if (one := recorded_beside(content, row)) and not isnan(one.estimate)]
    return (*recorded, *corrected)


def _believed(content: Content) -> list[Estimate]:
    return [row for row in rows_of(content, "corrected_prevalence") if row.group == "all"]


def corrected_plot(content: Content) -> Drawing | None:
    """Recorded against corrected share by belief; None where nothing was corrected."""
    rows = corrected_rows(content)
    beliefs = [row for row in rows if run_parts(row.run)[0] == "corrected_prevalence"]
    if not beliefs:
        return None
    height = 0.46 * len(rows) + 0.8
    figure = canvas(8.2, height)
    axes = figure.add_axes((0.3, 0.55 / height, 0.43, 1 - 0.65 / height))
    bare(axes, len(rows))
    for y, row in enumerate(rows):
        believed = row in beliefs
        interval(axes, y, row.conf_low, row.conf_high, BLUE if believed else INK, 1.6)
        axes.plot(
            [row.estimate], [y], "D" if believed else "s", color=BLUE if believed else INK, markersize=6, zorder=3
        )
        _row_text(axes, y, _name(row), row.id, f"{percent(row.estimate)} ({limits(row)})")
    ends = [end for row in rows for end in (row.estimate, row.conf_low, row.conf_high) if not isnan(end)]
    axes.set_xlim(min(0.0, *ends) * 1.05, max(ends) * 1.05)
    axes.xaxis.set_major_formatter(lambda share, _: f"{100 * share:.3g}")
    axes.set_xlabel("Share of patients with osseous sarcoidosis (%)")
    return drawn(
        "corrected", _corrected_title(rows, beliefs), _corrected_caption(content, rows), _corrected_alt(rows), figure
    )


def _name(row: Estimate) -> str:
    belief = run_parts(row.run)[2]
    return "On record" if run_parts(row.run)[0] == "recorded_osseous" else f"Belief “{belief or 'given'}”"


def _corrected_title(rows: tuple[Estimate, ...], beliefs: list[Estimate]) -> str:
    low, high = percent(beliefs[0].estimate), percent(beliefs[-1].estimate)
    start = f"On record {percent(rows[0].estimate)}; " if rows[0] not in beliefs else ""
    if len(beliefs) == 1:
        return printed(f"{start}corrected {low} under the one belief given")
    return printed(f"{start}corrected {low} to {high}, depending on what is believed about detection")


def _corrected_caption(content: Content, rows: tuple[Estimate, ...]) -> str:
    left_out = [f"{_name(row)} ({row.note or 'no limits'})" for row in _believed(content) if not fits(row)]
    without = f" Left out, since they give no share of these records: {'; '.join(left_out)}." if left_out else ""
    sizes = sorted({f"{row.n:.0f}" for row in rows})
    return printed(
        f"n = {' or '.join(sizes)}. Square: recorded share. Diamonds: corrected share. Lines: {level(rows[0])} limits; "
        "those of the corrected shares carry the uncertainty that the belief declares, not the doubt whether it is "
        f"right.{without}"
    )


def _corrected_alt(rows: tuple[Estimate, ...]) -> str:
    return "; ".join(f"{_name(row)}: {percent(row.estimate)} ({limits(row)})" for row in rows) + "."
