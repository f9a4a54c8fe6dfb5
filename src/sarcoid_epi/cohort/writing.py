"""The two tables of a cohort as files: Parquet in row groups of one size, and CSV.

The bytes of a file depend on its rows alone, never on the blocks in which they were made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sarcoid_epi.cohort.generator import joined
from sarcoid_epi.cohort.node import Columns
from sarcoid_epi.results import DIGITS

PATIENTS, TRUTH, CSV = "patients.parquet", "truth.parquet", "patients.csv"

#: Patients in a row group; a file holds whole ones and at its end what is left.
ROW_GROUP = 2**16

#: What a study sees and what is true, of the same patients.
Tables = tuple[pd.DataFrame, pd.DataFrame]


def regrouped(blocks: Iterable[Columns], rows: int = ROW_GROUP) -> Iterator[Columns]:
    """The same rows in groups of exactly so many, the last of what is left; one empty group when there is nobody."""
    held: list[Columns] = []
    count = groups = 0
    for block in blocks:
        held.append(block)
        count += block["patient_id"].size
        while count >= rows:
            whole = joined(held, tuple(block))
            yield {name: column[:rows] for name, column in whole.items()}
            held = [{name: column[rows:] for name, column in whole.items()}]
            count -= rows
            groups += 1
    if held and (count or not groups):
        yield joined(held, tuple(held[0]))


def write_tables(groups: Iterable[Tables], patients: Path, truth: Path, csv: Path | None, header: bool) -> None:
    """Write row group after row group into the files of both tables, and into a CSV with or without a header."""
    with ExitStack() as open_files:
        parquet: list[pq.ParquetWriter] = []
        text = open_files.enter_context(csv.open("wb")) if csv else None
        for number, tables in enumerate(groups):
            if not parquet:
                paths = (patients, truth)
                parquet = [open_files.enter_context(_writer(t, p)) for t, p in zip(tables, paths, strict=True)]
            for writer, table in zip(parquet, tables, strict=True):
                writer.write_table(_arrow(table, writer.schema))
            if text:
                text.write(csv_text(tables[0], header=header and number == 0).encode("utf-8"))


def csv_text(frame: pd.DataFrame, header: bool = True) -> str:
    """A patient table as CSV: flags as 1 and 0, dates as YYYY-MM-DD, missing values as empty fields."""
    plain = frame.copy()
    for name, values in frame.items():
        if pd.api.types.is_bool_dtype(values):
            plain[name] = values.astype("Int8")
    return plain.to_csv(
        index=False, header=header, lineterminator="\n", float_format=f"%.{DIGITS}g", date_format="%Y-%m-%d"
    )


def _writer(frame: pd.DataFrame, path: Path) -> pq.ParquetWriter:
    """A Parquet file open for tables like this one."""
    schema = _schema(frame)
    # Flags are packed bits already. Patients are numbered upwards, so steps say more than a dictionary of them.
    measured = [field.name for field in schema if not pa.types.is_boolean(field.type)]
    coded = [name for name in measured if name != "patient_id"]
    return pq.ParquetWriter(
        path,
        schema,
        compression="zstd",
        compression_level=1,
        use_dictionary=coded or False,
        write_statistics=measured,
        column_encoding={"patient_id": "DELTA_BINARY_PACKED"},
    )


def _schema(frame: pd.DataFrame) -> pa.Schema:
    """The types of a table; what can never be missing is marked so, and costs no marks for each value."""
    schema = pa.Schema.from_pandas(frame.head(0), preserve_index=False)
    never = [isinstance(kind, np.dtype) and kind.kind in "bi" for kind in frame.dtypes]
    fields = [field.with_nullable(not sure) for field, sure in zip(schema, never, strict=True)]
    return pa.schema(fields, metadata=schema.metadata)


def _arrow(frame: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pandas(frame, schema=schema, preserve_index=False, nthreads=1)
