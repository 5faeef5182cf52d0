"""Known bugs of supervision, each as the change of text that puts it back, and the tests that notice it."""

from tests.proof.teeth import Change, Tooth

KEEPER, CHILD, SITUATION = (f"agents/supervisor/{name}.py" for name in ("keeper", "child", "situation"))
EXECUTION, ATTEMPTS = (f"agents/supervisor/{name}.py" for name in ("execution", "attempts"))
LADDERS, BOOK, MEMBERS = (f"agents/supervisor/{name}.py" for name in ("ladders", "book", "members"))
NEVER_RAN = "tests/supervision/test_windows.py::test_a_command_that_never_ran_is_not_completed"
SUPERVISOR_KILLED = (
    "tests/proof/test_supervised_kills.py::test_a_supervisor_killed_at_a_call_is_followed_by_one_that_goes_on"
)
AT_ITS_END = (
    "tests/proof/test_supervised_kills.py::test_a_supervisor_killed_just_before_the_outcome_is_there_tells_it_once"
)
CLOCK = "tests/proof/test_supervised_clock.py::test_"
IDENTITY = "tests/proof/test_supervised_identity.py::test_"
AT_ONCE = "tests/proof/test_supervised_at_once.py"
DISK = "tests/proof/test_supervised_disk.py::test_"

SUPERVISED_TEETH = (
    Tooth(
        "a command runs though its keeper was killed before",
        (Change(EXECUTION, "        if os.getppid() == keeper:\n", "        if os.getppid():\n"),),
        (NEVER_RAN,),
    ),
    Tooth(
        "a command that never ran has failed",
        (Change(EXECUTION, "        _note_unexecuted(run, attempt, mine)\n", ""),),
        (NEVER_RAN,),
    ),
    Tooth(
        "the agent is reaped before its end is on record",
        (
            Change(
                KEEPER,
                "    attempts.put_end(run, ended, me)\n    _, _, used = os.wait4(pid, 0)\n",
                "    _, _, used = os.wait4(pid, 0)\n    attempts.put_end(run, ended, me)\n",
            ),
        ),
        ("tests/proof/test_supervised_kills.py::test_a_keeper_killed_as_it_puts_the_end_on_record_costs_no_exit_code",),
    ),
    Tooth(
        "an end is told twice",
        (Change(BOOK, "    return frozenset(event.event for", "    return frozenset(() and event.event for"),),
        (f"{AT_ITS_END}[fails]",),
    ),
    Tooth(
        "a kill is forgotten while the run is ended",
        (Change(SITUATION, "(verb, number, 0)", "(verb, number, self.handled)"),),
        (f"{AT_ITS_END}[is-killed]",),
    ),
    Tooth(
        "a finished agent is started again by its next supervisor",
        (Change(CHILD, "(Life.UNCLEAR if self._pidfd is None", "(Life.NONE if self._pidfd is None"),),
        (f"{SUPERVISOR_KILLED}[is-taken-over]",),
    ),
    Tooth(
        "who adopts a frozen agent takes it for running",
        (Change(LADDERS, " or facts.adopted\n", "\n"),),
        ("tests/supervision/test_decide.py",),
    ),
    Tooth(
        "an age by the wall clock",
        (
            Change(
                MEMBERS,
                '(time.CLOCK_BOOTTIME) - attempt.start_time / os.sysconf("SC_CLK_TCK")\n',
                "(time.CLOCK_BOOTTIME) * 0 + time.time() - attempt.started_at\n",
            ),
        ),
        (f"{CLOCK}a_pause_is_obeyed_though_the_clock_was_set",),
    ),
    Tooth(
        "a stall by the wall clock",
        (Change(SITUATION, "- self._quiet_since >= words.stall_after", ">= 0.0"),),
        (f"{CLOCK}an_agent_that_gets_on_is_not_stalled_because_the_clock_was_set",),
    ),
    Tooth(
        "a pid is believed without its start time",
        (Change("state/process.py", " or int(fields[START_TIME]) != start_time:\n", ":\n"),),
        (f"{IDENTITY}no_verb_signals_a_process_that_merely_has_the_pid",),
    ),
    Tooth(
        "a heartbeat may name anybody",
        (Change(MEMBERS, "        return os.getsid(pid) == attempt.pid and ", "        return "),),
        (f"{IDENTITY}an_agent_cannot_name_somebody_else_to_be_signalled",),
    ),
    Tooth(
        "two requests share a number",
        (Change("state/control.py", "            os.link(draft, target)\n", "            os.rename(draft, target)\n"),),
        (AT_ONCE,),
    ),
    Tooth(
        "no bytes are reserved for the end",
        (Change(ATTEMPTS, '        write_new(reserved, b" " * RESERVED)\n', '        write_new(reserved, b"")\n'),),
        (f"{DISK}a_disk_that_was_full_when_the_agent_ended_gets_the_truth_when_there_is_room",),
    ),
    Tooth(
        "a start is told twice",
        (Change("agents/supervisor/acts.py", '        if "started" not in self._at.told:\n', "        if True:\n"),),
        (
            "tests/proof/test_supervised_kills.py::test_what_becomes_the_agent_killed_as_it_notes_its_start_is_told_so_once",
        ),
    ),
    Tooth(
        "a supervisor at rest hears nothing but its bell",
        (Change("agents/supervisor/rest.py", "            and self._names() == self._before\n", ""),),
        ("tests/supervision/test_steering.py::test_a_request_is_obeyed_though_nobody_rang",),
    ),
    Tooth(
        "at rest no stall is seen",
        (Change("agents/supervisor/rest.py", "            and self._is_well()\n", ""),),
        ("tests/supervision/test_rest.py::test_a_stall_is_noticed_from_rest",),
    ),
    Tooth(
        "who retries a run waits for its pause to end",
        (Change("agents/supervisor/loop.py", "                self._acts.wait()\n", ""),),
        ("tests/supervision/test_steering.py::test_a_retry_does_not_wait_for_a_pause_to_end",),
    ),
)
