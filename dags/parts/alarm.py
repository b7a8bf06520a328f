"""Who is told when a task fails for good."""

import json
import logging
import os
from typing import Any
from urllib.request import Request, urlopen

from dags.parts.submit import exit_code, said

log = logging.getLogger("kordon.alarm")
WAIT_S = 10


def alarm(context: Any) -> None:
    """Say which task of which day failed and why: as one line of JSON in the log, and to ``KORDON_ALARM_URL`` where one is set.

    The line holds ids, dates and what the command said; commands say no plate, pseudonym or key.
    """
    ti, exception = context["ti"], context.get("exception")
    start = context.get("data_interval_start")
    what = {
        "alarm": "kordon",
        "dag": ti.dag_id,
        "task": ti.task_id,
        "run": context["run_id"],
        "interval_start": start.isoformat() if start else None,
        "exit_code": exit_code(exception) if exception else None,
        "said": said(exception) if exception else "no reason is known",
    }
    text = json.dumps(what, ensure_ascii=False)
    log.error(text)
    url = os.environ.get("KORDON_ALARM_URL")
    if not url:
        return
    try:
        with urlopen(Request(url, text.encode(), {"Content-Type": "application/json"}), timeout=WAIT_S):  # noqa: S310
            pass
    except (OSError, ValueError) as fault:
        # The alarm itself must not hide what it is about.
        log.error("KORDON_ALARM_URL did not take the alarm: %s", fault)
