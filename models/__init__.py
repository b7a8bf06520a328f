"""Statistics on aggregates: what can be known of what the cameras did not see. Never a plate, a vehicle or Spark."""
