"""Which filesystem holds a file, and whether other machines write to it."""

import os

REMOTE = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "lustre", "afs", "fuse.sshfs", "fuse.glusterfs"}
)
"""Types of filesystems that other machines write to."""


def is_remote(folder: str) -> bool:
    """Whether other machines write there of which this one is told nothing."""
    return kind_of(folder, mounts()) in REMOTE


def kind_of(path: str, mounts: str) -> str:
    """The type of the filesystem that holds `path`, by the text of /proc/self/mountinfo. Pure but for links."""
    real = os.path.realpath(path)
    best = ("", "")
    # Only at what the kernel escapes in names: they may hold every other kind of space.
    for line in mounts.split("\n"):
        fields = line.split(" ")
        if "-" not in fields:
            continue
        point = _plain(fields[4])
        inside = real == point or real.startswith(point.rstrip("/") + "/")
        # Of two mounts on one point the later covers the earlier.
        if inside and len(point) >= len(best[0]):
            best = (point, fields[fields.index("-") + 1])
    return best[1]


def _plain(name: str) -> str:
    """Without what the kernel writes for spaces, tabs, line ends and backslashes."""
    for code, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        name = name.replace(code, char)
    return name


def mounts() -> str:
    """The text of /proc/self/mountinfo; "" = nobody can know."""
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return ""
