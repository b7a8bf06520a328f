"""What the columns of the tables tell about people, and the zone that a table stands in."""

from dataclasses import dataclass

from kordon.tables import BINARY, CLOSED, Table
from privacy.governance.zones import COUNTS, OPS, RAW, VEHICLES, Text


@dataclass(frozen=True)
class Kind:
    """A kind of personal data; ``dpv`` is its term of the Data Privacy Vocabulary. What identifies may not stand in counts."""

    id: str
    name: Text
    dpv: str
    columns: frozenset[str]
    identifies: bool = False


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


KINDS = (
    Kind("plate", Text("number plates", "nummerplaten"), "IdentifyingPersonalData", _names("plate"), identifies=True),
    Kind(
        "pseudonym",
        Text("pseudonyms of vehicles", "pseudoniemen van voertuigen"),
        "PseudonymisedData",
        _names("vid"),
        identifies=True,
    ),
    Kind(
        "row",
        Text(
            "ids of single reads, passages, trips and visits", "id's van afzonderlijke lezingen, passages, ritten en bezoeken"
        ),
        "PseudonymisedData",
        _names("read_id passage_id trip_id visit_id first_read_id from_passage_id to_passage_id entry_passage_id"),
        identifies=True,
    ),
    Kind("key", Text("ids of keys, no secrets", "id's van sleutels, geen geheimen"), "PseudonymisedData", _names("key_id")),
    Kind(
        "place",
        Text("places", "plaatsen"),
        "ObservedPersonalData",
        _names(
            "source camera_id site_id direction lane from_site_id to_site_id site_ids first_site_id last_site_id cordon_id entry_gate_id "
            "exit_gate_id entry_site_id exit_site_id"
        ),
    ),
    Kind(
        "moment",
        Text("moments", "tijdstippen"),
        "ObservedPersonalData",
        _names(
            "service_day captured_at received_at read_ts first_ts last_ts depart_ts arrive_ts start_ts end_ts entry_ts exit_ts"
        ),
    ),
    Kind(
        "vehicle",
        Text("vehicle class, country of the plate, speed", "voertuigklasse, land van de nummerplaat, snelheid"),
        "ObservedPersonalData",
        _names("vehicle_class country speed_kmh"),
    ),
    Kind(
        "movement",
        Text("movements derived from reads", "verplaatsingen afgeleid uit lezingen"),
        "DerivedPersonalData",
        _names(
            "reads gap_s reference_s reference_level is_cut cut_reason duration_s passages flags dwell_s visit_class "
            "one_trip_if_longer_s"
        ),
    ),
    Kind(
        "reading",
        Text("how a read was taken and mended", "hoe een lezing verkregen en hersteld werd"),
        "ObservedPersonalData",
        _names("confidence plate_quality repair file line is_duplicate"),
    ),
)

DIMENSIONS = _names(
    "source camera_id site_id site_ids cordon_id gate_id country origin_site_id destination_site_id origin_zone_id destination_zone_id "
    "entry_gate_id exit_gate_id from_site_id to_site_id file sha256 error_code run_id step reason table check entity expected "
    "config_hash code_version day_part method kind a b c part part_b down override_by override_reason"
)
"""Texts that counts and operation may hold: places, countries, what the system says about itself, and who answers for what it let
through. The chains of ``flow_chain_day`` (site_ids) are those of ten vehicles and more."""


def kind(column: str) -> Kind | None:
    """The kind of personal data of a column of a vehicle table, or None when nobody has decided."""
    return next((kind for kind in KINDS if column in kind.columns), None)


def is_of_vehicles(table: Table) -> bool:
    """Whether a row of the table is about one vehicle."""
    return any(column.type == BINARY or getattr(kind(column.name), "identifies", False) for column in table.columns)


def zone_of(table: Table) -> str | None:
    """The zone of a table, by its tier, the layer in its name, and whether it holds vehicles; None when no zone takes it."""
    layer = table.name.partition("_")[0]
    if table.tier != CLOSED:
        return None
    if layer == "raw":
        return RAW
    if is_of_vehicles(table):
        return VEHICLES if layer == "core" else None
    return {"core": COUNTS, "flow": COUNTS, "out": COUNTS, "ops": OPS}.get(layer)
