"""The documents speak of what exists: commands parse, links lead somewhere, names resolve. Nothing is run."""

import importlib
import inspect
import pkgutil
import re
import shlex
from pathlib import Path

import pytest
import typer

from sarcoid_epi import stats
from sarcoid_epi.cli import app
from sarcoid_epi.estimators import CATALOGUE
from sarcoid_epi.evidence import findings, source, sources
from sarcoid_epi.scenario import load_belief, load_design, load_world, shipped

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
METHODS = sorted((ROOT / "docs").glob("methods*.md"))

#: Modules of `stats` that only serve the others: they may be told, and need not be.
MACHINERY = {
    "firth_likelihood",
    "likelihood_search",
    "newton",
    "profile_likelihood",
    "rows",
    "shared_design",
    "two_samples",
    "binomial_roots", "cloud", "draws", "interval", "marginal_cone", "maximum", "modality_likelihood",
    "modality_posterior", "quadrature", "roots", "sheet", "two_classes", "unseen", "verified_cells", "weighted",
}  # fmt: skip

by_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)


def text(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def commands(document: Path) -> list[list[str]]:
    """The words of each command that starts with sarcoid-epi, in blocks for a console or a shell."""
    found = []
    for language, block in re.findall(r"^ *```(console|sh)\n(.*?)^ *```$", text(document), re.DOTALL | re.MULTILINE):
        for line in block.replace("\\\n", " ").splitlines():
            prompt, words = ("$ ", line.strip()) if language == "console" else ("", line.strip())
            if words.startswith(f"{prompt}sarcoid-epi"):
                found.append(shlex.split(re.split(r" [|>&] ?", words.removeprefix(prompt))[0])[1:])
    return found


@by_document
def test_every_command_parses(document):
    known = typer.main.get_command(app).commands
    for name, *words in (command for command in commands(document) if command != ["--help"]):
        assert name in known, f"{document.name}: sarcoid-epi {name}"
        known[name].make_context(name, words)  # raises when an option or an argument is wrong


def test_the_documents_show_commands():
    assert sum(len(commands(document)) for document in DOCUMENTS) > 30


@by_document
def test_every_option_named_in_a_sentence_exists(document):
    """Options of other programs stand with their program: the words before them begin with its name."""
    program = typer.main.get_command(app)
    known = {option for c in (program, *program.commands.values()) for p in c.params for option in p.opts}
    known |= {"--help", "--upgrade"}  # the second is uv's
    assert set(re.findall(r"`(--[a-z-]+)`", text(document))) <= known


def anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, as they are made from their words."""
    headings = re.findall(r"^#+ (.+)$", text(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@by_document
def test_every_relative_link_leads_somewhere(document):
    for link in re.findall(r"\]\(([^)\s]+)\)", text(document)):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = document.parent / file if file else document
        assert target.exists(), f"{document.name}: {link}"
        assert not anchor or anchor in anchors(target), f"{document.name}: {link}"


def parameters() -> set[str]:
    """Every path: of the worlds and designs as it is, of beliefs also behind their names."""
    found = set(load_world("evidence").parameters()) | set(load_design("tertiary_records").parameters())
    for name in shipped("belief"):
        found |= {end for path in load_belief(name).parameters() for end in (path, f"{name}.{path}")}
    return found


@by_document
def test_every_parameter_and_finding_in_backticks_exists(document):
    paths, papers = parameters(), {paper.key for paper in sources()}
    sections = {path.partition(".")[0] for path in paths}
    known = paths | {finding.id for finding in findings()}
    for name in re.findall(r"`([a-z]\w*(?:\.\w+)+)`", text(document)):
        first = name.partition(".")[0]
        if first in sections | papers and not name.endswith((".py", ".toml", ".csv")):
            assert name in known, f"{document.name}: {name}"


def test_every_source_of_the_methods_is_registered_and_listed_with_its_title():
    told = "\n".join(map(text, METHODS))
    keys = set(re.findall(r"\b[a-z]+[0-9]{4}\b", told))
    assert len(keys) > 10
    listed = dict(re.findall(r"^- \*\*(\w+)\*\*: (.+)$", told, re.MULTILINE))
    assert keys == listed.keys()
    for key in keys:
        assert source(key).title in listed[key], key


def functions(module: str) -> set[str]:
    """The public functions that a module of `stats` defines."""
    loaded = importlib.import_module(f"{stats.__name__}.{module}")
    return {
        name
        for name, value in vars(loaded).items()
        if inspect.isfunction(value) and value.__module__ == loaded.__name__ and not name.startswith("_")
    }


def test_methods_tell_every_method_and_estimator():
    told = {name for document in METHODS for name in re.findall(r"^### (\w+)$", text(document), re.MULTILINE)}
    modules = {module.name for module in pkgutil.iter_modules(stats.__path__)}
    assert modules > MACHINERY
    estimators = {estimator.name for estimator in CATALOGUE}
    wanted = estimators.union(*(functions(module) for module in modules - MACHINERY))
    assert wanted - told == set()
    assert told - wanted <= set().union(*(functions(module) for module in MACHINERY))


def test_no_estimator_is_told_twice():
    headings = [name for document in METHODS for name in re.findall(r"^### (\w+)$", text(document), re.MULTILINE)]
    assert [e.name for e in CATALOGUE if headings.count(e.name) != 1] == []
