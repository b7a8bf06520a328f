"""City folders that cannot be scheduled, as an import error that Airflow shows. It defines no DAG, so that no other city loses one."""

from dags.parts.city import cities
from kordon.errors import ConfigError

if faults := cities()[1]:
    raise ConfigError("\n".join(faults))
