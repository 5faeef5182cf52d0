"""What an examination comes to: nothing of what is healthy, and of what is not one line with what to do about it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overnight.state.diagnosis import diagnose
from overnight.state.findings import (
    Cure,
    Disk,
    Entry,
    Facts,
    Finding,
    Holder,
    Inotify,
    Kind,
    Leftover,
    Machine,
    RunFacts,
)
from overnight.state.login import Login
from overnight.state.machine_diagnosis import notes_of
from overnight.state.records import Damaged, Exit, Outcome, Records, SupervisorState, Verb
from tests.builders import BOOT, T0, a_request, a_run, a_spec, a_supervisor, an_attempt

RUN = "/home/runs/crawl-a1b2c3"
SESSION = "/user.slice/user-1000.slice/session-3.scope"
MANAGER = "/user.slice/user-1000.slice/user@1000.service/app.slice/terminal.scope"
HEALTHY = Machine(
    now=T0,
    account="ann",
    uid=1000,
    host="host",
    boot_id=BOOT,
    uptime=10_000_000.0,
    inotify=Inotify(128, 65_536),
    login=Login(kill_user_processes=False, lingers=False, cgroup=SESSION),
    disk=Disk("ext4"),
)
OVER = {"exit": Exit(Outcome.FAILED, ended_at=T0 - 9), "supervised": False, "process_state": None}
GONE = {"supervised": False, "process_state": None}


def found(*runs: RunFacts, machine: Machine = HEALTHY, **facts: Any) -> list[Finding]:
    return diagnose(Facts(machine, runs=runs, **facts))


def of_run(facts: dict[str, Any] | None = None, /, **records: Any) -> list[Finding]:
    return found(RunFacts(a_run(**records), **{"supervisor_state": "S", **(facts or {})}))


def the(findings: list[Finding], kind: Kind, cure: Cure | None = None) -> Finding:
    (finding,) = findings
    assert (finding.kind, finding.cure) == (kind, cure)
    return finding


HEALTH: list[dict[str, Any]] = [
    {},
    OVER,
    {"process_state": "T"},
    {"requests": (a_request(Verb.PAUSE),)},
    {"attempt": None, "process_state": None},
    {"supervisor": a_supervisor(state=SupervisorState.BACKOFF), "process_state": None},
    {**GONE, "boot_id": "another"},
    {**OVER, "exit": Exit(Outcome.INTERRUPTED, ended_at=T0)},
]


@pytest.mark.parametrize("records", HEALTH)
def test_what_is_healthy_is_not_found_fault_with(records: dict[str, Any]) -> None:
    assert of_run(**records) == []
    assert found() == []


# -- supervision


@pytest.mark.parametrize(
    ("records", "words"),
    [
        ({"supervised": False}, "it goes on"),
        ({**GONE, "attempt": an_attempt(ended_at=T0, code=0)}, "it goes on"),
        ({**GONE, "attempt": None, "supervisor": None}, "it is to begin"),
    ],
)
def test_what_goes_on_without_a_supervisor_is_to_be_adopted(records: dict[str, Any], words: str) -> None:
    assert the(of_run(**records), Kind.ORPHAN, Cure.ADOPT).problem.startswith(words)


def test_what_is_lost_is_for_an_operator_to_decide() -> None:
    finding = the(of_run(**GONE), Kind.LOST)
    assert "overnight resume crawl-a1b2c3" in finding.remedy
    assert "overnight cancel crawl-a1b2c3" in finding.remedy


def test_what_may_run_on_another_machine_is_not_to_be_resumed_without_a_look_there() -> None:
    there = a_supervisor(host="gpu-07", boot_id="theirs")
    attempt = an_attempt(boot_id="theirs")
    finding = the(of_run(**GONE, supervisor=there, attempt=attempt), Kind.ELSEWHERE)
    assert "gpu-07" in finding.problem
    assert "look there first" in finding.remedy
    # As long as its lock is seen to be held there is nothing to do.
    assert of_run(supervisor=there, attempt=attempt, process_state=None) == []


def test_a_stopped_supervisor_is_told_to_go_on() -> None:
    finding = the(of_run({"supervisor_state": "T"}), Kind.LOCK, Cure.CONTINUE)
    assert "kill -CONT 4241" in finding.remedy


def test_a_lock_that_somebody_else_holds_names_who() -> None:
    holders = (Holder(7, "bash"), Holder(8, "sleep"))
    finding = the(of_run({"supervisor_state": None, "holders": holders}), Kind.LOCK)
    assert "pid 7 (bash) and pid 8 (sleep)" in finding.problem
    finding = the(of_run({"supervisor_state": None, "holders": ()}), Kind.LOCK)
    assert "cannot be seen from here" in finding.problem


# -- records


def damaged(name: str, **changes: Any) -> Damaged:
    return Damaged(name if name.startswith("/") else f"{RUN}/{name}", "not JSON")._replace(**changes)


ALIVE: dict[str, Any] = {}
UNSUPERVISED = {"supervised": False}


@pytest.mark.parametrize(
    ("name", "records", "curable"),
    [
        ("control/000003.json", ALIVE, True),
        ("control/000003.json", OVER, True),
        ("progress.json", ALIVE, False),
        ("progress.json", OVER, True),
        ("heartbeat.json", ALIVE, False),
        ("heartbeat.json", GONE, True),
        ("supervisor.json", ALIVE, False),
        ("supervisor.json", OVER, True),
        ("exit.json", ALIVE, False),
        ("exit.json", GONE, True),
        # Without these a run would look as if it had never begun, and be started again or swept away.
        ("spec.json", {**OVER, "spec": None}, False),
        ("spec.json", {**ALIVE, "spec": None}, False),
        ("attempts/0001.json", {**GONE, "attempt": None}, False),
        # An agent that lives can be adopted only with it.
        ("/mnt/elsewhere/progress.json", OVER, False),
        ("/progress.json", OVER, False),
    ],
)
def test_what_cannot_be_read_is_set_aside_where_nobody_is_worse_off(
    name: str, records: dict[str, Any], curable: bool
) -> None:
    findings = [each for each in of_run(**{**records, "damaged": (damaged(name),)}) if each.kind is Kind.DAMAGED]
    finding = the(findings, Kind.DAMAGED, Cure.SET_ASIDE if curable else None)
    assert finding.paths == (damaged(name).path,)
    assert "not JSON" in finding.problem
    assert finding.remedy


@pytest.mark.parametrize(("records", "curable"), [(ALIVE, False), (UNSUPERVISED, False), (GONE, True), (OVER, True)])
def test_a_damaged_environment_is_set_aside_only_where_nothing_is_to_be_adopted_with_it(
    records: dict[str, Any], curable: bool
) -> None:
    findings = of_run({"environment": damaged("env.json")}, **records)
    finding = the(
        [each for each in findings if each.kind is Kind.DAMAGED], Kind.DAMAGED, Cure.SET_ASIDE if curable else None
    )
    assert finding.run_id == "crawl-a1b2c3"
    adoptable = [each for each in findings if each.kind is Kind.ORPHAN]
    assert bool(adoptable) == (records is UNSUPERVISED), "what has begun is adopted all the same"


@pytest.mark.parametrize(
    "records", [ALIVE, UNSUPERVISED, {"attempt": None, "process_state": None, "supervised": False}]
)
def test_a_missing_environment_is_told_of_as_long_as_an_attempt_may_begin_with_it(records: dict[str, Any]) -> None:
    findings = of_run({"has_environment": False}, **records)
    assert "no env.json" in the([each for each in findings if each.kind is not Kind.ORPHAN], Kind.DAMAGED).problem
    assert of_run({"has_environment": False}, **OVER) == []


@given(st.sampled_from(["control/000003.json", "progress.json", "supervisor.json", "exit.json", "env.json"]), st.data())
def test_what_may_be_whole_is_never_set_aside(name: str, data: st.DataObject) -> None:
    records = data.draw(st.sampled_from([*HEALTH, GONE, UNSUPERVISED]))
    problem = damaged(name, intact=True)
    facts = {"environment": problem} if name == "env.json" else {}
    findings = of_run(facts, **{**records, "damaged": () if facts else (problem,)})
    assert [each.cure for each in findings if each.kind is Kind.DAMAGED] == [None]


def test_an_outcome_that_cannot_be_read_is_put_right_before_anything_is_adopted() -> None:
    run = {**GONE, "attempt": an_attempt(ended_at=T0, code=0), "damaged": (damaged("exit.json"),)}
    assert the(of_run(**run), Kind.DAMAGED, Cure.SET_ASIDE)


def test_the_record_of_an_attempt_is_not_missed_once_the_end_is_known() -> None:
    assert of_run(**OVER, attempt=None, damaged=(damaged("attempts/0001.json"),)) == []


def test_a_run_without_a_spec_is_told_of() -> None:
    over = the(of_run(**OVER, spec=None), Kind.DAMAGED)
    assert "no spec.json" in over.problem
    assert "cancel" not in over.remedy, "there is nothing to cancel"
    for changes in ({**OVER, "damaged": (damaged("spec.json"),)}, {**ALIVE, "spec": None}):
        remedy = the(of_run(**changes), Kind.DAMAGED).remedy
        assert ("`overnight cancel crawl-a1b2c3` ends it, and `rm`" in remedy) == ("exit" not in changes)


# -- modes and owners


def test_what_others_may_get_at_is_told_once_for_a_run() -> None:
    entries = (Entry(f"{RUN}/env.json", 0o644), Entry(RUN, 0o700), Entry(f"{RUN}/control", 0o750))
    finding = the(of_run({"entries": entries}), Kind.MODE, Cure.TIGHTEN)
    assert finding.paths == (f"{RUN}/env.json", f"{RUN}/control")
    assert f"{RUN}/env.json and 1 more (mode 0644)" in finding.problem
    assert the(found(home=(Entry("/home", 0o701),)), Kind.MODE, Cure.TIGHTEN).run_id is None


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700, 0o000])
def test_what_is_this_users_alone_is_fine(mode: int) -> None:
    assert found(home=(Entry("/home", mode),)) == []


def test_what_belongs_to_somebody_else_is_to_be_given_back() -> None:
    finding = the(of_run({"entries": (Entry(RUN, 0o755, "root"), Entry(f"{RUN}/lock", 0o644, "root"))}), Kind.OWNER)
    assert f"{RUN} and 1 more belong to root" in finding.problem
    assert f"sudo chown -R ann {RUN}" in finding.remedy


def test_leftovers_are_swept() -> None:
    finding = the(found(leftovers=(Leftover("/home/runs/.removed-x", "a removal"),)), Kind.LEFTOVER, Cure.SWEEP)
    assert finding.paths == ("/home/runs/.removed-x",)


# -- the machine


@pytest.mark.parametrize(
    ("limits", "setting"),
    [
        (Inotify(128, 65_536, 127, 0), None),
        (Inotify(128, 65_536, 128, 0), "max_user_instances=512"),
        (Inotify(128, 3), None),
        (Inotify(128, 2), "max_user_watches=16"),
        (Inotify(128, 100, 3, 98), "max_user_watches=256"),
        (None, None),
    ],
)
def test_inotify_limits_are_too_small_when_an_interface_more_could_not_watch_every_run(
    limits: Inotify | None, setting: str | None
) -> None:
    findings = found(RunFacts(a_run(), supervisor_state="S"), machine=HEALTHY._replace(inotify=limits))
    if setting is None:
        assert findings == []
    else:
        assert f"sudo sysctl fs.inotify.{setting}`" in the(findings, Kind.INOTIFY).remedy


@pytest.mark.parametrize(
    ("login", "cgroup", "remedy"),
    [
        (None, SESSION, None),
        (Login(False, False), SESSION, None),
        (Login(None, None), SESSION, None),
        (Login(True, False), SESSION, "`loginctl enable-linger ann` keeps what is started after it."),
        (Login(True, True), SESSION, "`sudo systemctl start user@1000.service` lets"),
        (Login(False, False), MANAGER, "`loginctl enable-linger ann` keeps them."),
        (Login(True, True), MANAGER, None),
        (Login(True, False), "/system.slice/cron.service", None),
        (Login(True, False), "", None),
    ],
)
def test_logging_out_is_warned_of_where_it_ends_runs(login: Login | None, cgroup: str, remedy: str | None) -> None:
    findings = found(RunFacts(a_run(), supervisor_state="S", cgroup=cgroup), machine=HEALTHY._replace(login=login))
    launching = found(machine=HEALTHY._replace(login=login and login._replace(cgroup=cgroup)))
    if remedy is None:
        assert findings == launching == []
        return
    assert remedy in the(findings, Kind.LOGIN).remedy
    assert "1 of the runs" in findings[0].problem
    assert ("starts them again" in findings[0].remedy) is (cgroup == SESSION)
    assert the(launching, Kind.LOGIN).remedy == findings[0].remedy.partition(" `overnight cancel`")[0]
    assert "what is launched from here" in launching[0].problem


def test_what_was_launched_before_its_user_lingered_is_to_be_started_again() -> None:
    machine = HEALTHY._replace(login=Login(True, True, SESSION, reachable=True))
    assert found(machine=machine) == [], "what is launched now is put into a scope"
    findings = found(RunFacts(a_run(), supervisor_state="S", cgroup=SESSION), machine=machine)
    remedy = the(findings, Kind.LOGIN).remedy
    assert remedy == "`overnight cancel`, then `overnight retry` starts them again, out of the session."


def test_a_clock_that_was_set_back_is_told_once_by_what_is_furthest_ahead() -> None:
    near = RunFacts(a_run(id="near", spec=a_spec(created_at=T0 + 400)), supervisor_state="S")
    far = RunFacts(a_run(id="far", requests=(a_request(Verb.PAUSE, at=T0 + 9000),)), supervisor_state="S")
    finding = the(found(near, far), Kind.CLOCK)
    assert "a record of far is 9000 s ahead" in finding.problem
    assert found(RunFacts(a_run(spec=a_spec(created_at=T0 + 200)), supervisor_state="S")) == []


def test_a_process_that_began_after_now_is_of_another_machine() -> None:
    machine = HEALTHY._replace(uptime=100.0)
    (finding,) = found(RunFacts(a_run(attempt=an_attempt(start_time=20_000)), supervisor_state="S"), machine=machine)
    assert finding.kind is Kind.CLOCK
    assert "100 s from now" in finding.problem
    other = an_attempt(start_time=20_000, boot_id="another")
    assert found(RunFacts(a_run(attempt=other, **OVER)), machine=machine) == []


@pytest.mark.parametrize(
    ("disk", "words"),
    [
        (None, []),
        (Disk("ext4"), []),
        (Disk("tmpfs"), []),
        (Disk("ext4", error="No space left on device"), ["cannot be written: No space left on device"]),
        (Disk("vfat", hard_links=False, holes=False), ["vfat knows no hard links", "vfat cannot free a part"]),
        (Disk("nfs4", is_shared=True), ["nfs4 is shared"]),
        (Disk("", locks=False), ["this filesystem knows no locks"]),
    ],
)
def test_what_the_filesystem_cannot_do_is_told_of(disk: Disk | None, words: list[str]) -> None:
    findings = found(machine=HEALTHY._replace(disk=disk))
    assert [each.kind for each in findings] == [Kind.DISK] * len(words)
    assert all(word in each.problem for word, each in zip(words, findings, strict=True))


def test_what_is_only_good_to_know_is_no_finding() -> None:
    machine = HEALTHY._replace(container="docker", disk=Disk("tmpfs"))
    assert found(machine=machine) == []
    container, memory = notes_of(machine)
    assert "docker" in container
    assert "tmpfs" in memory
    assert notes_of(HEALTHY) == []


def test_every_finding_is_one_line_with_what_to_do() -> None:
    bare = RunFacts(Records("x", "/r", damaged=(damaged("/r/spec.json"),)))
    for finding in found(bare, leftovers=(Leftover("/x", "y"),), home=(Entry("/h", 0o777), Entry("/r", 0, "bob"))):
        assert "\n" not in finding.problem + finding.remedy
        assert finding.remedy.endswith(".")
        assert not finding.problem.endswith(".")


def test_what_comes_after_a_run_that_failed_or_was_removed_can_never_begin() -> None:
    waits = {"attempt": None, "process_state": None, "supervisor": a_supervisor(state=SupervisorState.WAITING)}
    first = RunFacts(a_run(**OVER))
    last = a_run(**waits, spec=a_spec(id="last", after=("crawl-a1b2c3",)))._replace(id="last")
    finding = the(found(first, RunFacts(last, supervisor_state="S")), Kind.QUEUE)
    assert finding.run_id == "last"
    assert finding.problem == "it can never begin: it comes after crawl-a1b2c3, which failed"
    assert "was removed" in the(found(RunFacts(last, supervisor_state="S")), Kind.QUEUE).problem
    anyhow = last._replace(spec=a_spec(id="last", after=("crawl-a1b2c3:ended",)))
    assert found(first, RunFacts(anyhow, supervisor_state="S")) == []
