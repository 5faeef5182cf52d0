"""A run's checkpoint as an earlier process left it, made to fit together: log, head and outputs.

The log is held against other processes. Its torn tail is cut before anything is appended, each output is cut to its
committed length, and where one is shorter than the log says, the log goes back to the last line that fits. Of a log
in its shorter form only the whole can be believed: where that is damaged, everything begins anew.
"""

import json
import os
from collections.abc import Iterator
from typing import Any, NamedTuple
from zlib import crc32

from overnight.state import codec, lock, logline
from overnight.state.appending import CHUNK, AppendFile
from overnight.state.atomic import discard, sync_folder
from overnight.state.errors import AlreadySupervised
from overnight.state.outputs import Outputs
from overnight.state.readback import lines_of
from overnight.state.rundir import RunDir
from overnight.state.standing import DOES_NOT_FIT, Standing, standing_of

DRAFTS = (".checkpoint.log.", ".checkpoint.json.")
"""What the names of unfinished files of a checkpoint begin with."""


class Reopened(NamedTuple):
    log: AppendFile
    generation: str
    """Names this log: a head belongs to one."""
    standing: Standing
    notes: list[str]
    """What had to be repaired, in words for the operator."""


def reopen(run: RunDir, *, power: bool) -> Reopened:
    """The checkpoint of a run, or a new one. `power`: all of it is on the disk then.

    Raises AlreadySupervised where another process has it open; OSError. It is as good as it was after either.
    """
    log = _held(run)
    try:
        return _Reopening(run, log).perform(power=power)
    except BaseException:
        log.close()
        raise


def _held(run: RunDir) -> AppendFile:
    """The log, held against other processes for as long as it is open."""
    while True:
        log = AppendFile(run.checkpoint_log_path, os.O_RDWR)
        try:
            if not lock.take_after_end(log.descriptor):
                raise AlreadySupervised(
                    f"another process of {run.id} still writes its checkpoint",
                    hint="It ends by itself, or with `overnight kill`; then start again.",
                )
            # Whoever held it may have put a shorter log in its place.
            if os.path.samestat(os.fstat(log.descriptor), os.stat(run.checkpoint_log_path)):
                return log
        except BaseException:
            log.close()
            raise
        log.close()


class _Reopening:
    def __init__(self, run: RunDir, log: AppendFile) -> None:
        self._run, self._log = run, log
        self._outputs = Outputs(run.artifacts_path)
        self._notes: list[str] = []

    def perform(self, *, power: bool) -> Reopened:
        self._discard_drafts()
        generation, first, compacted = self._beginning()
        head = self._usable_head(generation)
        standing = head or Standing(first)
        whole = self._replay(standing) or head is not None or not compacted
        if not whole:
            standing = Standing()
        if head is None:
            # A head that was not used must not come to fit by accident when the log has grown again.
            _set_aside(self._run.checkpoint_path)
        self._cut_log(standing.offset, anew=not whole)
        if not standing.offset:
            generation = os.urandom(8).hex()
            self._log.append(logline.line_of(logline.body_of({"generation": generation, "version": codec.VERSION})))
            standing.offset = self._log.length
        self._outputs.cut_to(standing.artifacts)
        self._outputs.put_in_place(standing.files)
        if power:
            # The process before may have ended between a write and its sync; what it had done counts from now on.
            self._outputs.sync(*standing.artifacts, *standing.files)
            self._log.sync_or_write_again()
            sync_folder(self._run.path)
        return Reopened(self._log, generation, standing, self._notes)

    def _discard_drafts(self) -> None:
        """Of processes that were killed while they wrote them. Nobody else writes any: the log is held."""
        for name in os.listdir(self._run.path):
            if name.startswith(DRAFTS):
                discard(self._run.file(name))

    def _beginning(self) -> tuple[str, int, bool]:
        """Which log this is, where its items begin, and whether it is in the shorter form.

        ("", 0, False) = an empty log, or one of another writer.
        """
        with open(self._log.path, "rb") as file:
            line = file.readline()
        fields = logline.parse(line) or {}
        generation = fields.get("generation")
        if not isinstance(generation, str):
            return "", 0, False
        return generation, len(line), bool(fields.get("compacted"))

    def _usable_head(self, generation: str) -> Standing | None:
        """The head, if it is of this log and what it promises is there."""
        try:
            with open(self._run.checkpoint_path, "rb") as file:
                raw = file.read()
        except FileNotFoundError:
            return None
        try:
            plain = json.loads(raw)
            standing = standing_of(plain)
            there = plain["generation"] == generation and self._ends_a_line(standing.offset)
            return standing if there and self._outputs.fit(standing.artifacts) else None
        except DOES_NOT_FIT:
            self._notes.append("checkpoint.json was damaged: set aside, and the whole log was read")
            return None

    def _ends_a_line(self, offset: int) -> bool:
        return offset > 0 and os.pread(self._log.descriptor, 1, offset - 1) == b"\n"

    def _replay(self, standing: Standing) -> bool:
        """Apply the lines behind the standing, up to the first that does not fit. Whether a base was among them."""
        based = False
        for line in lines_of(self._run, standing.offset):
            fields = logline.parse(line)
            try:
                if fields is None or not self._fits(standing, fields):
                    break
                standing.apply(fields, len(line))
            except DOES_NOT_FIT:
                break
            based = based or "base" in fields
        return based

    def _fits(self, standing: Standing, fields: dict[str, Any]) -> bool:
        lengths = fields["base"]["artifacts"] if "base" in fields else fields.get("o")
        if not lengths or self._outputs.fit(lengths) or not standing.counts(fields):
            return True
        self._notes.append("an output was shorter than the checkpoint says: went back to the last item that fits")
        return False

    def _cut_log(self, end: int, *, anew: bool) -> None:
        """Cut what does not count before anything is appended. More than a torn line is kept beside the log."""
        kept = _kept_aside(self._run, self._log, end)
        if anew:
            self._notes.append(f"the checkpoint was damaged: everything begins anew; it is kept in {kept}")
        elif kept and not self._notes:
            self._notes.append(f"a part of the checkpoint was damaged: went back behind it; it is kept in {kept}")
        self._log.cut(end)


def _kept_aside(run: RunDir, log: AppendFile, end: int) -> str | None:
    """The name of a file with all that lies behind `end`; None = that is a torn line at most."""
    checksum = lines = 0
    for data in _chunks(log, end):
        checksum, lines = crc32(data, checksum), lines + data.count(b"\n")
    if lines < 2:
        return None
    # By its contents: whoever is killed here does the same again, and what was kept before stays.
    name = f"checkpoint.log.cut-{end}-{checksum:08x}"
    draft = AppendFile(run.file(f".{name}"))
    try:
        draft.cut(0)
        for data in _chunks(log, end):
            draft.append(data)
    except BaseException:
        discard(draft.path)
        raise
    finally:
        draft.close()
    os.replace(draft.path, run.file(name))
    return name


def _chunks(log: AppendFile, start: int) -> Iterator[bytes]:
    while data := os.pread(log.descriptor, CHUNK, start):
        start += len(data)
        yield data


def _set_aside(path: str) -> None:
    try:
        os.replace(path, path + ".unused")
    except FileNotFoundError:
        pass
