"""Bounds for a process that reads what strangers send: memory, life, files.

Proven on Linux. macOS has no limit on memory that it keeps, Windows has both by a job object; these two are
unmeasured.
"""

import os
import signal
import sys
from types import TracebackType

_NICER = 5
"""A busy reader on a host with few cores must not slow down those who wait for the card's pictures."""

_SLOW_NICENESS = 10
"""Of a reader whose picture is slow: it has a third of the weight of those whose picture may yet be quick."""


OWN_END_CODES = () if sys.platform == "win32" else (-signal.SIGPROF, -signal.SIGALRM)
"""What a process has ended with, as ``subprocess`` counts, that its ``OwnEnd`` has ended."""


class OwnEnd:
    """Ends this process after so many seconds of the processor's time, or of time, spent on one thing.

    By the system's own timers: they need neither the interpreter, which a decoder may hold, nor a parent,
    which may be gone. The processor's time tells a file that never ends from a busy machine.
    """

    def __init__(self, cpu_s: float, seconds: float) -> None:
        self._cpu_s = cpu_s
        self._seconds = seconds

    def __enter__(self) -> None:
        if sys.platform != "win32":
            signal.setitimer(signal.ITIMER_PROF, self._cpu_s)
            signal.setitimer(signal.ITIMER_REAL, self._seconds)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if sys.platform != "win32":
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.setitimer(signal.ITIMER_REAL, 0)


def bound_myself(parent: int, memory_bytes: int) -> None:
    """Bound the process that calls this; on Windows ``Job`` does it from outside.

    Ends it where ``parent``, the process that started it, has already ended.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the parent, which then closes our pipe
    if sys.platform == "win32":
        return
    import resource

    for number in (signal.SIGALRM, signal.SIGPROF):
        signal.signal(number, signal.SIG_DFL)
    os.nice(_NICER)
    if sys.platform == "linux":
        _die_with_parent()
        _be_first_for_the_memory_killer()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    # Not RLIMIT_AS: allocators reserve far more addresses than they ever use (one arena a thread).
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    if os.getppid() != parent:
        raise SystemExit(0)


def let_others_first(process_id: int) -> bool:
    """Make a reader yield to the others, for the rest of its life; tell whether that is so."""
    if sys.platform == "win32":
        return False
    try:
        os.setpriority(os.PRIO_PROCESS, process_id, _SLOW_NICENESS)
    except OSError:  # it has just ended
        return False
    return True


def _die_with_parent() -> None:
    """Have the kernel kill this process when its parent's thread ends (prctl(2), PR_SET_PDEATHSIG)."""
    import ctypes

    set_death_signal = 1
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(set_death_signal, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def _be_first_for_the_memory_killer() -> None:
    """Where the host's memory ends, this process goes rather than the bot (proc(5), oom_score_adj)."""
    try:
        adjust = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
    except OSError:  # no /proc: the limit above remains
        return
    try:
        os.write(adjust, b"1000")
    except OSError:
        return
    finally:
        os.close(adjust)


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    class _BasicLimits(ctypes.Structure):
        _fields_ = (
            ("PerProcessUserTimeLimit", wintypes.LARGE_INTEGER),
            ("PerJobUserTimeLimit", wintypes.LARGE_INTEGER),
            ("LimitFlags", wintypes.DWORD),
            ("MinimumWorkingSetSize", ctypes.c_size_t),
            ("MaximumWorkingSetSize", ctypes.c_size_t),
            ("ActiveProcessLimit", wintypes.DWORD),
            ("Affinity", ctypes.c_size_t),
            ("PriorityClass", wintypes.DWORD),
            ("SchedulingClass", wintypes.DWORD),
        )

    class _ExtendedLimits(ctypes.Structure):
        _fields_ = (
            ("BasicLimitInformation", _BasicLimits),
            ("IoInfo", ctypes.c_ulonglong * 6),
            ("ProcessMemoryLimit", ctypes.c_size_t),
            ("JobMemoryLimit", ctypes.c_size_t),
            ("PeakProcessMemoryUsed", ctypes.c_size_t),
            ("PeakJobMemoryUsed", ctypes.c_size_t),
        )

    class Job:
        """A job object around one process: it dies with this one and has a memory of its own.

        https://learn.microsoft.com/windows/win32/procthread/job-objects. Raises OSError.
        """

        _EXTENDED_LIMIT_INFORMATION = 9
        _PROCESS_MEMORY, _KILL_ON_CLOSE = 0x100, 0x2000
        _SET_QUOTA_AND_TERMINATE = 0x0100 | 0x0001

        def __init__(self, process_id: int, memory_bytes: int) -> None:
            self._kernel = ctypes.WinDLL("kernel32", use_last_error=True)
            for name in ("CreateJobObjectW", "OpenProcess"):
                getattr(self._kernel, name).restype = wintypes.HANDLE
            self._job = wintypes.HANDLE(self._kernel.CreateJobObjectW(None, None))
            limits = _ExtendedLimits()
            limits.BasicLimitInformation.LimitFlags = self._PROCESS_MEMORY | self._KILL_ON_CLOSE
            limits.ProcessMemoryLimit = memory_bytes
            process = wintypes.HANDLE(
                self._kernel.OpenProcess(self._SET_QUOTA_AND_TERMINATE, False, process_id)
            )
            try:
                done = self._kernel.SetInformationJobObject(
                    self._job, self._EXTENDED_LIMIT_INFORMATION, ctypes.byref(limits), ctypes.sizeof(limits)
                ) and self._kernel.AssignProcessToJobObject(self._job, process)
                if not done:
                    raise ctypes.WinError(ctypes.get_last_error())
            except OSError:
                self.close()
                raise
            finally:
                self._kernel.CloseHandle(process)

        def close(self) -> None:
            """End the process, if it still lives, and let the job go."""
            self._kernel.CloseHandle(self._job)

else:

    class Job:
        """Nothing: elsewhere the process bounds itself."""

        def __init__(self, process_id: int, memory_bytes: int) -> None:
            del process_id, memory_bytes

        def close(self) -> None:
            return
