"""The tables of Kordon: one record per table, a module per layer.

Nothing about a table is written twice: the Spark schema, the quality suite, the data dictionary and the data package are
views of its record.
"""

from kordon.tables import analysis, cameras, core, flow, ops, out, raw, times
from kordon.tables.record import (
    BINARY,
    CLOSED,
    OPEN,
    SHARED,
    VEHICLE_CLASSES,
    Column,
    Table,
    records,
)

TABLES = records([raw, core, cameras, flow, times, analysis, out, ops])

__all__ = ["BINARY", "CLOSED", "OPEN", "SHARED", "TABLES", "VEHICLE_CLASSES", "Column", "Table"]
