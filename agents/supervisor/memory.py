"""Whether the kernel killed something of ours for want of memory, as the control group counts it."""


def kills() -> int | None:
    """How many processes of this control group were killed for memory so far; None = it cannot be known."""
    try:
        with open("/proc/self/cgroup", encoding="utf-8", errors="surrogateescape") as file:
            unified = next((line.rstrip("\n")[3:] for line in file if line.startswith("0::")), None)
        if unified is None:
            return None
        path = f"/sys/fs/cgroup{unified}/memory.events"
        with open(path, encoding="utf-8") as file:
            return next((int(line.split()[1]) for line in file if line.startswith("oom_kill ")), None)
    except (OSError, ValueError):
        return None


def out_of_memory(signal: str | None, before: int | None) -> bool | None:
    """Whether an attempt that `signal` ended was killed for memory; `before`: the count when it began."""
    if signal != "SIGKILL":
        return False
    now = kills()
    return None if now is None or before is None else now > before
