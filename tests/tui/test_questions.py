"""What is asked before a cancel or a kill, of runs in the states in which one can be asked."""

from overnight.state.records import Verb
from overnight.tui.questions import question_lines
from overnight.tui.view import Row, row_of
from tests.builders import T0, a_run, a_spec, a_supervisor


def asked(verb: Verb, *rows: Row) -> str:
    return "\n".join(line.text for line in question_lines(verb, rows, [None] * len(rows)))


def test_of_a_queued_run_it_is_not_said_that_a_process_is_stopped() -> None:
    queued = row_of(a_run(spec=a_spec(stop_grace=20.0), attempt=None, supervised=False), T0)
    for verb in (Verb.CANCEL, Verb.KILL):
        said = asked(verb, queued)
        assert "It leaves the queue." in said
        assert "nothing is lost" in said
        assert "force" not in said
    assert "Each leaves the queue." in asked(Verb.CANCEL, queued, queued)


def test_what_works_is_asked_and_then_stopped_by_force() -> None:
    queued = row_of(a_run(spec=a_spec(), attempt=None, supervised=False), T0)
    working = row_of(a_run(spec=a_spec(stop_grace=20.0), supervisor=a_supervisor()), T0)
    assert "It is asked to stop, and stopped by force after 20s." in asked(Verb.CANCEL, working)
    assert "Each is asked to stop" in asked(Verb.CANCEL, working, queued)
