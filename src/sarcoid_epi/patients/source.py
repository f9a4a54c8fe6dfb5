"""The file of a patient table as columns: text from CSV, so that nothing goes missing unseen, types from Parquet."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sarcoid_epi.errors import ConfigurationError, DataError, Problem, unknown
from sarcoid_epi.vocabulary import PATIENT_BY_NAME


def columns_of(path: Path) -> tuple[pd.DataFrame, str]:
    """The file as text columns (Parquet keeps its types), and its decimal mark."""
    suffix = path.suffix.lower()
    try:
        if path.is_dir():
            if suffix == ".parquet" and (parts := _parts(path)):
                return _parquet(path, parts), "."
            inside = path / "patients.parquet"
            mend = f"did you mean '{inside}'?" if inside.exists() else "give the path of a CSV or Parquet file"
            raise ConfigurationError(Problem(f"'{path}' is a folder", do=mend))
        if not path.is_file():
            raise ConfigurationError(Problem(f"there is no file '{path}'", do="give the path of a CSV or Parquet file"))
        if suffix == ".parquet":
            return _parquet(path, [path]), "."
        if suffix in (".csv", ".tsv", ".txt"):
            return _text_table(path)
    except OSError as error:
        raise ConfigurationError(Problem(f"'{path}' cannot be read", why=_reason(error))) from None
    raise ConfigurationError(
        Problem(f"'{path.name}' is of no known kind", do="give a .csv, .tsv, .txt or .parquet file")
    )


def _reason(error: OSError) -> str:
    return (error.strerror or "the system does not say why").lower()


def _parts(folder: Path) -> list[Path]:
    """The Parquet files of a folder in the order of their numbers."""
    parts = [path for path in folder.glob("*.parquet") if path.is_file() and path.name[0] not in "._"]
    return sorted(parts, key=lambda path: (len(path.name), path.name))


def _parquet(path: Path, parts: list[Path]) -> pd.DataFrame:
    """A Parquet table, of one file or of the parts of a folder, with its types.

    A named index is a column, any other is dropped.
    """
    tables = []
    for part in parts:
        with part.open("rb") as file:
            try:
                tables.append(pq.read_table(file))
            except (OSError, ValueError, NotImplementedError) as error:
                raise _unreadable(path if part == path else part, error) from None
    try:
        table: pd.DataFrame = pa.concat_tables(tables).to_pandas()
    except (ValueError, NotImplementedError) as error:
        raise _unreadable(path, error) from None
    named = [name for name in table.index.names if name is not None and name not in table.columns]
    table = table.reset_index()[[*named, *table.columns]] if named else table.reset_index(drop=True)
    return table.set_axis([str(name).strip() for name in table.columns], axis="columns")


def _unreadable(path: Path, error: Exception) -> DataError:
    why = str(error).splitlines()[0]
    return DataError(Problem("cannot be read as Parquet", path.name, why, "write it again"))


def _text_table(path: Path) -> tuple[pd.DataFrame, str]:
    """A CSV table as text, and its decimal mark: a comma, unless that separates."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = next((line for line in file if line.strip()), "")
            separator = max(",;\t", key=first.count)
            file.seek(0)
            rows = (
                row for row in csv.reader(file, delimiter=separator, skipinitialspace=True) if row not in ([], [""])
            )
            header = next(rows, [])
            _demand_width(rows, len(header), path.name)
        text = pd.read_csv(
            path, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig", skipinitialspace=True
        )
    except UnicodeError:
        raise DataError(Problem("is not UTF-8 text", path.name, do="save it as CSV UTF-8")) from None
    except pd.errors.EmptyDataError:
        raise DataError(Problem("is empty", path.name, do="give a header and one row for each patient")) from None
    except (pd.errors.ParserError, csv.Error) as error:
        why = str(error).strip().splitlines()[0].removeprefix("Error tokenizing data. C error: ")
        raise DataError(Problem("cannot be read as a table", path.name, why, "mend the line it names")) from None
    names = [name.strip() or f"column {number} (without a name)" for number, name in enumerate(header, 1)]
    return text.set_axis(names, axis="columns"), "," if separator != "," else "."


def _demand_width(rows: Iterator[list[str]], width: int, file: str) -> None:
    """Refuse a row that is longer or shorter than the header: its values stand in the wrong columns, or are cut off."""
    for number, row in enumerate(rows, 1):
        if len(row) != width:
            what = f"row {number} has {len(row)} fields, the header {width}"
            mend = "give every row all its separators, and quote fields that hold one"
            raise DataError(Problem(what, file, do=mend))


def mapped(raw: pd.DataFrame, mapping: Mapping[str, str], file: str) -> pd.DataFrame:
    """The table under the vocabulary's names, each of them there once."""
    strange = [unknown("column", own, map(str, raw.columns), f"mapping to {file}") for own in mapping if own not in raw]
    strange += [unknown("variable", ours, PATIENT_BY_NAME, "mapping") for ours in mapping.values()
                if ours not in PATIENT_BY_NAME]  # fmt: skip
    if strange:
        raise ConfigurationError(*strange)
    raw = raw.rename(columns=dict(mapping))
    twice = list(dict.fromkeys(str(name) for name in raw.columns[raw.columns.duplicated()]))
    if twice:
        raise DataError(*(_doubled(name, [str(column) for column in raw.columns], file) for name in twice))
    return raw


def _doubled(name: str, columns: list[str], file: str) -> Problem:
    """A name that stands twice, shown only when it is a known one: without a header it is a patient's value."""
    if name in PATIENT_BY_NAME:
        return Problem(f"column '{name}' is there twice", file, do="rename or delete one of them")
    places = [str(number) for number, column in enumerate(columns, 1) if column == name]
    what = f"columns {' and '.join(places)} have the same name"
    return Problem(what, file, do="give each a name of its own, in a first row of names")
