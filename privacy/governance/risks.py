"""Risks to the people on the road, what is done against each, and the figures that show whether it works.

Who might attack, and how far they get, stands in ``docs/officer/attackers.md``. How grave a risk is, the officer judges.
"""

from dataclasses import dataclass

from privacy.governance.zones import Text


@dataclass(frozen=True)
class Risk:
    """A risk; ``figures`` are ids of :data:`privacy.governance.figures.WANTED`."""

    id: str
    name: Text
    measure: Text
    figures: tuple[str, ...]


RISKS = (
    Risk(
        "plates-spread",
        Text(
            "Plates end up outside the zones for plates: in logs, temporary files, statistics of tables, error messages.",
            "Nummerplaten komen buiten de zones voor nummerplaten terecht: in logboeken, tijdelijke bestanden, tabelstatistieken, "
            "foutmeldingen.",
        ),
        Text(
            "Refused lines keep no value; raw tables keep no statistics on plates; temporary files are encrypted; errors quote no data.",
            "Geweigerde regels bewaren geen waarde; ruwe tabellen houden geen statistiek bij over nummerplaten; tijdelijke bestanden "
            "zijn versleuteld; foutmeldingen citeren geen gegevens.",
        ),
        ("plate_residue", "plate_residue_after_kill"),
    ),
    Risk(
        "pseudonyms-reversed",
        Text(
            "Somebody turns pseudonyms back into plates by trying all plates, or with a key that leaked.",
            "Iemand zet pseudoniemen terug om in nummerplaten door alle platen te proberen, of met een gelekte sleutel.",
        ),
        Text(
            "Pseudonyms are keyed with 256 random bits; keys reach the computation by one channel only and are destroyed on time.",
            "Pseudoniemen hangen af van 256 willekeurige bits; sleutels bereiken de berekening langs één weg en worden tijdig vernietigd.",
        ),
        ("hmac_mismatches", "enumeration_recovered", "key_leaks", "destroyed_key_bytes"),
    ),
    Risk(
        "followed",
        Text(
            "Somebody is followed over days, between cities or for another purpose.",
            "Iemand wordt gevolgd over dagen heen, tussen steden of voor een ander doel.",
        ),
        Text(
            "Each city, purpose and period has a key of its own. Habits can still be recognised in closed data: no row about a vehicle "
            "ever leaves them.",
            "Elke stad, elk doel en elke periode heeft een eigen sleutel. Gewoonten blijven herkenbaar in gesloten gegevens: geen rij "
            "over een voertuig verlaat die ooit.",
        ),
        ("shared_pseudonyms", "relinked", "unicity_1", "unicity_2", "unicity_3", "unicity_4", "vehicle_rows_published"),
    ),
    Risk(
        "small-counts",
        Text(
            "A published count betrays one vehicle, directly or by subtraction from other counts.",
            "Een gepubliceerd aantal verraadt één voertuig, rechtstreeks of door andere aantallen ervan af te trekken.",
        ),
        Text(
            "Shared releases hide counts of few vehicles and those that would give them away; open releases add noise.",
            "Gedeelde uitgaven verbergen aantallen van weinig voertuigen en wat die zou verraden; open uitgaven voegen ruis toe.",
        ),
        ("hidden_counts_found", "hidden_count_width", "membership_epsilon", "known_points_isolated"),
    ),
    Risk(
        "versions",
        Text(
            "Two releases of the same days betray a vehicle by their difference, or noise is averaged away.",
            "Twee uitgaven over dezelfde dagen verraden een voertuig door hun verschil, of ruis wordt weggemiddeld.",
        ),
        Text(
            "Releases never change; a correction is a new release, charged to a budget; noise is drawn once.",
            "Uitgaven veranderen nooit; een correctie is een nieuwe uitgave, ten laste van een budget; ruis wordt één keer getrokken.",
        ),
        ("version_differences_found", "budget_overspent", "margin_coverage"),
    ),
    Risk(
        "kept-too-long",
        Text(
            "Data stays longer than needed, in old versions, copies or logs.",
            "Gegevens blijven langer dan nodig, in oude versies, kopieën of logboeken.",
        ),
        Text(
            "One command deletes by the limits of the city's file, old versions included, and its work is checked by listing.",
            "Eén opdracht wist volgens de termijnen in het bestand van de stad, ook oude versies, en het resultaat wordt nageteld.",
        ),
        ("overdue_objects",),
    ),
    Risk(
        "other-use",
        Text(
            "Data is used for something else: enforcement, tracing a person, a new purpose (function creep).",
            "Gegevens worden voor iets anders gebruikt: handhaving, iemand opsporen, een nieuw doel (function creep).",
        ),
        Text(
            "A changed purpose or legal basis stops the next release until somebody approves it by name; police cameras are refused; "
            "usage policies forbid re-identification.",
            "Een gewijzigd doel of een gewijzigde rechtsgrond houdt de volgende uitgave tegen tot iemand op naam goedkeurt; "
            "politiecamera's worden geweigerd; gebruiksregels verbieden heridentificatie.",
        ),
        (),
    ),
)
