"""Compiles every Triton kernel for NVIDIA GPUs that are not here, with Triton's own ptxas.

``python -m tests.klein.kernels.compiling`` compiles all for sm_80, 86, 89, 90 and 120; ``--sample`` three of
them for sm_80 and 90. Stores to FP8 need sm_89, so the FP8 forms are left out before it.
"""

import sys
import time
from collections.abc import Iterator
from typing import Any

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from kleinbot.klein.kernels.forms import Narrowing
from kleinbot.klein.kernels.gpu import groups, rows

CAPABILITIES = (80, 86, 89, 90, 120)
SAMPLE = (80, 90)
FP8_FROM = 89


def forms() -> Iterator[tuple[str, Any, dict[str, str], dict[str, object]]]:
    """Yield each kernel in each form that the full-size Klein needs: label, kernel, types, constants."""
    for narrowing in Narrowing:
        out = "bf16" if narrowing is Narrowing.NOTHING else "fp8e4nv"
        by_row, by_factor = narrowing is Narrowing.BY_ROW, narrowing is Narrowing.BY_FACTOR
        target = {
            "target": f"*{out}",
            **({"row_scales": "*fp32"} if by_row else {}),
            **({"factor": "*bf16"} if by_factor else {}),
        }
        for gated in (False, True):
            constants: dict[str, object] = {
                "WIDTH": 3072,
                "MODULATION": 9216,
                "BLOCK": 4096,
                "GATED": gated,
                "NORMED": True,
            }
            yield (
                f"norm, {narrowing.name}, {gated}",
                rows.norm_rows,
                {"residual": "*bf16", "update": "*bf16", "gate": "*bf16", "shift": "*bf16", "scale": "*bf16"}
                | target
                | {"rows": "i32", "picture_rows": "i32", "eps": "fp32"},
                constants | {"STORED": True, "NARROWING": int(narrowing)},
            )
        yield (
            f"RMS norm, {narrowing.name}",
            rows.rms_norm_rows,
            {"residual": "*bf16", "update": "*bf16", "weight": "*bf16", "eps": "fp32"} | target,
            {"WIDTH": 2560, "BLOCK": 4096, "ADDED": True, "NORMED": True, "NARROWING": int(narrowing)},
        )
        yield (
            f"gate, {narrowing.name}",
            rows.gate_halves,
            {"beside": "*bf16", "projection": "*bf16"} | target,
            {
                "STRIDE": 27648,
                "FIRST": 9216,
                "BESIDE": 3072,
                "WIDTH": 9216,
                "BLOCK": 2048 if by_row else 1024,
                "NARROWING": int(narrowing),
            },
        )
    for paired, heads, key_heads, width in ((True, 24, 24, 128), (True, 6, 6, 32), (False, 32, 8, 128)):
        yield (
            f"heads {heads}",
            rows.rotate_heads,
            {"projection": "*bf16", "cos": "*fp32", "sin": "*fp32", "query_weight": "*bf16"}
            | {"key_weight": "*bf16", "query": "*bf16", "key": "*bf16", "value": "*bf16"}
            | {"rows": "i32", "picture_rows": "i32", "first_row": "i32", "eps": "fp32"},
            {
                "STRIDE": (heads + 2 * key_heads) * width,
                "HEADS": heads,
                "KEY_HEADS": key_heads,
                "HEAD": width,
                "AT_ONCE": 8,
                "PAIRED": paired,
            },
        )
    for channels, group in ((128, 4), (512, 16), (48, 6)):
        block = min(128, triton.next_power_of_2(channels))
        wide = {"WIDTH": channels, "ROWS": 128}
        yield (
            f"statistics {channels}",
            groups.part_statistics,
            {"x": "*bf16", "added": "*bf16", "means": "*fp32", "squares": "*fp32", "rows": "i32"},
            wide | {"BLOCK": block, "AT_ONCE": 32, "ADDED": True},
        )
        yield (
            f"joining {channels}",
            groups.join_statistics,
            {
                "means": "*fp32",
                "squares": "*fp32",
                "joined": "*fp32",
                "rows": "i32",
                "parts": "i32",
                "eps": "fp32",
            },
            wide | {"GROUP": group, "GROUP_BLOCK": triton.next_power_of_2(group), "PARTS": 256},
        )
        yield (
            f"norm and SiLU {channels}",
            groups.apply_statistics,
            {"x": "*bf16", "added": "*bf16", "joined": "*fp32", "weight": "*bf16", "bias": "*bf16"}
            | {"target": "*bf16", "rows": "i32"},
            {"WIDTH": channels, "ROWS": 64, "GROUP": group, "BLOCK": block, "ADDED": True, "SILU": True},
        )
    yield (
        "sum",
        groups.add_rows,
        {"x": "*bf16", "y": "*bf16", "bias": "*bf16", "target": "*bf16", "rows": "i32"},
        {"WIDTH": 48, "BLOCK": 64, "ROWS": 64, "BIASED": True},
    )


def compiled(kernel: Any, types: dict[str, str], constants: dict[str, object], capability: int) -> Any:
    """Return ``kernel`` compiled for ``capability``; arguments without a type are None."""
    names = kernel.arg_names
    missing = {name: None for name in names if name not in types and name not in constants}
    constexprs = constants | missing
    signature = {name: types.get(name, "constexpr") for name in names}
    source = ASTSource(
        kernel, signature, constexprs={(names.index(name),): v for name, v in constexprs.items()}
    )
    return triton.compile(source, target=GPUTarget("cuda", capability, 32), options={"num_warps": 8})


def main(arguments: list[str]) -> None:
    """Compile, and print a line for each kernel and capability."""
    is_sample = "--sample" in arguments
    made = 0
    for label, kernel, types, constants in forms():
        if is_sample and label not in ("norm, BY_ROW, True", "heads 6", "joining 48"):
            continue
        for capability in SAMPLE if is_sample else CAPABILITIES:
            is_narrow = "fp8" in types.get("target", "")
            if is_narrow and capability < FP8_FROM:
                continue
            started = time.perf_counter()
            binary = compiled(kernel, types, constants, capability)
            if not binary.asm["cubin"]:
                raise ValueError(label)
            made += 1
            print(f"sm_{capability} {label}: {time.perf_counter() - started:.1f} s")  # noqa: T201
    print(f"compiled {made}")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
