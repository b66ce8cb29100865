"""Maps job specs to columns of the table ``jobs`` and back."""

from collections.abc import Mapping

from kleinbot.domain.geometry import Grid
from kleinbot.domain.job_spec import NO_MARKS, Checkpoint, ContentMark, ImageKey, JobKind, JobSpec, Style
from kleinbot.domain.noise import NoiseRecipe, Strength
from kleinbot.domain.reference import Reference
from kleinbot.store.database import Row

Value = str | int | None


def columns_of(spec: JobSpec) -> Mapping[str, Value]:
    """Return the columns of ``jobs`` that hold ``spec``. References have their own table."""
    return {
        "kind": spec.kind,
        "prompt": spec.prompt,
        "columns": spec.grid.columns,
        "rows": spec.grid.rows,
        "steps": spec.steps,
        "checkpoint": spec.checkpoint,
        "strength": spec.strength,
        "parent_job": spec.parent.job_id if spec.parent else None,
        "parent_position": spec.parent.position if spec.parent else None,
        "spoiler": spec.spoiler,
        "content_marks": spec.marks,
        "style_name": spec.style.name if spec.style else None,
        "style_before": spec.style.before if spec.style else None,
        "style_after": spec.style.after if spec.style else None,
    }


def spec_of(row: Row, references: tuple[Reference, ...], first_noise: NoiseRecipe | None) -> JobSpec:
    """Return the spec that ``row`` holds.

    ``first_noise``: the noise of the job's first image. Without its last blend it is the parent's noise.
    """
    return JobSpec(
        kind=JobKind(row["kind"]),
        prompt=row["prompt"],
        grid=Grid(row["columns"], row["rows"]),
        steps=row["steps"],
        checkpoint=Checkpoint(row["checkpoint"]),
        strength=None if row["strength"] is None else Strength(row["strength"]),
        references=references,
        noise_parent=None if first_noise is None else first_noise.parent,
        parent=None if row["parent_job"] is None else ImageKey(row["parent_job"], row["parent_position"]),
        spoiler=bool(row["spoiler"]),
        marks=_marks(row["content_marks"], has_inputs=bool(references)),
        style=None
        if row["style_name"] is None
        else Style(row["style_name"], row["style_before"], row["style_after"]),
    )


def _marks(stored: int | None, *, has_inputs: bool) -> ContentMark:
    """Return a job's marks. Of an older job nothing is known but that input pictures may be a stranger's."""
    if stored is None:
        return ContentMark.OUTSIDE if has_inputs else NO_MARKS
    return ContentMark(stored)
