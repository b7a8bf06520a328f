"""A simulated city: agents on a road network, cameras with defects, supplier files, and the truth beside them."""

from simulation.run import Summary, simulate
from simulation.settings import perfect_cameras

__all__ = ["Summary", "perfect_cameras", "simulate"]
