"""The judge reads anybody's truth folder, and says what is wrong with one that it cannot use."""

import gzip

import pandas as pd
import pytest

from fidelity import truth as truths
from fidelity.truth import Truth
from kordon.errors import InputError
from tests import judged


@pytest.fixture(scope="module")
def frames():
    return judged.truth_frames()


def test_a_truth_may_be_gzipped_or_not(frames, tmp_path):
    plain = truths.load(judged.write(frames, tmp_path / "plain", zipped=False))
    zipped = truths.load(judged.write(frames, tmp_path / "zipped"))
    for name, table in plain.items():
        pd.testing.assert_frame_equal(table, zipped[name])


@pytest.mark.parametrize(
    ("name", "spoil", "says"),
    [
        ("trip", lambda f: f.drop(columns="depart"), "trip.csv.gz has no column 'depart'"),
        ("camera", lambda f: f.rename(columns={"clock_offset_s": "offset"}), "camera.csv.gz has no column 'clock_offset_s'"),
        ("read", lambda f: f.assign(status="fine"), "line 2: status is none of ok, misread"),
        ("read", lambda f: f.assign(passage_key="nowhere"), "passage_key is not in passage.csv"),
        ("passage", lambda f: f.assign(vehicle_key="nobody"), "vehicle_key is not in vehicle.csv"),
        ("passage", lambda f: pd.concat([f, f.tail(1)]), "line 242: passage_key stands there twice; 1 such lines"),
        ("trip", lambda f: f.assign(stop_before_s="long"), "stop_before_s is no number"),
        ("camera", lambda f: f.assign(is_up="perhaps"), "is_up is neither true nor false"),
        ("passage", lambda f: f.assign(camera_id="c9"), "is it of another city?"),
    ],
)
def test_a_truth_that_cannot_be_used_is_refused_with_file_and_column(frames, tmp_path, name, spoil, says):
    folder = judged.write(frames | {name: spoil(frames[name])}, tmp_path)
    with pytest.raises(InputError) as refused:
        Truth.of(truths.load(folder), place=judged.PLACE)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    "content", [b"", b"\x1f\x8b\x08garbage", gzip.compress(b'vehicle_key,"plate\n1,2', mtime=0)[:-6], b"\xff\xfe\x00"]
)
def test_garbage_in_place_of_a_file_is_an_input_error(frames, tmp_path, content):
    judged.write(frames, tmp_path)
    (tmp_path / "vehicle.csv.gz").write_bytes(content)
    with pytest.raises(InputError, match=r"vehicle\.csv\.gz"):
        truths.load(tmp_path)


def test_a_file_that_is_missing_is_named(frames, tmp_path):
    judged.write(frames, tmp_path)
    (tmp_path / "visit.csv.gz").unlink()
    with pytest.raises(InputError, match=r"no visit\.csv or visit\.csv\.gz"):
        truths.load(tmp_path)


def test_an_instant_that_is_none_is_named_by_its_line(frames, tmp_path):
    judged.write(frames, tmp_path, zipped=False)
    text = (tmp_path / "trip.csv").read_text().splitlines()
    text[3] = text[3].replace("2026-03-10T", "yesterday ")
    (tmp_path / "trip.csv").write_text("\n".join(text))
    with pytest.raises(InputError, match=r"trip\.csv, line 4: depart is no instant"):
        truths.load(tmp_path)


def test_only_the_days_of_the_lake_are_judged(frames, tmp_path):
    loaded = truths.load(judged.write(frames, tmp_path))
    day = (judged.DAY - pd.Timestamp(0)).days
    assert len(Truth.of(loaded, place=judged.PLACE, days={day}).passage) == 240
    assert not len(Truth.of(loaded, place=judged.PLACE, days={day + 1}).passage)


def test_the_longest_stop_counts_between_two_moments(frames, tmp_path):
    truth = judged.load(frames, tmp_path)
    start = (judged.DAY + pd.Timedelta(hours=7)).timestamp()
    found = truth.longest_stop_s(
        vehicle=pd.Series([0, 0, 1, 2]).to_numpy(),
        start=pd.Series([start, start + 7200, start, start]).to_numpy(),
        end=pd.Series([start + 7200, start + 9000, start + 7200, start + 7200]).to_numpy(),
    )
    assert found.tolist() == [1800, 0, 300, 0]
