"""What the city folder makes public, as the open tier needs it: the ground on which every cell set stands."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from kordon.city import City


@dataclass(frozen=True)
class Places:
    """Public facts of a city.

    Attributes:
        districts: zone id to district id; a zone without a district is one of its own.
        gates: (cordon_id, gate_id, direction), each direction that a gate is declared to have.
        day_type: the declared type of a service day.
    """

    city: str
    zone_info: ZoneInfo
    districts: dict[str, str]
    gates: tuple[tuple[str, str, str], ...]
    classes: tuple[str, ...]
    dwell_bins_s: tuple[int, ...]
    day_type: Callable[[date], str]

    @property
    def cordons(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(cordon for cordon, _, _ in self.gates))

    def gates_of(self, cordon: str, direction: str) -> tuple[str, ...]:
        """The gates of a cordon that may be passed in a direction."""
        return tuple(gate for c, gate, way in self.gates if (c, way) == (cordon, direction))

    def hours(self, service_day: date) -> list[datetime]:
        """The starts of the hours of a service day, UTC: 24 of them, 23 or 25 when the clock changes."""
        start, end = (
            datetime.combine(day, time(4), self.zone_info).astimezone(ZoneInfo("UTC"))
            for day in (service_day, service_day + timedelta(days=1))
        )
        return [start + timedelta(hours=n) for n in range(round((end - start) / timedelta(hours=1)))]


def places_of(city: City) -> Places:
    """The public facts of a loaded city folder."""
    district = {zone.zone_id: zone.district_id or zone.zone_id for zone in city.zones}
    ways = {"both": ("in", "out")}
    gates = dict.fromkeys(
        (gate.cordon_id, gate.gate_id, way) for gate in city.gates for way in ways.get(gate.direction, (gate.direction,))
    )
    return Places(
        city=city.id,
        zone_info=city.zone_info,
        districts={zone: district.get(zone, zone) for zone in city.zones_all},
        gates=tuple(gates),
        classes=city.vehicle_classes,
        dwell_bins_s=city.methods.dwell_bins_s,
        day_type=city.day_type,
    )
