"""A release of a lake in a store waits on this machine, and the log in the store answers for its bytes."""

import pytest

from kordon import audit_log
from kordon.errors import UsageError
from kordon.state import staging_area
from publication import staging
from publication.staging import Terms

TERMS = Terms(
    "vliet", "shared", "vliet-shared", "2026-03-10", "2026-03-10", 1, "/releases", "hash", "2026-03-14T09:00:00+00:00"
)


def test_it_is_staged_here_and_known_by_the_log_there(keys, act_as, minio, lake_uri, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    act_as(minio.root)
    lake = f"{lake_uri}-staged"

    def fill(folder):
        (folder / "od_day.csv").write_text("trips\n12\n")
        return True

    made = staging.stage(lake, terms=TERMS, purpose="a test", fill=fill)
    assert made is not None
    assert made.folder.parent == staging_area(lake)
    assert tmp_path in made.folder.parents
    assert made.folder.parent.stat().st_mode & 0o777 == 0o700
    assert staging.find(made.folder, lake=lake).digest == made.digest
    assert [e["sha256"] for e in audit_log.entries(audit_log.of_lake(lake))] == [made.digest]
    with pytest.raises(UsageError, match="no release that waits"):
        staging.find(made.folder, lake=f"{lake_uri}-other")
