"""The ledger of the open tier: what each release cost, once and for good, and the bytes that it drew."""

from privacy.ledger.caps import Caps
from privacy.ledger.chain import Head, Row
from privacy.ledger.charge import Charge
from privacy.ledger.ledger import Ledger, Reservation, open_ledger

__all__ = ["Caps", "Charge", "Head", "Ledger", "Reservation", "Row", "open_ledger"]
