"""The sections of ``city.toml``. A field's description is its documentation; its limit is a floor nobody may lower."""

import re
from datetime import date
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from kordon.tables.record import VEHICLE_CLASSES

SourceType = Literal["own_mobility_camera", "low_emission_zone", "parking", "police"]
KeyPeriod = Literal["service_day", "week", "month", "survey"]

SHARED_PRODUCTS = (
    "gate_hour",
    "od_day",
    "od_month_hour",
    "gate_pair_day",
    "through_day",
    "dwell_day",
    "travel_time_hour",
    "camera_health_day",
)
OPEN_PRODUCTS = (
    "gate_hour",
    "od_day",
    "od_month_hour",
    "gate_pair_month",
    "through_month",
    "dwell_month",
    "camera_health_day",
)

LICENCES = {"cc0": "CC0-1.0", "cc010": "CC0-1.0", "ccby": "CC-BY-4.0", "ccby40": "CC-BY-4.0"}


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _as_date(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError("is not an ISO date such as 2026-03-10") from None


Texts = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]
Seconds = Annotated[tuple[int, ...], BeforeValidator(_as_tuple)]
Day = Annotated[date, BeforeValidator(_as_date)]


class Section(BaseModel):
    """A table of a TOML file: no other keys, no guessing of types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Identity(Section):
    """``[city]``."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="short name: lower case letters, digits, underscores")
    name: str = Field(min_length=1, description="name as readers see it")
    country: str = Field(pattern=r"^[A-Z]{2}$", description="ISO 3166 alpha-2 code of the city's country, such as BE")
    timezone: str = Field(description="IANA time zone, such as Europe/Brussels")
    languages: Texts = Field(
        default=("en",), min_length=1, description="ISO 639-1 codes of the published texts, main one first"
    )
    licence: str = Field(default="CC-BY-4.0", description="licence of what is published: CC0-1.0 or CC-BY-4.0")
    vehicle_classes: Texts = Field(default=VEHICLE_CLASSES, description="classes that the city counts; unknown is always one")
    freight_classes: Texts = Field(default=("van", "truck"), description="classes that count as freight")
    service_day_start: Literal["04:00"] = Field(default="04:00", description="local start of the service day: always 04:00")

    @field_validator("languages")
    @classmethod
    def _languages(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for code in value:
            if not re.fullmatch(r"[a-z]{2}", code):
                raise ValueError(f"{code!r} is not an ISO 639-1 code such as nl")
        return value

    @field_validator("licence")
    @classmethod
    def _licence(cls, value: str) -> str:
        known = LICENCES.get(re.sub(r"[^a-z0-9]", "", value.lower()))
        if known is None:
            raise ValueError(f"{value!r} is not CC0-1.0 or CC-BY-4.0")
        return known

    @field_validator("vehicle_classes", "freight_classes")
    @classmethod
    def _classes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name not in VEHICLE_CLASSES:
                raise ValueError(f"{name!r} is not one of {', '.join(VEHICLE_CLASSES)}")
        return tuple(dict.fromkeys(value))


class GovernanceText(Section):
    """``[governance.nl]``: what Dutch documents say instead of the texts of ``[governance]``; what is empty stays as it is there."""

    controller: str = Field(default="", description="the body that decides on the processing, in Dutch")
    dpo: str = Field(default="", description="data protection officer, in Dutch")
    legal_basis: str = Field(default="", description="legal basis with the statute, in Dutch")
    purposes: Texts = Field(default=(), description="what the figures are for, in Dutch, one for each of purposes")
    recipients: Texts = Field(default=(), description="who gets shared releases, in Dutch, one for each of recipients")


class Governance(Section):
    """``[governance]``: who answers for the processing, and on what ground."""

    controller: str = Field(default="", description="the body that decides on the processing")
    dpo: str = Field(default="", description="data protection officer, name or address")
    contact: str = Field(default="", description="address for questions of the public")
    legal_basis: str = Field(default="", description="legal basis with the statute; nothing runs without it")
    dpia_reference: str = Field(default="", description="reference of the impact assessment; nothing runs without it")
    purposes: Texts = Field(default=(), description="what the figures are for")
    recipients: Texts = Field(default=(), description="who gets shared releases")
    source_type: SourceType = Field(description="whose cameras these are; police cameras are refused")
    nl: GovernanceText = Field(default_factory=GovernanceText, description="the same texts in Dutch")

    @model_validator(mode="after")
    def _same_number(self) -> Self:
        for name in ("purposes", "recipients"):
            said, in_dutch = getattr(self, name), getattr(self.nl, name)
            if in_dutch and len(in_dutch) != len(said):
                raise ValueError(f"nl.{name} has {len(in_dutch)} texts where {name} has {len(said)}")
        return self

    def said(self, name: str, language: str) -> Any:
        """A text of this section in a language: ``[governance.nl]`` for nl where it says something, else what stands here."""
        return (getattr(self.nl, name) if language == "nl" else None) or getattr(self, name)


class KeyPolicy(Section):
    """``[keys]``: how long one pseudonym lasts."""

    period: KeyPeriod = Field(default="service_day", description="validity of one key")
    first_day: Day | None = Field(default=None, description="first service day of a survey")
    last_day: Day | None = Field(default=None, description="last service day of a survey, inclusive")
    grace_hours: int = Field(default=48, ge=0, le=744, description="hours that a key outlives its period, for late files")
    dpia_covers_period: bool = Field(
        default=False, description="whether the impact assessment covers keys longer than a service day"
    )

    @model_validator(mode="after")
    def _survey(self) -> Self:
        if self.period != "survey":
            if self.first_day or self.last_day:
                raise ValueError("first_day and last_day belong to period = 'survey'")
        elif self.first_day is None or self.last_day is None:
            raise ValueError("period = 'survey' needs first_day and last_day")
        elif self.last_day < self.first_day:
            raise ValueError("last_day lies before first_day")
        return self


class Methods(Section):
    """``[methods]``: constants of the algorithms; measured defaults."""

    min_stop_s: int = Field(default=600, ge=60, description="shortest stay that counts as a stop, s")
    dedup_gap_s: int = Field(default=60, ge=0, description="longest silence within one passage, s")
    longest_passage_s: int = Field(default=900, ge=1, description="a passage is cut after this long, s")
    max_stay_days: int = Field(default=1, ge=1, description="service days after which an open visit expires; 1 with day keys")
    longest_gap_s: int = Field(default=14400, ge=60, description="a longer gap always ends a trip, s")
    reference_min_n: int = Field(default=8, ge=2, description="fewest legs behind a reference time")
    cap_speed_ms: float = Field(default=6.0, gt=0, allow_inf_nan=False, description="speed of the reference time's cap, m/s")
    cap_offset_s: int = Field(default=180, ge=0, description="offset of the reference time's cap, s")
    uturn_s: int = Field(default=600, ge=0, description="longest stay of a u-turn, s")
    short_visit_s: int = Field(default=7200, ge=60, description="longest short visit, s")
    long_visit_s: int = Field(default=21600, ge=60, description="a longer visit is long, s")
    max_speed_kmh: float = Field(default=140, gt=0, allow_inf_nan=False, description="faster legs are impossible, km/h")
    clock_tolerance_s: int = Field(default=60, ge=0, description="clock offsets above this are corrected or excluded, s")
    day_edge_s: int = Field(default=1800, ge=0, description="a chain within this of the day's edge may be cut by it, s")
    dwell_bins_s: Seconds = Field(
        default=(0, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 86400),
        description="lower bounds of the dwell bins, s, from 0 upwards",
    )

    @field_validator("dwell_bins_s")
    @classmethod
    def _bins(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not value or value[0] != 0 or any(a >= b for a, b in pairwise(value)):
            raise ValueError("the bounds do not rise from 0")
        return value

    @model_validator(mode="after")
    def _order(self) -> Self:
        if self.short_visit_s > self.long_visit_s:
            raise ValueError("short_visit_s is longer than long_visit_s")
        return self


class Sdc(Section):
    """``[sdc]``: disclosure control of the shared tier; a city may be stricter, never looser."""

    k: int = Field(default=10, ge=10, description="fewest distinct vehicles of a published cell")
    k_travel_time: int = Field(default=30, ge=30, description="fewest distinct vehicles behind a travel time")
    dominance_one_pct: float = Field(default=40, gt=0, le=40, description="largest share of one vehicle in a cell, %")
    dominance_two_pct: float = Field(default=60, gt=0, le=60, description="largest share of two vehicles in a cell, %")


class Dp(Section):
    """``[dp]``: the budget of the open tier."""

    preset: Literal["strict", "standard"] = Field(default="strict", description="budget per vehicle-day: rho 0.02 or 0.1")
    ledger: str | None = Field(
        default=None, description="URL of the ledger; without it $XDG_STATE_HOME/kordon/ledger/<city>.db"
    )
    public_q: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="detection probability that the city declares from counts, never from this lake",
    )

    @model_validator(mode="before")
    @classmethod
    def _no_own_budget(cls, value: Any) -> Any:
        for name in (
            sorted(set(value) & {"rho", "rho_day", "rho_year", "eps", "epsilon", "delta"}) if isinstance(value, dict) else ()
        ):
            raise ValueError(f"{name} is not for a city to choose: the budget per vehicle-day follows from preset alone")
        return value


class Retention(Section):
    """``[retention]``: how long tables are kept; a city may keep less, never more."""

    raw_hours: int = Field(default=72, ge=1, le=72, description="hours that lines with plates are kept")
    core_days: int = Field(default=7, ge=1, le=7, description="days after the key period that vehicle rows are kept")
    flow_years: int = Field(default=3, ge=1, le=3, description="years that exact flows are kept")


class Products(Section):
    """``[publication.products]``: what the city publishes, by tier."""

    shared: Texts = Field(
        default=SHARED_PRODUCTS,
        description="products of the shared tier; `od_month_hour` is released by the month, `--dataset od_month_hour`. A period keeps its "
        "products in every version",
    )
    open: Texts = Field(default=OPEN_PRODUCTS, description="products of the open tier")

    @model_validator(mode="after")
    def _known(self) -> Self:
        for tier, names, known in (("shared", self.shared, SHARED_PRODUCTS), ("open", self.open, OPEN_PRODUCTS)):
            for name in names:
                if (tier, name) == ("shared", "site_hour"):
                    raise ValueError(
                        "'site_hour' is not published: beside gate_hour it would tell of single vehicles (docs/adr/0008)"
                    )
                if name not in known:
                    raise ValueError(f"{name!r} is not a product of the {tier} tier, which has {', '.join(known)}")
        return self


class Publication(Section):
    """``[publication]``: where releases are read."""

    base_url: str = Field(
        default="http://localhost:8000/",
        pattern=r"^https?://\S+$",
        description="address under which releases are served",
    )
    publisher: str = Field(default="", description="name of the publisher; without it the controller")
    signing_key_file: str | None = Field(default=None, description="file of the private key that signs manifests")
    products: Products = Field(default_factory=Products)


class Store(Section):
    """``[store]``: the object store, where a city has one; ``kordon store apply`` makes it so."""

    endpoint: str = Field(
        default="", pattern=r"^(https?://\S+)?$", description="address of the S3 server; AWS_ENDPOINT_URL wins"
    )
    bucket: str = Field(
        default="",
        pattern=r"^([a-z0-9][a-z0-9-]*)?\{zone\}[a-z0-9-]*$|^$",
        description="name of the buckets, with {zone} for the zone; without it the city's id and the zone",
    )
    quota_gb: dict[str, int] = Field(default_factory=dict, description="most that a zone's bucket holds, GB, by zone")
    is_encrypted: bool = Field(
        default=True, description="whether the store encrypts what it writes (SSE-S3); it needs its own key service"
    )


class CityFile(Section):
    """``city.toml``."""

    city: Identity = Field(description="who the city is")
    governance: Governance = Field(description="who answers for the processing, and on what ground")
    keys: KeyPolicy = Field(default_factory=KeyPolicy)
    methods: Methods = Field(default_factory=Methods)
    sdc: Sdc = Field(default_factory=Sdc)
    dp: Dp = Field(default_factory=Dp)
    retention: Retention = Field(default_factory=Retention)
    publication: Publication = Field(default_factory=Publication)
    store: Store = Field(default_factory=Store)
