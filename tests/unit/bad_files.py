"""Five suppliers and every bad file that they were ever seen to send; of each value that is refused, the canary tells."""

import gzip
import json
import random

import pyarrow as pa
import pyarrow.parquet as pq

from tests.cityfolder import put

CANARY = "KANARI1"
HEADER = "camera;time;plate;confidence;class\n"

TRAFICO = """
files = "*.csv*"
format = "csv"
delimiter = ";"
decimal = ","
[columns]
camera_id = "camera"
captured_at = "time"
plate = "plate"
confidence = "confidence"
vehicle_class = "class"
received_at = "received"
[time]
formats = ["dd/MM/yyyy HH:mm:ss", "iso"]
zone = "Europe/Brussels"
[classes]
PW = "car"
[plates]
unread = ["", "ONLEESBAAR"]
"""
OCULUS = """
files = "*.jsonl*"
format = "jsonl"
[columns]
read_id = "id"
camera_id = "cam"
captured_at = "ts"
plate = "lp"
confidence = "conf"
[time]
formats = ["epoch_s", "epoch_ms"]
[confidence]
scale = 100
"""
LATIN = """
files = "*.csv"
format = "csv"
encoding = "cp1252"
[columns]
camera_id = "caméra"
captured_at = "heure"
plate = "plaque"
"""
BARE = """
files = "*.txt"
format = "csv"
header = false
[columns]
camera_id = 2
captured_at = 1
plate = 3
"""
PARKET = """
files = "*.parquet"
format = "parquet"
[columns]
camera_id = "cam"
captured_at = "at"
plate = "lp"
"""
SOURCES = {"trafico": TRAFICO, "oculus": OCULUS, "latin": LATIN, "bare": BARE, "parket": PARKET}
CAMERAS = [
    "c1,trafico,1,s1,,",
    "c2,trafico,2,s2,2026-03-10T08:00,2026-03-10T10:00",
    "o1,oculus,1,s2,,",
    "l1,latin,1,s1,,",
    "b1,bare,1,s1,,",
    "p1,parket,1,s1,,",
]


def line(time="10/03/2026 08:00:00", camera="1", plate="1-ABC-123", confidence="0,9", kind="PW"):
    return f"{camera};{time};{plate};{confidence};{kind}\n"


def write_files(landing):
    good, seconds = line(), 1773126000
    put(landing, "trafico/good.csv", HEADER + line(time="10/03/2026 07:59:58"))
    put(landing, "trafico/extra_column.csv", "x;" + HEADER + "y;" + line(time="10/03/2026 08:00:01"))
    put(landing, "trafico/other_order.csv", "time;plate;camera\n10/03/2026 08:00:02;1-ABC-123;1\n")
    put(landing, "trafico/missing_column.csv", f"camera;time;unknown\n1;10/03/2026 08:00:00;{CANARY}\n1;x;{CANARY}\n")
    put(landing, "trafico/twice_column.csv", f"camera;time;plate;plate\n1;10/03/2026 08:00:00;{CANARY};x\n")
    put(landing, "trafico/counts.csv", f"{HEADER}1;{CANARY}\n{good[:-1]};{CANARY};1\n{line(time='10/03/2026 08:00:03')}")
    put(landing, "trafico/bytes.csv", HEADER.encode() + b"1;10/03/2026 08:00:00;\xff\xfeKANARI1;0,9;PW\n" + good.encode())
    put(landing, "trafico/utf16.csv", (HEADER + good).encode("utf-16"))
    whole = gzip.compress(
        (
            HEADER
            + "".join(
                line(time=f"11/03/2026 {h:02}:{m:02}:{s:02}", plate=f"2-{h}{m}{s}")
                for h in range(8, 18)
                for m in range(60)
                for s in range(0, 60, 5)
            )
        ).encode(),
        mtime=0,
    )
    put(landing, "trafico/half.csv.gz", whole[: len(whole) // 2])
    put(landing, "trafico/stub.csv.gz", whole[:5])
    put(landing, "trafico/damaged.csv.gz", whole[:-8] + b"\0\0\0\0" + whole[-4:])
    put(landing, "trafico/no_gzip.csv.gz", HEADER + line(plate=CANARY))
    put(landing, "trafico/gzip_by_stealth.csv", gzip.compress((HEADER + line(plate=CANARY)).encode()))
    put(landing, "trafico/empty.csv", b"")
    put(landing, "trafico/empty.csv.gz", b"")
    put(landing, "trafico/header_only.csv", HEADER)
    put(landing, "trafico/header_unended.csv", HEADER.strip())
    put(landing, "trafico/blank.csv", HEADER + "\n  \t\n" + line(time="10/03/2026 08:00:04") + "\n")
    put(landing, "trafico/nul.csv", HEADER + f"1;\0{CANARY}\n" + line(time="10/03/2026 08:00:05"))
    put(landing, "trafico/long.csv", HEADER + CANARY * 1_500_000 + "\n" + line(time="10/03/2026 08:00:06"))
    put(landing, "trafico/long_first.csv", CANARY * 50_000)
    put(landing, "trafico/delimiters.csv", HEADER + ";" * 60_000 + "\n" + line(time="10/03/2026 08:00:07"))
    mixed = [line(time=f"10/03/2026 08:01:0{n}").strip() for n in range(4)]
    put(
        landing,
        "trafico/endings.csv",
        HEADER + mixed[0] + "\r\n" + mixed[1] + "\r" + f"bad {CANARY}" + "\r\r\n" + mixed[2] + "\n" + mixed[3],
    )
    dates = [
        "31/02/2026 08:00:00",
        "10-03-2026 08:00",
        "2026",
        "12:30",
        CANARY,
        "",
        "2026-02-30T08:00:00",
        "01/01/1970 00:00:00",
        "99999999999999999999",
    ]
    put(landing, "trafico/dates.csv", HEADER + "".join(line(time=date) for date in dates))
    put(
        landing,
        "trafico/skipped.csv",
        HEADER + line(time="29/03/2026 01:59:59") + line(time="29/03/2026 02:30:00") + line(time="2026-03-29T03:00:00"),
    )
    put(landing, "trafico/repeated.csv", HEADER + line(time="26/10/2025 02:30:00") + line(time="2025-10-26T02:30:00+01:00"))
    put(
        landing,
        "trafico/confidence.csv",
        HEADER
        + "".join(
            line(time=f"10/03/2026 08:02:{n:02}", confidence=c)
            for n, c in enumerate(["-0,1", "1e300", "NaN", CANARY, "1,01", "1", "0", ""])
        ),
    )
    put(
        landing,
        "trafico/cameras.csv",
        HEADER
        + line(camera=CANARY)
        + line(camera="2", time="10/03/2026 07:59:59")
        + line(camera="2", time="10/03/2026 08:00:00")
        + line(camera="2", time="10/03/2026 10:00:00"),
    )
    put(
        landing,
        "trafico/future.csv",
        HEADER.strip()
        + ";received\n"
        + line(time="11/03/2026 08:00:00").strip()
        + ";10/03/2026 07:59:59\n"
        + line(time="10/03/2026 09:00:00").strip()
        + ";10/03/2026 08:59:59\n"
        + line(time="05/04/2026 08:00:00").strip()
        + f";{CANARY}\n",
    )
    put(
        landing,
        "trafico/quotes.csv",
        HEADER
        + f'1;"10/03/2026 08:00:00;{CANARY};0,9;PW\n'
        + '1;10/03/2026 08:03:00;"1-ABC-123";"0,9";PW\n'
        + '1;10/03/2026 08:03:01;1-A"BC-123;0,9;"P;W"\n',
    )
    put(landing, "trafico/repeated_header.csv", HEADER + line(time="10/03/2026 08:04:00") + HEADER)
    put(landing, "trafico/random.csv", random.Random(7).randbytes(20_000))
    put(landing, "trafico/.hidden.csv", HEADER + good)
    put(landing, "trafico/_hidden.csv", HEADER + good)
    put(landing, "trafico/co:lon.csv", HEADER + good)
    put(landing, "trafico/späce %20#1 [a]{b}'q\".csv", HEADER + line(time="10/03/2026 08:05:00"))
    (landing / "trafico/folder.csv").mkdir()
    (landing / "trafico/nowhere.csv").symlink_to(landing / "gone.csv")
    put(landing, "trafico/bom.csv", b"\xef\xbb\xbf" + HEADER.encode() + line(time="10/03/2026 08:06:00").encode())

    objects = [
        json.dumps({"id": "a", "cam": 1, "ts": seconds, "lp": "1ABC123", "conf": 90}),
        json.dumps({"id": "b", "cam": "1", "ts": f"{seconds}.25", "lp": "1ABC124", "extra": {"deep": [CANARY]}}),
        json.dumps({"id": "c", "cam": 1, "ts": seconds * 1000 + 7, "lp": None}),
        '{"id": "d", "cam": 1, "ts": 99999999999999999999999, "lp": "KANARI1"}',
        '{"id": "e", "cam": 1, "ts": 1e400, "lp": "KANARI1"}',
        '{"id": "f", "cam": 1, "ts": -5, "lp": "KANARI1"}',
        '{"id": "g", "cam": 1, ',
        '{"id": "h"}{"id": "KANARI1"}',
        '{"id": "h"},{"id": "KANARI1"}',
        "[1, 2]",
        CANARY,
        "[" * 60_000,
        "{}",
        json.dumps({"id": "i", "cam": 1, "ts": seconds, "lp": "X", "conf": 101}),
    ]
    put(landing, "oculus/objects.jsonl", "\n".join(objects))
    put(landing, "oculus/random.jsonl.gz", gzip.compress(random.Random(8).randbytes(5_000)))

    latin = "caméra,heure,plaque\n1,2026-03-10T08:00:00,ÉTÉ 123\n"
    put(landing, "latin/good.csv", latin.encode("cp1252") + b"1,2026-03-10T08:00:01,\x81KANARI1\n")
    put(landing, "latin/wrong.csv", latin.encode("utf-8"))

    put(landing, "bare/damaged_first.txt", f"{CANARY}\n2026-03-10T08:00:00,1,1ABC123\n2026-03-10T08:00:01,1,1ABC124\n")
    put(landing, "bare/narrow.txt", f"2026-03-10T08:00:00,{CANARY}\n")

    (landing / "parket").mkdir()
    at = pa.array([1773126000_000000, None], pa.timestamp("us", tz="UTC"))
    pq.write_table(pa.table({"cam": [1, 1], "at": at, "lp": ["1ABC123", CANARY]}), landing / "parket/good.parquet")
    pq.write_table(pa.table({"cam": [1], "lp": [CANARY]}), landing / "parket/missing.parquet")
    put(landing, "parket/random.parquet", random.Random(9).randbytes(1_000))
    put(landing, "parket/empty.parquet", b"")
