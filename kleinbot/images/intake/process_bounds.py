"""Limits of a process that reads untrusted files: memory, lifetime, files.

Proven on Linux. macOS does not enforce a memory limit; on Windows a job object limits memory and lifetime.
These two are unmeasured.
"""

import os
import signal
import sys
from types import TracebackType

_NICER = 5
"""A busy reader on a machine with few cores must not slow down rendering."""

_SLOW_NICENESS = 10
"""For a reader with a slow picture: a third of the weight of readers whose picture may still be quick."""


SELF_TIMEOUT_CODES = () if sys.platform == "win32" else (-signal.SIGPROF, -signal.SIGALRM)
"""The return codes, as in ``subprocess``, of a process that its ``SelfTimeout`` ended."""


class SelfTimeout:
    """Ends this process if the body takes more than ``cpu_s`` of CPU time or ``seconds`` of wall time.

    Uses the operating system's timers, which work while a decoder holds the interpreter and after the parent
    is gone. CPU time distinguishes a file that never ends from a busy machine.
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


def limit_this_process(parent: int, memory_bytes: int) -> None:
    """Limit the calling process; on Windows ``Job`` does it from outside.

    Exits if ``parent``, the process that started it, has already ended.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl+C and closes our pipe
    if sys.platform == "win32":
        return
    import resource

    for number in (signal.SIGALRM, signal.SIGPROF):
        signal.signal(number, signal.SIG_DFL)
    os.nice(_NICER)
    if sys.platform == "linux":
        _die_with_parent()
        _prefer_for_oom_killer()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    # Not RLIMIT_AS: allocators reserve far more addresses than they use (one arena per thread).
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    if os.getppid() != parent:
        raise SystemExit(0)


def lower_priority(process_id: int) -> bool:
    """Lower a reader's priority for the rest of its life and return whether that worked."""
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


def _prefer_for_oom_killer() -> None:
    """Make the kernel's out-of-memory killer choose this process before the bot (proc(5), oom_score_adj)."""
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
        """A job object around one process, which dies with this one and has a memory limit.

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
            """End the process if it still runs, and release the job."""
            self._kernel.CloseHandle(self._job)

else:

    class Job:
        """Does nothing; on other systems the process limits itself."""

        def __init__(self, process_id: int, memory_bytes: int) -> None:
            del process_id, memory_bytes

        def close(self) -> None:
            return
