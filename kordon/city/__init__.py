"""The city folder: cameras, sites, gates, zones, suppliers and policy of one city, read and checked."""

from kordon.city.city import City
from kordon.city.governance import refuse_ungoverned
from kordon.city.load import check, load
from kordon.city.problem import Problem
from kordon.city.records import EXTERNAL, AccessWindow, CalendarDay, Camera, Count, Gate, Outage, Site, WeatherHour, Zone
from kordon.city.settings import Dp, Governance, KeyPolicy, Methods, Publication, Retention, Sdc
from kordon.city.source import Source

__all__ = [
    "EXTERNAL",
    "AccessWindow",
    "CalendarDay",
    "Camera",
    "City",
    "Count",
    "Dp",
    "Gate",
    "Governance",
    "KeyPolicy",
    "Methods",
    "Outage",
    "Problem",
    "Publication",
    "Retention",
    "Sdc",
    "Site",
    "Source",
    "WeatherHour",
    "Zone",
    "check",
    "load",
    "refuse_ungoverned",
]
