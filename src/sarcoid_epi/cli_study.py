"""The commands of studies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from sarcoid_epi.options import share_of
from sarcoid_epi.watching import bar

QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]

#: Exit code of a command that brings parts together when some are missing.
LACKING = 4


def study(
    file: Annotated[str, typer.Argument(help="A shipped study or a TOML file.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder of its parts; named again, taken up (out/FILE).")
    ] = None,
    workers: Annotated[int, typer.Option("--workers", min=1, max=256, help="Processes at work; same bytes.")] = 1,
    dask: Annotated[str | None, typer.Option("--dask", metavar="ADDRESS", help="A Dask cluster at work.")] = None,
    shard: Annotated[str, typer.Option("--shard", metavar="I/N", help="Only this share of the cases.")] = "1/1",
    replicate: Annotated[
        tuple[int, int] | None, typer.Option("--replicate", metavar="CASE NUMBER", help="Only this one, printed.")
    ] = None,
    quiet: QuietOption = False,
) -> None:
    """A simulation or sensitivity study. Interrupted, the same command takes it up again.

    Exit code 1 when an estimator broke in some case.
    """
    from sarcoid_epi import studying

    if replicate is not None:
        rows = studying.replicate(file, *replicate)
        told = [{name: None if value != value else value for name, value in row.items()} for row in rows]
        typer.echo(json.dumps(told, indent=1, ensure_ascii=False))
        return
    place = Path("out") / Path(file).stem if out is None else out
    with bar(quiet) as progress:
        whole = studying.study(file, place, workers, dask, share_of(shard), progress)
    if not whole:
        typer.echo("this share is done, others are not; bring them together with `combine`", err=True)
    _named(place, whole)


def combine(
    file: Annotated[str, typer.Argument(help="The study.")],
    folders: Annotated[list[Path], typer.Argument(help="Folders of its shares.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the whole.")],
) -> None:
    """Bring the shares of a study together. Exit code 4 when some are missing."""
    from sarcoid_epi import studying

    lacking = studying.combine(file, folders, out)
    _named(out, not lacking)
    if lacking:
        shown = ", ".join(map(str, lacking[:5])) + (f" and {len(lacking) - 5} more" if len(lacking) > 5 else "")
        typer.echo(f"parts are missing of case {shown}; run those shares, and combine again", err=True)
        raise typer.Exit(LACKING)


def _named(out: Path, whole: bool) -> None:
    """Where to look: the summary and the page of a whole study, else the folder."""
    for place in (out / "summary.csv", out / "report" / "index.html") if whole else (out,):
        typer.echo(place)
