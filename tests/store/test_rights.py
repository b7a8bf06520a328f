"""Every account against every bucket on a real server: exactly what is allowed goes, and the command that makes it so is idempotent."""

import io
import json
import urllib.error
import urllib.request

import pytest
from minio import Minio
from minio.credentials import AWSConfigProvider
from minio.error import S3Error

from kordon import audit_log, cli, objects, store
from kordon.city import load
from kordon.commands.store import accounts, bucket_name, buckets
from privacy.governance.accounts import BUCKETS
from tests.e2e.vliet import CITY

VLIET = load(CITY)
ALLOWED = """
    account    | landing | raw | closed-vehicles | closed-counts | ops | staging | shared | open
    supplier   | w       |     |                 |               |     |         |        |
    engineer   | rl      | rl  | rl              | rl            | rlw |         | rl     | rl
    custodian  |         |     |                 |               | rl  |         |        | rl
    analyst    |         |     | rl              | rl            | rl  |         | rl     | rl
    officer    |         |     |                 |               | rl  | rl      | rld    | rld
    recipient  |         |     |                 |               |     |         | rl     | rl
    reads      | rl      | rlw | rlw             |               | rlw |         |        |
    movements  |         |     | rlw             | rlw           | rlw |         |        |
    flows      |         |     | rl              | rlw           | rlw |         |        |
    quality    |         |     | rl              | rl            | rlw |         |        |
    late       | rl      | rlw | rlw             | rlw           | rlw |         |        |
    retention  | rld     | rlwd| rlwd            | rlwd          | rlwd| rld     |        |
    release    |         |     |                 | rl            | rlw | rlw     | rl     | rl
    publish    |         |     |                 | rl            | rlw | rld     | rlw    | rlw
    withdraw   |         |     |                 |               | rlw | rld     | rlwd   | rlwd
"""
"""r read, l list, w write, d delete."""


def table() -> dict[str, dict[str, str]]:
    rows = [[cell.strip() for cell in line.split("|")] for line in ALLOWED.strip().splitlines()]
    return {name: dict(zip(rows[0][1:], cells, strict=True)) for name, *cells in rows[1:]}


def client(minio, file) -> Minio:
    return Minio(
        endpoint=minio.endpoint.removeprefix("http://"),
        credentials=AWSConfigProvider(str(file)),
        secure=False,
        region="us-east-1",
    )


def goes(action) -> bool:
    try:
        action()
    except S3Error as refused:
        assert refused.code == "AccessDenied", refused
        return False
    return True


def name_of(zone: str) -> str:
    return bucket_name(VLIET).replace("{zone}", zone)


@pytest.fixture(scope="module")
def filled(minio, keys):
    """A file in every bucket, and one for each account to delete."""
    root = client(minio, minio.root)
    for zone in BUCKETS:
        for name in ("there", *(f"of-{account}" for account in table())):
            root.put_object(bucket_name=name_of(zone), object_name=f"lake/{name}", data=io.BytesIO(b"x"), length=1)
    return root


@pytest.mark.parametrize("account", table())
def test_an_account_does_in_each_bucket_exactly_what_it_may(minio, keys, filled, account):
    acting = client(minio, keys / account)
    found = {}
    for zone in BUCKETS:
        bucket = name_of(zone)
        tried = {
            "r": lambda b=bucket: acting.get_object(bucket_name=b, object_name="lake/there").close(),
            "l": lambda b=bucket: list(acting.list_objects(bucket_name=b, recursive=True)),
            "w": lambda b=bucket: acting.put_object(
                bucket_name=b, object_name=f"lake/by-{account}", data=io.BytesIO(b"x"), length=1
            ),
            "d": lambda b=bucket: acting.remove_object(bucket_name=b, object_name=f"lake/of-{account}"),
        }
        found[zone] = "".join(letter for letter, action in tried.items() if goes(action))
    assert found == table()[account]


def test_the_table_is_of_every_account(keys):
    assert sorted(table()) == sorted(file.name for file in keys.iterdir())


def test_without_an_account_only_the_open_bucket_is_read_and_nothing_is_written(minio, filled):
    def answered(method: str, path: str) -> bool:
        request = urllib.request.Request(f"{minio.endpoint}/{path}", method=method, data=b"x" if method == "PUT" else None)
        try:
            with urllib.request.urlopen(request):
                return True
        except urllib.error.HTTPError as refused:
            assert refused.code == 403
            return False

    for zone in BUCKETS:
        bucket = name_of(zone)
        assert answered("GET", f"{bucket}/lake/there") == answered("GET", f"{bucket}?list-type=2") == (zone == "open")
        assert not answered("PUT", f"{bucket}/lake/strange")
        assert not answered("DELETE", f"{bucket}/lake/there")


def test_who_may_delete_tables_of_operation_may_not_delete_the_audit_log(minio, keys, lake_uri, act_as):
    act_as(keys / "retention")
    log = audit_log.of_lake(lake_uri)
    audit_log.append(log, action="retention", purpose="a test")
    assert not goes(lambda: client(minio, keys / "retention").remove_object(bucket_name=log.bucket, object_name=log.key))
    assert audit_log.verify(log).entries == 1


def test_a_writer_may_delete_what_delta_writes_for_a_moment_and_not_the_log_itself(minio, keys, filled):
    reads = client(minio, keys / "reads")
    for name, may in ((".00000000000000000001.crc.4b55.tmp", True), ("00000000000000000001.json", False)):
        key = f"lake/raw_read/_delta_log/{name}"
        filled.put_object(bucket_name=name_of("raw"), object_name=key, data=io.BytesIO(b"x"), length=1)
        assert goes(lambda key=key: reads.remove_object(bucket_name=name_of("raw"), object_name=key)) == may


def test_a_second_apply_changes_nothing_and_what_was_changed_by_hand_is_mended(minio, keys, act_as, filled):
    def apply() -> list[str]:
        return store.apply(buckets=buckets(VLIET), accounts=accounts(VLIET), credentials=keys)

    assert apply() == []
    raw = name_of("raw")
    filled.set_bucket_policy(
        bucket_name=raw, policy=filled.get_bucket_policy(bucket_name=name_of("open")).replace("open", "raw")
    )
    filled.delete_bucket_encryption(bucket_name=raw)
    filled.delete_bucket_lifecycle(bucket_name=name_of("landing"))
    (keys / "analyst").unlink()
    assert apply() == [
        f"{name_of('landing')}: objects are deleted after 3 days",
        f"{raw}: encrypted",
        f"{raw}: nobody without an account may do anything any more",
        f"vliet-analyst: new keys in {keys / 'analyst'}",
    ]
    assert apply() == []
    assert (keys / "analyst").stat().st_mode & 0o777 == 0o600
    assert goes(lambda: list(client(minio, keys / "analyst").list_objects(bucket_name=name_of("shared"))))


def test_a_quota_of_the_city_holds_and_one_of_no_bucket_is_refused(minio, keys, act_as, tmp_path, capsys):
    import shutil

    city = shutil.copytree(CITY, tmp_path / "vliet")
    with (city / "city.toml").open("a") as file:
        file.write("\n[store]\nquota_gb = { raw = 7 }\n")
    arguments = ["store", "apply", "--city", str(city), "--credentials", str(keys), "--json"]
    assert ended(arguments) == 0
    said = json.loads(capsys.readouterr().out)
    assert said == {
        "lake": "s3a://vliet-{zone}/lake",
        "releases": "s3a://vliet-{zone}/releases",
        "changed": ["vliet-raw: holds at most 7 GB"],
    }
    text = (city / "city.toml").read_text()
    (city / "city.toml").write_text(text.replace("raw = 7", "attic = 7"))
    assert ended(arguments) == 3
    assert "store.quota_gb.attic: is no bucket" in capsys.readouterr().err


def test_keys_that_may_not_administrate_or_are_wrong_or_open_to_others_end_with_3_and_say_so(
    minio, keys, act_as, tmp_path, capsys
):
    arguments = ["store", "apply", "--city", str(CITY), "--credentials", str(keys)]
    act_as(keys / "reads")
    assert ended(arguments) == 3
    assert "must be an administrator" in capsys.readouterr().err
    wrong = tmp_path / "wrong"
    wrong.write_text("[default]\naws_access_key_id = nobody\naws_secret_access_key = nothing-at-all\n")
    act_as(wrong)
    assert ended(["audit-log", "verify", "--lake", "s3a://vliet-ops/lake"]) == 3
    assert "can be read by others" in capsys.readouterr().err
    wrong.chmod(0o600)
    assert ended(["audit-log", "verify", "--lake", "s3a://vliet-ops/lake"]) == 3
    said = capsys.readouterr().err
    assert str(wrong) in said
    assert "nothing-at-all" not in said
    act_as(tmp_path / "nowhere")
    assert ended(["audit-log", "verify", "--lake", "s3a://vliet-ops/lake"]) == 3
    assert "AWS_SHARED_CREDENTIALS_FILE" in capsys.readouterr().err


def test_a_bucket_that_is_not_there_is_said_with_the_command_that_makes_it(act_as, capsys):
    assert ended(["audit-log", "verify", "--lake", "s3a://nowhere-{zone}/lake"]) == 3
    assert "kordon store apply" in capsys.readouterr().err


def test_a_condition_is_judged_by_the_store(act_as):
    here = objects.below(f"s3a://{name_of('ops')}/conditions", "one")
    first = here.write(b"1", instead_of=None)
    with pytest.raises(objects.Changed):
        here.write(b"2", instead_of=None)
    second = here.write(b"2", instead_of=first)
    with pytest.raises(objects.Changed):
        here.write(b"3", instead_of=first)
    assert here.read() == second


def ended(arguments: list[str]) -> int:
    with pytest.raises(SystemExit) as left:
        cli.main(arguments)
    return left.value.code or 0
