"""Every fault of a source or a zone is a sentence with file, line and key."""

import pytest

from tests.unit.test_city import CITY, SOURCE, ZONES, said, write

POLYGON = "[[4, 50], [5, 50], [5, 51], [4, 51], [4, 50]]"

SOURCE_FAULTS = {
    "absolute": ("*.csv", "/etc/*", "trafico.toml:2: files: '/etc/*' leaves the folder of the source"),
    "parent": ("*.csv", "a/../../x", "files: 'a/../../x' leaves the folder"),
    "address": ("*.csv", "s3a://b/*", "files: 's3a://b/*' leaves the folder"),
    "format": ('"csv"', '"xml"', "trafico.toml:3: format: 'xml' is not allowed; use 'csv', 'jsonl' or 'parquet'"),
    "utf-16": ("[columns]", 'encoding = "utf-16"\n[columns]', "'utf-16' is not compatible with ASCII"),
    "utf-7": ("[columns]", 'encoding = "utf-7"\n[columns]', "'utf-7' is not compatible with ASCII"),
    "ebcdic": ("[columns]", 'encoding = "cp037"\n[columns]', "'cp037' is not compatible with ASCII"),
    "no encoding": ("[columns]", 'encoding = "klingon"\n[columns]', "'klingon' is not an encoding that Python knows"),
    "no text": ("[columns]", 'encoding = "hex"\n[columns]', "'hex' is not an encoding that Python knows"),
    "delimiter": (
        "[columns]",
        'delimiter = "||"\n[columns]',
        "trafico.toml:5: delimiter: '||' is not one ASCII character",
    ),
    "promise": ("[columns]", 'promise = "soon"\n[columns]', "promise: 'soon' is not a duration such as PT24H"),
    "no plate": ('plate = "plate"', "", "trafico.toml:5: columns: plate is neither in [columns] nor in [constants]"),
    "field": ("plate =", "speed =", "trafico.toml:8: columns.speed: 'speed' is not one of camera_id"),
    "number": ('"plate"', "3", "trafico.toml:8: columns.plate: 3 is a number, but the files name their columns"),
    "zero": ('"plate"', "0", "columns.plate: 0 is no column: columns are numbered from 1"),
    "name": ("[columns]", "header = false\n[columns]", "columns.plate: 'plate' is a name, but header = false"),
    "twice": ("[columns]", '[constants]\nplate = "A"\n[columns]', "trafico.toml:6: constants.plate: plate is also in"),
    "class": ("[columns]", '[classes]\nPW = "auto"\n[columns]', "trafico.toml:6: classes.PW: 'auto' is not one of car"),
    "direction": ("[columns]", '[directions]\nN = "north"\n[columns]', "directions.N: 'north' is not one of in, out"),
    "country": ("[columns]", '[countries]\nBEL = "be"\n[columns]', "trafico.toml:6: countries.BEL: 'be' does not have"),
    "strftime": ("[columns]", '[time]\nformats = ["%Y"]\n[columns]', "time.formats: '%Y' is a strftime pattern"),
    "week year": ("[columns]", '[time]\nformats = ["YYYY-MM-dd"]\n[columns]', "holds Y, the year of the week"),
    "zone": ("[columns]", '[time]\nzone = "CEST"\n[columns]', "trafico.toml:6: time.zone: 'CEST' is not an IANA"),
    "minimum": ("[columns]", "[confidence]\nminimum = 80\n[columns]", "confidence.minimum: 80 is too large"),
    "scale": ("[columns]", "[confidence]\nscale = 0\n[columns]", "confidence.scale: 0 is too small"),
    "kind": (
        "[columns]",
        '[plates]\nkind = "face"\n[columns]',
        "plates.kind: 'face' is not allowed; use 'plate' or 'tag'",
    ),
    "constant camera": (
        'camera_id = "camera"',
        '[constants]\ncamera_id = "K9"\n[columns]',
        "'K9' is no supplier_camera_id",
    ),
}


@pytest.mark.parametrize(("old", "new", "sentence"), SOURCE_FAULTS.values(), ids=SOURCE_FAULTS)
def test_a_fault_of_a_source_has_its_line(tmp_path, old, new, sentence):
    assert old in SOURCE
    text = SOURCE.replace(old, new)
    if "[columns]" in new and new.startswith("[constants]\ncamera_id"):
        text = text.replace("[columns]\n", "", 1)
    assert any(sentence in error for error in said(write(tmp_path, sources__trafico_toml=text)))


def test_a_class_that_the_city_does_not_count_is_a_fault_of_the_source(tmp_path):
    city = CITY.replace("[governance]", 'vehicle_classes = ["car", "truck"]\n[governance]')
    write(tmp_path, city_toml=city, sources__trafico_toml=f'{SOURCE}[classes]\nB = "bus"\nX = "unknown"\n')
    assert said(tmp_path) == ["sources/trafico.toml:10: classes.B: 'bus' is not in vehicle_classes of city.toml; add it there"]


ZONE_FAULTS = {
    "json": ("]}", "]", "zones.geojson:4: is not JSON"),
    "collection": ("features", "zones", "zones.geojson:1: is not a FeatureCollection"),
    "no id": ('"zone_id": "east"', '"id": "east"', "zones.geojson:4: zone_id: is missing or empty"),
    "twice": ('"east"', '"west"', "zones.geojson:4: zone_id: 'west' occurs twice"),
    "external": ('"east"', '"external"', "zones.geojson:4: zone_id: 'external' means outside every zone"),
    "bow tie": (
        POLYGON,
        "[[4, 50], [5, 51], [5, 50], [4, 51], [4, 50]]",
        "zones.geojson:2: geometry: zone 'west' is not valid",
    ),
    "open ring": (", [4, 50]]]", "]]", "zones.geojson:2: geometry: zone 'west' has coordinates that are not closed"),
    "not WGS84": (POLYGON, POLYGON.replace("4, ", "400000, "), "zone 'west' has coordinates"),
    "line": (POLYGON, "[[4, 50], [5, 50], [4, 50], [4, 50]]", "zone 'west' is not valid"),
    "point": ('"Polygon"', '"Point"', "geometry: zone 'west' is not a Polygon or MultiPolygon"),
}


@pytest.mark.parametrize(("old", "new", "sentence"), ZONE_FAULTS.values(), ids=ZONE_FAULTS)
def test_a_fault_of_a_zone_has_the_line_of_its_feature(tmp_path, old, new, sentence):
    assert old in ZONES
    assert any(sentence in error for error in said(write(tmp_path, zones_geojson=ZONES.replace(old, new))))
