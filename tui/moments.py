"""Instants as a person reads them: local time, the day only where it is another one."""

import time


def moment(at: float) -> str:
    """`12:04:30` today, else `2026-11-22 12:04:30`. `at`: seconds since the epoch."""
    local, today = time.localtime(at), time.localtime()
    same_day = local[:3] == today[:3]
    return time.strftime("%H:%M:%S" if same_day else "%Y-%m-%d %H:%M:%S", local)


def short_moment(at: float, now: float) -> str:
    """In eight cells: the time of day, or the date where that is another one."""
    then, today = time.localtime(at), time.localtime(now)
    return time.strftime("%H:%M:%S" if then[:3] == today[:3] else "%d %b  ", then)


def clock(now: float) -> str:
    """Hours and minutes: the picture changes once a minute."""
    return time.strftime("%H:%M", time.localtime(now))
