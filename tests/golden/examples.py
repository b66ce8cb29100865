"""One custom id of every form that a button of ours can have, or has ever had."""

_JOB = "0123456789abcdef01234567"

BUTTONS = (
    f"kb:cancel:{_JOB}",
    f"kb:vary:{_JOB}:0:subtle",
    f"kb:vary:{_JOB}:1:medium",
    f"kb:vary:{_JOB}:3:strong",
    f"kb:reroll:{_JOB}",
    f"kb:edit:{_JOB}:2",
    f"kb:fav:{_JOB}",
    f"kb:fav:{_JOB}:3",
    f"kb:unfav:{_JOB}:0",
    f"kb:recipe:{_JOB}",
    f"kb:del:{_JOB}",
    f"kb:delyes:{_JOB}:0",
    f"kb:delyes:{_JOB}:12345678901234567890",
    f"kb:delno:{_JOB}:0",
    f"kb:delno:{_JOB}:1",
    f"kb:show:{_JOB}",
    "kb:hist:o:12:0:",
    "kb:hist:n:123456789:1:a red fox: at night",
    "kb:hq:page:0",
    "kb:hq:page:9999",
    "kb:hq:door:open:0",
    "kb:hq:door:paused:12",
    "kb:hq:door:draining:3",
    f"kb:hq:cancel:{_JOB}:7",
    "kb:qclear:0",
    "kb:qclear:123456789012345678",
    "kb:qkeep",
)
