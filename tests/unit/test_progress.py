"""A step that takes minutes says how far it is, and stops saying so when it ends."""

import time

import pytest

from kordon import pipeline


def test_a_long_step_says_how_far_it_is(spark, monkeypatch):
    monkeypatch.setattr(pipeline, "SAYS_EVERY_S", 0.05)
    said: list[str] = []
    slow = spark.sparkContext.parallelize(range(8), 8)
    with pipeline._says_how_far(spark, "legs", progress=said.append):
        began = time.monotonic()
        while not any("of 8 tasks" in line for line in said) and time.monotonic() - began < 300:
            slow.map(lambda n: time.sleep(0.2) or n).sum()
    assert any(line.startswith("  legs ") and "s so far, " in line for line in said)
    heard = len(said)
    time.sleep(0.2)
    assert len(said) == heard


def test_a_spark_that_died_is_told_of_by_the_step(monkeypatch):
    monkeypatch.setattr(pipeline, "SAYS_EVERY_S", 0.01)

    class Dead:
        @property
        def sparkContext(self):
            raise ConnectionRefusedError

    said: list[str] = []
    with pytest.raises(RuntimeError, match="the step"), pipeline._says_how_far(Dead(), "legs", progress=said.append):
        time.sleep(0.1)
        raise RuntimeError("what the step says")
    assert said == []
