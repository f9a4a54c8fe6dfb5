"""The command line: thin words around `api`. No engine is imported before a command needs it."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from sarcoid_epi import api
from sarcoid_epi.cli_study import combine, study
from sarcoid_epi.errors import ConfigurationError, Problem, SarcoidEpiError
from sarcoid_epi.options import listed_names, numbers_of, pairs_of, years_of
from sarcoid_epi.watching import stages

if TYPE_CHECKING:
    from sarcoid_epi.composing import Answered
    from sarcoid_epi.results import Estimates
    from sarcoid_epi.scenario import Prior

app = typer.Typer(
    name="sarcoid-epi",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

#: click's own exception; some versions of typer carry a copy of click, so it is found through its subclass.
USAGE_MISTAKE: type[Exception] = typer.BadParameter.__mro__[2]

#: More patients than there are people.
LARGEST = 10_000_000_000

NOT_ESTIMABLE, DIFFERENT, INTERRUPTED = 4, 5, 130

WorldOption = Annotated[str, typer.Option("--world", "-w", help="A shipped world or a TOML file.")]
DesignOption = Annotated[str, typer.Option("--design", "-d", help="A shipped design or a TOML file.")]
SizeOption = Annotated[
    int | None, typer.Option("--size", "-n", min=1, max=LARGEST, help=f"Patients in the study. [{api.SIZE}]")
]
SeedOption = Annotated[int, typer.Option("--seed", "-s", min=0, help="The only source of chance.")]
VaryOption = Annotated[list[str] | None, typer.Option("--vary", metavar="PATH=VALUE", help="Replace a parameter.")]
MappingOption = Annotated[str | None, typer.Option("--mapping", "-m", help="TOML file: foreign column names to ours.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class Format(StrEnum):
    """How `estimate` prints."""

    table = "table"
    csv = "csv"
    json = "json"


FormatOption = Annotated[Format, typer.Option("--format", "-f", help="How to print.")]
FolderOption = Annotated[Path | None, typer.Option("--out", "-o", help="Also write the tables as CSV in this folder.")]


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"sarcoid-epi {version('sarcoid-epi')}")
        raise typer.Exit


@app.callback()
def _global(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Epidemiological cohort analysis of sarcoidosis: synthetic cohorts, estimation, reproducible reports."""


@app.command()
def report(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the report.")] = Path("out/report"),
    patients: Annotated[str | None, typer.Option("--patients", "-p", help="Your own CSV or Parquet file.")] = None,
    mapping: MappingOption = None,
    world: Annotated[str | None, typer.Option("--world", "-w", help=f"World or TOML file. [{api.WORLD}]")] = None,
    design: Annotated[str | None, typer.Option("--design", "-d", help=f"Design or TOML file. [{api.DESIGN}]")] = None,
    size: Annotated[
        int | None, typer.Option("--size", "-n", min=1, max=LARGEST, help=f"Patients. [{api.SIZE}]")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", "-s", min=0, help=f"Source of chance. [{api.SEED}]")] = None,
    belief: Annotated[list[str] | None, typer.Option("--belief", "-b", help="Repeat for several.")] = None,
    by: Annotated[str | None, typer.Option("--by", help="Flag or category of the groups. [lofgren_broad]")] = None,
    vary: VaryOption = None,
    to: Annotated[str, typer.Option("--to", help="html is what there is so far.")] = "html",
    quiet: QuietOption = False,
) -> None:
    """The main job: a cohort (synthetic unless --patients), all questions, one report.

    Exit code 4 when something could not be estimated.
    """
    if to != "html":
        raise ConfigurationError(Problem(f"cannot write '{to}'", "--to", do="use html"))
    of_synthetic = {"world": world, "design": design, "size": size, "seed": seed, "vary": numbers_of(vary) or None}
    asked: dict[str, Any] = {name: value for name, value in of_synthetic.items() if value is not None}
    if patients and asked:
        raise ConfigurationError(
            *(
                Problem("belongs to a synthetic cohort", f"--{name}", do="leave it out beside --patients")
                for name in asked
            )
        )
    if mapping and not patients:
        raise ConfigurationError(Problem("belongs to --patients", "--mapping", do="name your own file too"))
    with stages(quiet) as progress:
        page = api.report(out, patients, mapping, beliefs=belief, by=by, progress=progress, **asked)
    typer.echo(page)
    from sarcoid_epi.results import read

    _end(read(page.parent))


@app.command()
def generate(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the cohort.")] = Path("out/cohort"),
    world: WorldOption = api.WORLD,
    design: DesignOption = api.DESIGN,
    size: SizeOption = None,
    population: Annotated[
        int | None, typer.Option("--population", min=1, max=LARGEST, help="People the patients arise from, not --size.")
    ] = None,
    years: Annotated[
        str | None, typer.Option("--years", metavar="FIRST:LAST", help="Years in which --population is watched.")
    ] = None,
    seed: SeedOption = api.SEED,
    vary: VaryOption = None,
    draw: Annotated[
        int | None, typer.Option("--draw", min=0, metavar="K", help="Draw the world's uncertain parameters, number K.")
    ] = None,
    do: Annotated[list[str] | None, typer.Option("--do", metavar="VARIABLE=VALUE", help="Intervene.")] = None,
    columns: Annotated[
        list[str] | None, typer.Option("--columns", metavar="A,B,C", help="Only these columns of either table.")
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Also write patients.csv.")] = False,
    workers: Annotated[int, typer.Option("--workers", min=1, max=256, help="Processes at work; same bytes.")] = 1,
    quiet: QuietOption = False,
) -> None:
    """A synthetic cohort: patients.parquet, truth.parquet, certificate.toml; large ones as folders of parts.

    Interrupted, the same command takes finished parts up again.
    """
    span, kept = years_of(years), listed_names(columns)
    varied, done = numbers_of(vary), pairs_of(do, "--do")
    with stages(quiet) as progress:
        api.write(out, world, design, size, seed, varied, done, csv, kept, population, span, draw, workers, progress)
    typer.echo(out)


@app.command()
def true_share(
    recorded: Annotated[float, typer.Argument(min=0, max=1, help="Share on record.")],
    world: WorldOption = api.WORLD,
    design: DesignOption = api.DESIGN,
    detection: Annotated[
        str | None, typer.Option("--detection", help='"design", SENSITIVITY:SPECIFICITY, or a belief.')
    ] = None,
) -> None:
    """The true share behind a share on record. Refused without a basis for detection.

    By the design it is the parameter, ready for --vary; otherwise the share among the patients of that record.
    """
    share = api.true_share(recorded, world, design, detection)
    if detection == "design":
        typer.echo(f"osseous.true_prevalence={share:.4g}")
    else:
        typer.echo(f"{share:.4g} of the patients whose record it is")


@app.command()
def check(
    file: Annotated[str, typer.Argument(help="CSV or Parquet file.")],
    mapping: MappingOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check a patient table against the codebook. Exit code 3 when it cannot be used as it is."""
    checked = api.check(file, mapping)
    if as_json:
        typer.echo(json.dumps([vars(issue) for issue in checked.issues], indent=1, ensure_ascii=False))
    else:
        for issue in checked.issues:
            typer.echo(f"{issue.verdict.upper():5}{issue.category:13} {issue}")
        stops = sum(issue.verdict == "stop" for issue in checked.issues)
        verdict = f"{stops} to mend before it can be used" if stops else "can be used"
        rows, columns = checked.frame.shape
        counts = f"{rows} patient{'s' * (rows != 1)}, {columns} variable{'s' * (columns != 1)}"
        typer.echo(f"{Path(file).name}: {counts}; {verdict}")
    raise typer.Exit(3 if checked.verdict == "stop" else 0)


@app.command()
def estimate(
    question: Annotated[
        str, typer.Argument(help="description, prevalence, intervals, underdiagnosis, lofgren, association, prognosis.")
    ],
    patients: Annotated[str, typer.Option("--patients", "-p", help="CSV or Parquet file.")],
    belief: Annotated[str | None, typer.Option("--belief", "-b", help="A shipped belief or a TOML file.")] = None,
    by: Annotated[str, typer.Option("--by", help="Flag or category that makes the groups.")] = "",
    population: Annotated[
        int | None, typer.Option("--population", min=1, max=LARGEST, help="People of whom the burden is told.")
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", "-M", help="A shipped model or a TOML file; repeat for several. [all]"),
    ] = None,
    mapping: MappingOption = None,
    format: FormatOption = Format.table,
    out: FolderOption = None,
) -> None:
    """Answer one question from a patient table. Exit code 4 when something could not be estimated.

    Underdiagnosis ends with what the data support, and where answers contradict each other. A method that lacks a
    column or a belief is told there, and is no failure.
    """
    told = api.answer(question, patients, belief, by, mapping, population, model)
    _print(told, format, out)
    _end(told.estimates)


@app.command()
def synthesis(
    prior: Annotated[str, typer.Option("--prior", help="Shipped priors or a TOML file.")] = "open",
    without: Annotated[list[str] | None, typer.Option("--without", metavar="ID", help="Leave a series out.")] = None,
    format: FormatOption = Format.table,
    out: FolderOption = None,
) -> None:
    """What all published series say together about bone, each read with its way of looking."""
    from sarcoid_epi.composing import Answered
    from sarcoid_epi.scenario import load_prior

    _print(Answered(api.synthesise(prior, without or ()), (), (), None), format, out, load_prior(prior))


app.command()(study)
app.command()(combine)


@app.command()
def studies() -> None:
    """The studies that ship."""
    _listed("study")


@app.command()
def evidence(
    id: Annotated[str | None, typer.Argument(help="A finding or a paper; without one, all are listed.")] = None,
    topic: Annotated[str, typer.Option("--topic", help="Only findings of a topic.")] = "",
    as_json: JsonOption = False,
) -> None:
    """What the literature printed: source, place, counts with exact limits, flags."""
    from sarcoid_epi.errors import unknown
    from sarcoid_epi.evidence import TOPICS, describe, finding, findings, sources
    from sarcoid_epi.evidence.describe import summary

    if topic and topic not in TOPICS:
        raise ConfigurationError(unknown("topic", topic, TOPICS))
    papers = {paper.key: paper for paper in sources()}
    asked = {"source": id} if id else {}
    asked |= {"topic": topic} if topic else {}
    chosen = (finding(id),) if id is not None and id not in papers else findings(**asked)
    if as_json:
        rows = [{name: getattr(f, name) for name in f.__dataclass_fields__} for f in chosen]
        typer.echo(json.dumps(rows, indent=1, ensure_ascii=False))
    elif id is not None and id not in papers:
        typer.echo(describe(chosen[0]))
    else:
        heading = [papers[id].reference] if id else []
        legend = ["", "! contradicts its own counts"] if any(f.conflict for f in chosen) else []
        typer.echo("\n".join([*heading, *(summary(f) for f in chosen), *legend]))


@app.command()
def worlds() -> None:
    """The worlds that ship."""
    _listed("world")


@app.command()
def designs() -> None:
    """The designs that ship."""
    _listed("design")


@app.command()
def beliefs() -> None:
    """The beliefs that ship."""
    _listed("belief")


@app.command()
def models() -> None:
    """The models of association and prognosis that ship."""
    _listed("model")


@app.command()
def priors() -> None:
    """The priors of the joint synthesis that ship."""
    _listed("prior")


@app.command()
def explain(
    path: Annotated[str, typer.Argument(metavar="ID", help="Anything a report prints beside a number.")],
    world: WorldOption = api.WORLD,
    design: DesignOption = api.DESIGN,
    in_report: Annotated[Path | None, typer.Option("--report", "-r", help="The report the number stands in.")] = None,
) -> None:
    """Where a number came from: a parameter's path, a finding, an estimate, a variable, a model, a source."""
    from sarcoid_epi.explaining import explain as tell

    typer.echo(tell(path, world, design, in_report))


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A report.")],
    inputs: Annotated[Path, typer.Option("--inputs", "-i", help="Folder of the files it was made from.")] = Path(),
) -> None:
    """Rebuild a report and compare: bytes, numbers at 8 digits, numbers at tolerance. Exit code 5 on differences."""
    from sarcoid_epi.verifying import verify as compare

    result = compare(folder, inputs)
    typer.echo(result)
    raise typer.Exit(0 if result.same_bytes else DIFFERENT)


def _end(answers: Estimates) -> NoReturn:
    """Say how many answers could not be estimated, if any, and end with the exit code for that."""
    from sarcoid_epi.estimators import CATALOGUE, unanswered

    silent, asked = unanswered(CATALOGUE, answers)
    if silent:
        typer.echo(f"{silent} of {asked} answers could not be estimated; their notes say why", err=True)
    raise typer.Exit(NOT_ESTIMABLE if silent else 0)


def _listed(kind: str) -> None:
    from sarcoid_epi.scenario import load_belief, load_design, load_model, load_prior, load_study, load_world, shipped

    load: Any = {
        "world": load_world,
        "design": load_design,
        "belief": load_belief,
        "prior": load_prior,
        "model": load_model,
        "study": load_study,
    }[kind]
    names = shipped(kind)
    for name in names:
        typer.echo(f"{name:{max(map(len, names)) + 2}}{load(name).label}")


def _print(told: Answered, format: Format, out: Path | None, prior: Prior | None = None) -> None:
    """Answers as columns for a reader, or as data; in a folder too, where one is named."""
    from sarcoid_epi import printing

    if out is not None:
        printing.write(told, out)
    if format is Format.csv:
        typer.echo(printing.as_csv(told), nl=False)
    elif format is Format.json:
        typer.echo(printing.as_json(told))
    else:
        typer.echo(printing.as_table(told, prior))


def main() -> None:
    """Run a command; a user's mistake is a sentence and an exit code, never a traceback."""
    try:
        code = app(standalone_mode=False)
    except SarcoidEpiError as error:
        for problem in error.problems:
            typer.echo(f"error: {problem}", err=True)
        code = error.exit_code
    except USAGE_MISTAKE as error:
        error.show()  # type: ignore[attr-defined]  # the class is click's, whichever copy typer carries
        code = error.exit_code  # type: ignore[attr-defined]  # as above
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except SystemExit as stop:
        # Some versions of typer exit by themselves when interrupted, and with 1 when the reader of the output is gone.
        code = 0 if stop.code == 1 else stop.code
    if code == INTERRUPTED:
        typer.echo("interrupted", err=True)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
