"""A supplier's files to parsed lines: the profile of the city folder, unpacked for the functions that know only values."""

import codecs
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import reduce
from itertools import groupby

from pyspark.sql import DataFrame, SparkSession

from jobs.suppliers.landing import Landed
from jobs.suppliers.lines import checked, csv_cells, json_cells, parquet_cells, text_lines
from jobs.suppliers.parse import PARSED, camera_table, reads
from jobs.suppliers.supplier_time import refuse_bad_patterns
from kordon.city import City, Source
from kordon.errors import ConfigError

PLACE = ("uri", "block", "row_id")
UNMAPPED = ("is_class_unmapped", "is_country_unmapped")


def parsed(spark: SparkSession, files: Iterable[Landed], *, city: City, loaded_at: datetime) -> DataFrame | None:
    """The lines of all files, parsed by the profiles of their sources, or None when there is no file.

    Raises:
        ConfigError: a profile's pattern or encoding is none that Spark knows.
    """
    sources = {source.source: source for source in city.sources}
    parts = []
    ordered = sorted(files, key=lambda f: (f.source, repr(f.layout), f.file))
    for name, of_source in groupby(ordered, key=lambda f: f.source):
        source = sources[name]
        refuse_bad_patterns(spark, source.time_formats, source=name)
        for _, group in groupby(of_source, key=lambda f: f.layout):
            cells = group_cells(spark, list(group), source=source)
            parts.append(source_reads(cells, source=source, city=city, loaded_at=loaded_at))
    return reduce(lambda a, b: a.unionByName(b), parts).select(*PLACE, *PARSED) if parts else None


def group_cells(spark: SparkSession, files: Sequence[Landed], *, source: Source) -> DataFrame:
    """The cells of files of one source and one layout."""
    paths, layout = [file.path for file in files], files[0].layout
    if source.format == "parquet":
        columns = {name: str(column) for name, column in layout.columns}
        return parquet_cells(spark, paths, columns=columns, constants=source.constants)
    return line_cells(text_lines(spark, paths), files[0], source=source)


def line_cells(lines: DataFrame, file: Landed, *, source: Source) -> DataFrame:
    """The cells of the lines of files that are laid out like one."""
    layout, charset = file.layout, java_charset(source.encoding, source=source.source)
    good = checked(lines, charset=charset, header=layout.header)
    if source.format == "jsonl":
        keys = {name: str(key) for name, key in source.columns.items()}
        return json_cells(good, keys=keys, constants=source.constants)
    places = {name: int(place) for name, place in layout.columns}
    return csv_cells(good, places=places, width=layout.width, delimiter=source.delimiter, constants=source.constants)


def source_reads(cells: DataFrame, *, source: Source, city: City, loaded_at: datetime) -> DataFrame:
    """The typed rows of one source's cells, refused lines included."""
    return reads(
        cells,
        cameras=camera_table(cells.sparkSession, city.cameras, source=source.source),
        formats=source.time_formats,
        zone=source.time_zone or city.timezone,
        decimal=source.decimal,
        scale=source.confidence_scale,
        minimum=source.confidence_minimum,
        classes=source.classes,
        countries=source.countries,
        directions=source.directions,
        plate_kind=source.plate_kind,
        unread=source.unread,
        timezone=city.timezone,
        loaded_at=loaded_at,
        constants=source.constants,
    )


def java_charset(encoding: str, *, source: str) -> str | None:
    """Java's name of an encoding of Python, or None for UTF-8, which Spark reads as it is.

    Raises:
        ConfigError: Java does not know the encoding.
    """
    from pyspark import SparkContext

    name = codecs.lookup(encoding).name
    if name in ("utf-8", "utf-8-sig"):
        return None
    jvm = SparkContext._jvm
    for candidate in (name, name.replace("_", "-"), encoding, f"x-{name}"):
        try:
            if jvm is not None and jvm.java.nio.charset.Charset.isSupported(candidate):
                return candidate
        except Exception:  # noqa: S112 - Java throws where a name has characters that no charset has
            continue
    raise ConfigError(f"sources/{source}.toml: Java has no encoding '{encoding}': write a common name such as cp1252.")
