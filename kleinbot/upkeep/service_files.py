"""What starts the bot with the machine: a systemd unit, or a task of Windows' Task Scheduler (unmeasured)."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

CLOSINGS_S = 240
"""After the grace period, a stop waits for parts of the bot (``app.lifecycle``: 180 s at most)."""


@dataclass(frozen=True)
class ServiceSpec:
    """How the bot is started: by ``command`` in ``folder``.

    ``account``: the user of a system unit, None in a user's own; ``grace_s``: the setting.
    """

    command: tuple[str, ...]
    folder: Path
    account: str | None
    grace_s: float

    @property
    def mark(self) -> str:
        """The line by which a file is known to be this installation's."""
        return f"Written by kleinbot service install for {self.folder}"


def systemd_unit(spec: ServiceSpec) -> str:
    """Return the unit. The bot restarts itself; systemd does so if that parent process is gone."""
    account = "" if spec.account is None else f"User={spec.account}\n"
    network = "" if spec.account is None else "Wants=network-online.target\nAfter=network-online.target\n"
    return f"""\
# {spec.mark}
[Unit]
Description=kleinbot, a Discord bot that draws
{network}
[Service]
Type=exec
{account}WorkingDirectory={_path(spec.folder)}
ExecStart={" ".join(map(_quoted, spec.command))}
Restart=on-failure
RestartSec=60
# 1 and 2: only its owner can mend that.
RestartPreventExitStatus=1 2
# The system's memory killer takes the child; its parent starts it again.
OOMPolicy=continue
# A stop goes to the parent, which passes it on.
KillMode=mixed
TimeoutStopSec={round(spec.grace_s) + CLOSINGS_S}
UMask=0077
NoNewPrivileges=yes

[Install]
WantedBy={"default.target" if spec.account is None else "multi-user.target"}
"""


def _path(path: Path) -> str:
    return str(path).replace("%", "%%")


def _quoted(word: str) -> str:
    """Quote for ExecStart (systemd.service(5), "Command lines"; specifiers: systemd.unit(5))."""
    plain = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{plain}"'


def scheduled_task(spec: ServiceSpec) -> str:
    """Return the task: it starts at logon, without a time limit, also on battery."""
    program, *arguments = spec.command
    return f"""\
<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>{escape(spec.mark)}</Description>
  </RegistrationInfo>
  <Triggers>
    <LogonTrigger>
      <Enabled>true</Enabled>
    </LogonTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure>
      <Interval>PT1M</Interval>
      <Count>10</Count>
    </RestartOnFailure>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{escape(program)}</Command>
      <Arguments>{escape(subprocess.list2cmdline(arguments))}</Arguments>
      <WorkingDirectory>{escape(str(spec.folder))}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
"""
