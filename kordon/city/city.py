"""A city as its folder describes it."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from kordon.city.instants import key_bounds
from kordon.city.records import EXTERNAL, AccessWindow, CalendarDay, Camera, Count, Gate, Outage, Site, WeatherHour, Zone
from kordon.city.settings import Dp, Governance, KeyPolicy, Methods, Publication, Retention, Sdc, Store
from kordon.city.source import Source
from kordon.errors import ConfigError


@dataclass(frozen=True)
class City:
    """Everything that a run knows beside the reads: settings, network, suppliers.

    ``sources`` are sorted by id; the other tuples keep the order of their files. ``config_hash`` is the SHA-256 (hex)
    of the folder as it was loaded.
    """

    folder: Path
    id: str
    name: str
    country: str
    timezone: str
    languages: tuple[str, ...]
    licence: str
    vehicle_classes: tuple[str, ...]
    freight_classes: tuple[str, ...]
    governance: Governance
    keys: KeyPolicy
    methods: Methods
    sdc: Sdc
    dp: Dp
    retention: Retention
    publication: Publication
    store: Store
    sources: tuple[Source, ...]
    sites: tuple[Site, ...]
    cameras: tuple[Camera, ...]
    gates: tuple[Gate, ...]
    zones: tuple[Zone, ...]
    outages: tuple[Outage, ...]
    calendar: tuple[CalendarDay, ...]
    counts: tuple[Count, ...]
    access: tuple[AccessWindow, ...]
    weather: tuple[WeatherHour, ...]
    config_hash: str

    @property
    def zone_info(self) -> ZoneInfo:
        """The city's time zone."""
        return ZoneInfo(self.timezone)

    @property
    def zones_all(self) -> tuple[str, ...]:
        """Zone ids in the order of the file, and ``external`` when a site lies outside every zone."""
        zones = tuple(zone.zone_id for zone in self.zones)
        return (*zones, EXTERNAL) if any(site.zone_id == EXTERNAL for site in self.sites) else zones

    @property
    def cordons(self) -> tuple[str, ...]:
        """Cordon ids in the order of the file."""
        return tuple(dict.fromkeys(gate.cordon_id for gate in self.gates))

    def key_period(self, service_day: date) -> tuple[str, date, date]:
        """The key period of a service day: label, first day, last day.

        Labels look like ``2026-03-10``, ``2026-W11``, ``2026-03``, ``survey``.

        Raises:
            ConfigError: the day lies outside the survey.
        """
        if self.keys.period != "survey":
            return key_bounds(service_day, period=self.keys.period)
        first, last = self.keys.first_day, self.keys.last_day
        if first is None or last is None or not first <= service_day <= last:
            raise ConfigError(
                f"Service day {service_day} lies outside the survey of {self.id}, {first} to {last}: "
                "ask for days of the survey, or change first_day and last_day in [keys] of city.toml."
            )
        return "survey", first, last

    def day_type(self, service_day: date) -> str:
        """The day type of a service day: as ``calendar.csv`` says, else from its weekday."""
        for day in self.calendar:
            if day.date == service_day:
                return day.day_type
        return {5: "saturday", 6: "sunday"}.get(service_day.weekday(), "workday")
