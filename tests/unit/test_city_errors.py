"""Every fault of a city folder is a sentence with file, line and column."""

import pytest

from kordon.city import load
from tests.unit.test_city import CITY, FILES, SOURCE, ZONES, said, write

SITES = "site_id,name,lon,lat,heading_deg,direction,zone_id\n"
CAMERAS = "camera_id,source,supplier_camera_id,site_id,valid_from,valid_to\n"
GATES = "cordon_id,gate_id,site_id,direction\n"
ACCESS = "cordon_id,vehicle_class,from,to,day_type\n"


def rows(head, *lines):
    return head + "".join(f"{line}\n" for line in lines)


CSV_FAULTS = {
    "missing column": ("sites_csv", "site_id,name,lon\ns1,a,4\n", "sites.csv:1: lat: this column is missing"),
    "semicolons": ("sites_csv", "site_id;name;lon;lat\n", "separate the cells with commas"),
    "column twice": ("sites_csv", "site_id,name,lon,lat,lat\n", "sites.csv:1: lat: this column occurs twice"),
    "empty file": ("sites_csv", "", "sites.csv: has no header"),
    "no rows": ("sites_csv", SITES, "sites.csv: holds no site"),
    "duplicate site": (
        "sites_csv",
        rows(SITES, "s1,a,4,50,,,", "", "s1,b,4,50,,,"),
        "sites.csv:4: site_id: 's1' is already in line 2",
    ),
    "physical lines": (
        "sites_csv",
        rows(SITES, '"s1","two\nlines",4,50,,,', "s2,b,x,50,,,"),
        "sites.csv:4: lon: 'x' is not a number",
    ),
    "lon out of range": (
        "sites_csv",
        rows(SITES, "s1,a,181,50,,,"),
        "sites.csv:2: lon: '181' lies outside -180 to 180",
    ),
    "lat empty": ("sites_csv", rows(SITES, "s1,a,4,,,,"), "sites.csv:2: lat: is empty"),
    "lat nan": ("sites_csv", rows(SITES, "s1,a,4,nan,,,"), "sites.csv:2: lat: 'nan' is not a number"),
    "decimal comma": ("sites_csv", rows(SITES, 's1,a,"4,5",50,,,'), "with a point as decimal mark"),
    "direction": (
        "sites_csv",
        rows(SITES, "s1,a,4,50,,both,"),
        "direction: 'both' is not allowed; use in, out, an empty",
    ),
    "unknown zone": ("sites_csv", rows(SITES, "s1,a,4,50,,,wset"), "zone_id: 'wset' is not in zones.geojson; add it"),
    "cells": ("sites_csv", rows(SITES, "s1,a,4,50"), "sites.csv:2: has 4 cells where the header has 7"),
    "quotes": ("sites_csv", rows(SITES, 's1,"a,4,50,,,'), "sites.csv:2: is not CSV"),
    "encoding": ("sites_csv", SITES.encode() + b"s1,a\n\xff", "sites.csv:3: is not UTF-8 text"),
    "empty id": ("sites_csv", rows(SITES, ",a,4,50,,,"), "sites.csv:2: site_id: is empty"),
    "odd id": ("sites_csv", rows(SITES, "s\0,a,4,50,,,"), "cannot be an id"),
    "duplicate camera": (
        "cameras_csv",
        rows(CAMERAS, "c,trafico,1,s1,,", "c,trafico,2,s1,,"),
        "'c' is already in line 2",
    ),
    "unknown source": (
        "cameras_csv",
        rows(CAMERAS, "c,trafic,,s1,,"),
        "cameras.csv:2: source: 'trafic' is not in sources/; add it there or correct it; did you mean 'trafico'?",
    ),
    "unknown site": (
        "cameras_csv",
        rows(CAMERAS, "c,trafico,,s9,,"),
        "cameras.csv:2: site_id: 's9' is not in sites.csv",
    ),
    "bad date": (
        "cameras_csv",
        rows(CAMERAS, "c,trafico,,s1,10/3/2026,"),
        "valid_from: '10/3/2026' is not an ISO date",
    ),
    "year": ("cameras_csv", rows(CAMERAS, "c,trafico,,s1,0226-03-10,"), "valid_from: '0226-03-10' lies outside 1970"),
    "skipped hour": (
        "cameras_csv",
        rows(CAMERAS, "c,trafico,,s1,2026-03-29 02:30,"),
        "does not exist in Europe/Brussels: the clock skips it",
    ),
    "ends first": ("cameras_csv", rows(CAMERAS, "c,trafico,,s1,2026-03-10,2026-03-10"), "valid_to: is not later than"),
    "overlap": (
        "cameras_csv",
        rows(CAMERAS, "c1,trafico,K,s1,,2026-03-11", "c2,trafico,K,s1,2026-03-10,"),
        "cameras.csv:3: valid_from: 'K' of trafico is valid at the same time in line 2",
    ),
    "overlap by default id": (
        "cameras_csv",
        rows(CAMERAS, "K,trafico,,s1,,", "c2,trafico,K,s1,,"),
        "cameras.csv:3: valid_from: 'K' of trafico is valid",
    ),
    "gate without site": ("gates_csv", rows(GATES, "r,g,s9,in"), "gates.csv:2: site_id: 's9' is not in sites.csv"),
    "gate direction": ("gates_csv", rows(GATES, "r,g,s1,"), "gates.csv:2: direction: is empty; use in, out, both"),
    "site twice": (
        "gates_csv",
        rows(GATES, "r,g,s1,in", "r,h,s1,out"),
        "'s1' is already a gate of cordon 'r' in line 2",
    ),
    "outage camera": ("outages_csv", "camera_id,from,to\nc9,2026-03-10,2026-03-11\n", "outages.csv:2: camera_id: 'c9'"),
    "outage to": ("outages_csv", "camera_id,from,to\nc1,2026-03-10,\n", "outages.csv:2: to: is empty"),
    "outage order": ("outages_csv", "camera_id,from,to\nc1,2026-03-10,2026-03-09\n", "outages.csv:2: to: is not later"),
    "day type": (
        "calendar_csv",
        "date,day_type\n2026-03-10,feast\n",
        "calendar.csv:2: day_type: 'feast' is not allowed",
    ),
    "day twice": (
        "calendar_csv",
        "date,day_type\n2026-03-10,event\n2026-03-10,holiday\n",
        "calendar.csv:3: date: is already in line 2",
    ),
    "count class": (
        "counts_csv",
        "site_id,from,to,vehicle_class,count\ns1,2026-03-10,2026-03-11,tram,3\n",
        "counts.csv:2: vehicle_class: 'tram' is not allowed; use all, car",
    ),
    "count fraction": (
        "counts_csv",
        "site_id,from,to,vehicle_class,count\ns1,2026-03-10,2026-03-11,all,3.5\n",
        "counts.csv:2: count: '3.5' is not a whole number",
    ),
    "window cordon": (
        "access_csv",
        rows(ACCESS, "rign,van,06:00,11:00,"),
        "access.csv:2: cordon_id: 'rign' is not in gates.csv",
    ),
    "window class": (
        "access_csv",
        rows(ACCESS, "ring,tram,06:00,11:00,"),
        "vehicle_class: 'tram' is not allowed; use all, car",
    ),
    "window time": ("access_csv", rows(ACCESS, "ring,van,6:00,11:00,"), "from: '6:00' is not a time of day; give hours"),
    "window past midnight": ("access_csv", rows(ACCESS, "ring,van,22:00,24:01,"), "to: '24:01' is not a time of day"),
    "window over midnight": (
        "access_csv",
        rows(ACCESS, "ring,van,22:00,06:00,"),
        "to: is not later than from; end a window at",
    ),
    "window day": ("access_csv", rows(ACCESS, "ring,van,06:00,11:00,monday"), "day_type: 'monday' is not allowed"),
    "rain": (
        "weather_csv",
        "hour,temperature_c,rain_mm\n2026-03-10 05:00,,-1\n",
        "weather.csv:2: rain_mm: '-1' lies out",
    ),
}


@pytest.mark.parametrize(("name", "content", "sentence"), CSV_FAULTS.values(), ids=CSV_FAULTS)
def test_a_fault_of_a_csv_file_has_its_line(tmp_path, name, content, sentence):
    assert any(sentence in error for error in said(write(tmp_path, **{name: content})))


CITY_FAULTS = {
    "syntax": ('name = "Minimal"', "name = Minimal", "city.toml:4: is not TOML"),
    "missing": ('country = "BE"', "", "city.toml:2: city.country: is missing"),
    "typing error": (
        "country",
        "contry",
        "city.contry: is not a key that is known here; remove it; did you mean 'country'?",
    ),
    "id": ('"minimal"', '"Min-1"', "city.toml:3: city.id: 'Min-1' does not have the form"),
    "time zone": ("Europe/Brussels", "Europe/Bruges", "city.toml:6: city.timezone: 'Europe/Bruges' is not a time zone"),
    "time zone folder": ("Europe/Brussels", "../Europe", "city.timezone: '../Europe' is not a time zone"),
    "class": (
        "[governance]",
        'vehicle_classes = ["cars"]\n[governance]',
        "city.toml:8: city.vehicle_classes: 'cars' is not",
    ),
    "freight": (
        "[governance]",
        'vehicle_classes = ["car"]\nfreight_classes = ["van"]\n[governance]',
        "city.toml:9: city.freight_classes: 'van' is not in vehicle_classes",
    ),
    "day start": (
        "[governance]",
        'service_day_start = "03:00"\n[governance]',
        "service_day_start: '03:00' is not allowed",
    ),
    "source type": ("own_mobility_camera", "spy", "city.toml:11: governance.source_type: 'spy' is not allowed"),
    "no section": ("[governance]", "[governence]", "city.toml:8: governence: is not a key"),
    "floor": ("[governance]", "[sdc]\nk = 3\n[governance]", "city.toml:9: sdc.k: 3 is too small; the floor is 10"),
    "looser": ("[governance]", "[sdc]\ndominance_one_pct = 50\n[governance]", "50 is too large; the ceiling is 40"),
    "kept longer": ("[governance]", "[retention]\nraw_hours = 73\n[governance]", "73 is too large; the ceiling is 72"),
    "type": (
        "[governance]",
        "[methods]\nmin_stop_s = true\n[governance]",
        "methods.min_stop_s: True is not a whole number",
    ),
    "bins": ("[governance]", "[methods]\ndwell_bins_s = [0, 9, 9]\n[governance]", "the bounds do not rise from 0"),
    "stays": (
        "[governance]",
        "[methods]\nmax_stay_days = 2\n[governance]",
        "no stay can be followed for longer than a key",
    ),
    "survey": ("[governance]", '[keys]\nperiod = "survey"\n[governance]', "city.toml:8: keys: period = 'survey' needs"),
    "survey days": ("[governance]", "[keys]\nfirst_day = 2026-01-01\n[governance]", "belong to period = 'survey'"),
    "product": (
        "[governance]",
        '[publication.products]\nopen = ["site_hour"]\n[governance]',
        "not a product of the open",
    ),
    "unknown product": (
        "[governance]",
        '[publication.products]\nshared = ["od_day", "od_week"]\n[governance]',
        "'od_week' is not a product of the shared tier, which has gate_hour",
    ),
    "product that is left out": (
        "[governance]",
        '[publication.products]\nshared = ["od_day", "site_hour"]\n[governance]',
        "'site_hour' is not published: beside gate_hour",
    ),
    "signing key": (
        "[governance]",
        '[publication]\nsigning_key_file = "k.pem"\n[governance]',
        "the key lies in the city",
    ),
}


@pytest.mark.parametrize(("old", "new", "sentence"), CITY_FAULTS.values(), ids=CITY_FAULTS)
def test_a_fault_of_city_toml_has_its_line(tmp_path, old, new, sentence):
    assert old in CITY
    assert any(sentence in error for error in said(write(tmp_path, city_toml=CITY.replace(old, new))))


WARNINGS = {
    "column": (
        "sites_csv",
        FILES["sites.csv"].replace("road_class", "road_clas"),
        "road_clas: nothing reads this column",
    ),
    "one direction": (
        "gates_csv",
        rows(GATES, "r,g,s1,out", "r,h,s2,out"),
        "gates.csv:2: direction: cordon 'r' has only",
    ),
    "no gates": ("gates_csv", None, "gates.csv: is missing"),
    "no zones": ("zones_geojson", None, "zones.geojson: is missing"),
    "file": (
        "outage_csv",
        "x",
        "outage.csv: nothing reads this file; remove or rename it; did you mean 'outages.csv'?",
    ),
    "idle source": ("sources__oculus_toml", SOURCE, "sources/oculus.toml: this source has no cameras"),
    "idle site": ("sites_csv", f"{FILES['sites.csv']}s4,Oost,4.5,50.5,,,,\n", "sites.csv: site 's4' has no camera"),
    "two zones": (
        "zones_geojson",
        ZONES.replace("[5, 50], [5, 51]", "[6, 50], [6, 51]"),
        "sites.csv:3: zone_id: lies in",
    ),
    "late": ("sources__trafico_toml", f'promise = "3d"\n{SOURCE}', "trafico.toml: promise: files may come after 72 h"),
    "two windows": (
        "access_csv",
        rows(ACCESS, "ring,van,06:00,11:00,", "ring,all,06:00,11:00,", "ring,van,10:00,12:00,"),
        "access.csv:4: from: overlaps the window of line 2",
    ),
    "repeated hour": (
        "weather_csv",
        "hour,temperature_c,rain_mm\n2026-10-25 02:00,9,0\n2026-10-25 02:00,9,0\n",
        "weather.csv:3: hour: is already in line 2",
    ),
}


@pytest.mark.parametrize(("name", "content", "sentence"), WARNINGS.values(), ids=WARNINGS)
def test_what_is_rarely_meant_is_a_warning_and_loads(tmp_path, name, content, sentence):
    write(tmp_path, **{name: content})
    load(tmp_path)
    assert any(sentence in warning for warning in said(tmp_path, "warning"))


def test_files_that_are_needed_and_missing_are_named(tmp_path):
    write(tmp_path, sites_csv=None, cameras_csv=None, gates_csv=None, sources__trafico_toml=None)
    assert [error.split(";")[0] for error in said(tmp_path)] == [
        "cameras.csv: is missing",
        "sites.csv: is missing",
        "sources: there is no source",
    ]


def test_optional_files_are_read(tmp_path):
    city = load(
        write(
            tmp_path,
            outages_csv="camera_id,from,to,reason\nc1,2026-03-10,2026-03-10 06:00,lens\n",
            counts_csv="site_id,from,to,vehicle_class,count,method\ns1,2026-03-10,2026-03-11,all,100,loop\n",
            weather_csv="hour,temperature_c,rain_mm\n2026-03-10T05:00+00:00,,0.4\n",
            calendar_csv="date,day_type,note\n2026-03-10,event,market\n",
            access_csv=rows(ACCESS, "ring,van,06:30,24:00,workday"),
        )
    )
    (window,) = city.access
    assert (window.vehicle_class, window.day_type, window.start_minute, window.end_minute) == ("van", "workday", 390, 1440)
    assert (city.outages[0].end - city.outages[0].start).total_seconds() == 6 * 3600
    assert (city.counts[0].count, city.counts[0].method) == (100, "loop")
    assert (city.weather[0].hour.hour, city.weather[0].temperature_c, city.weather[0].rain_mm) == (5, None, 0.4)
    assert city.calendar[0].note == "market"
