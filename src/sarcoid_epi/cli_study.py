"""The commands of studies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from sarcoid_epi.options import share_of
from sarcoid_epi.watching import bar

QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]


def study(
    file: Annotated[str, typer.Argument(help="A shipped study or a TOML file.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of its parts; named again, the run is taken up.")],
    workers: Annotated[int, typer.Option("--workers", min=1, help="Processes at work.")] = 1,
    dask: Annotated[str | None, typer.Option("--dask", metavar="ADDRESS", help="A Dask cluster.")] = None,
    shard: Annotated[str, typer.Option("--shard", metavar="I/N", help="Only this share of the cases.")] = "1/1",
    replicate: Annotated[
        tuple[int, int] | None, typer.Option("--replicate", metavar="CASE NUMBER", help="Only this one, printed.")
    ] = None,
    quiet: QuietOption = False,
) -> None:
    """A simulation or sensitivity study. Interrupted, the same command takes it up again."""
    from sarcoid_epi import studying

    if replicate is not None:
        typer.echo(json.dumps(studying.replicate(file, *replicate), indent=1, ensure_ascii=False, default=str))
        return
    with bar(quiet) as progress:
        whole = studying.study(file, out, workers, dask, share_of(shard), progress)
    _named(out, whole)


def combine(
    file: Annotated[str, typer.Argument(help="The study.")],
    folders: Annotated[list[Path], typer.Argument(help="Folders of its shares.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the whole.")],
) -> None:
    """Bring the shares of a study together."""
    from sarcoid_epi import studying

    _named(out, studying.combine(file, folders, out))


def _named(out: Path, whole: bool) -> None:
    """Where to look: the summary and the page of a whole study, else the folder."""
    for place in (out / "summary.csv", out / "report" / "index.html") if whole else (out,):
        typer.echo(place)
