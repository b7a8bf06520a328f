"""What a scheduler is told about the jobs is what the chain finds by importing them."""

from kordon import chain, declared


def test_the_source_declares_what_the_chain_imports():
    imported = [(step.name, step.reads, step.writes) for step in chain.steps()]
    assert [(step.step, step.reads, step.writes) for step in declared.steps()] == imported


def test_the_four_tasks_hold_every_step_once_and_in_order():
    assert [step for members in declared.TASKS.values() for step in members] == [step.name for step in chain.steps()]
    tasks = {task.name: task for task in declared.tasks()}
    assert list(tasks) == ["reads", "movements", "flows", "quality"]
    assert (tasks["movements"].first, tasks["movements"].last) == ("clocks", "visits")
    assert {"core_trip", "core_visit"} <= tasks["movements"].writes
    assert tasks["quality"].writes == {"ops_day"}


def test_only_the_first_task_reads_plates():
    assert [task.name for task in declared.tasks() if {"raw_read", "raw_repaired"} & task.reads] == ["reads"]
