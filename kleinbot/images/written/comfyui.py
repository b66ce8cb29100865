"""ComfyUI's graph: the nodes that were run ("prompt"), and the same as its editor draws it ("workflow").

A graph states no recipe, so the nodes are followed upwards from the one that samples. Every walk visits a
node once. https://docs.comfy.org/specs/workflow_json
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kleinbot.images.written.recipe import RecipeForm, WrittenRecipe, recipe_of

_MOST_NODES = 3_000
_SAVES = ("SaveImage", "PreviewImage", "SaveAnimatedWEBP", "SaveImageWebsocket")
_SAMPLERS = ("KSampler", "KSamplerAdvanced", "SamplerCustom", "SamplerCustomAdvanced")
_TEXTS = ("text", "prompt", "string", "value", "clip_l", "t5xxl")
_VALUES = ("value", "number", "int")
_NO_TEXT = "ConditioningZeroOut"
_OPPOSITES = {"positive": "negative", "negative": "positive"}

# The editor's form has the values of a node's widgets without their names, in the order of its inputs.
_WIDGETS: Mapping[str, tuple[str, ...]] = {
    "CLIPTextEncode": ("text",),
    "KSampler": ("seed", "", "steps", "cfg", "sampler_name"),
    "KSamplerAdvanced": ("", "noise_seed", "", "steps", "cfg", "sampler_name"),
    "RandomNoise": ("noise_seed",),
    "KSamplerSelect": ("sampler_name",),
    "BasicScheduler": ("scheduler", "steps"),
    "Flux2Scheduler": ("steps", "width", "height"),
    "EmptyLatentImage": ("width", "height"),
    "EmptySD3LatentImage": ("width", "height"),
    "EmptyFlux2LatentImage": ("width", "height"),
    "CheckpointLoaderSimple": ("ckpt_name",),
    "UNETLoader": ("unet_name",),
}


@dataclass(frozen=True)
class _Node:
    """A node: its class, its values, and which node each further input comes from."""

    kind: str
    values: Mapping[str, object]
    links: Mapping[str, str]


_Graph = Mapping[str, _Node]


def read(prompt: Mapping[str, object], workflow: Mapping[str, object]) -> WrittenRecipe | None:
    """Return the recipe in what was run, or else in the editor's form; None if there is none."""
    return _recipe(_graph_run(prompt)) or _recipe(_graph_drawn(workflow))


def _recipe(graph: _Graph) -> WrittenRecipe | None:
    sampler = _sampler(graph)
    if sampler is None:
        return None
    return recipe_of(
        RecipeForm.COMFYUI,
        {
            "prompt": _text(graph, sampler, "positive"),
            "negative": _text(graph, sampler, "negative"),
            "seed": _value(graph, sampler, ("seed", "noise_seed"), "noise"),
            "steps": _value(graph, sampler, ("steps",), "sigmas"),
            "sampler": _value(graph, sampler, ("sampler_name",), "sampler"),
            "width_px": _value(graph, sampler, ("width",), "latent_image"),
            "height_px": _value(graph, sampler, ("height",), "latent_image"),
            "model": _value(graph, sampler, ("ckpt_name", "unet_name", "model_name"), "guider", "model"),
        },
    )


def _sampler(graph: _Graph) -> str | None:
    """Return the sampler closest to a node that saves the picture, or else the first one."""
    ends = [key for key, node in graph.items() if node.kind in _SAVES]
    for key in (*_upwards(graph, ends), *graph):
        if graph[key].kind in _SAMPLERS:
            return key
    return None


def _upwards(graph: _Graph, starts: list[str], avoided: str | None = None) -> Iterator[str]:
    """Yield the nodes from which ``starts`` take their inputs, the closest first; no input ``avoided``."""
    waiting, seen = deque(starts), set(starts)
    while waiting:
        key = waiting.popleft()
        yield key
        for name, source in graph[key].links.items():
            if name != avoided and source in graph and source not in seen:
                seen.add(source)
                waiting.append(source)


def _text(graph: _Graph, sampler: str, role: str) -> str:
    """Return the text that conditions a sampler in this role; without a guidance there is only a prompt."""
    start = _source(graph, sampler, role)
    if start is None and (guider := _source(graph, sampler, "guider")) is not None:
        start = _source(graph, guider, role)
        if start is None and role == "positive":
            start = _source(graph, guider, "conditioning")
    if start is None:
        return ""
    for key in _upwards(graph, [start], _OPPOSITES[role]):
        if graph[key].kind == _NO_TEXT:
            return ""
        for name in _TEXTS:
            value = graph[key].values.get(name)
            if isinstance(value, str) and value.strip():
                return value
    return ""


def _value(graph: _Graph, sampler: str, names: tuple[str, ...], *inputs: str) -> object:
    """Return the first value of one of ``names``: the sampler's own, or above one of its ``inputs``."""
    found = _own_value(graph, sampler, names)
    starts = [source for each in inputs if (source := _source(graph, sampler, each)) is not None]
    for key in _upwards(graph, starts):
        if found is not None:
            return found
        found = _own_value(graph, key, names)
    return found


def _own_value(graph: _Graph, key: str, names: tuple[str, ...]) -> object:
    """Return the value of a node's input, also one that a node of a single value is linked to."""
    node = graph[key]
    for name in names:
        if name in node.values:
            return node.values[name]
        if (source := _source(graph, key, name)) is not None:
            values = graph[source].values
            return next((values[each] for each in (*_VALUES, *names) if each in values), None)
    return None


def _source(graph: _Graph, key: str, name: str) -> str | None:
    source = graph[key].links.get(name)
    return source if source in graph else None


def _graph_run(prompt: Mapping[str, object]) -> _Graph:
    """Return the nodes of the form that was run: by their keys, each with a class and named inputs."""
    graph = {}
    for key, node in list(prompt.items())[:_MOST_NODES]:
        inputs = node.get("inputs") if isinstance(node, dict) else None
        if not isinstance(node, dict) or not isinstance(inputs, dict):
            continue
        links = {name: str(value[0]) for name, value in inputs.items() if _is_link(value)}
        values = {name: value for name, value in inputs.items() if name not in links}
        graph[key] = _Node(str(node.get("class_type")), values, links)
    return graph


def _is_link(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str | int)


def _graph_drawn(workflow: Mapping[str, object]) -> _Graph:
    """Return the nodes of the editor's form, as far as the order of their values is known."""
    sources = {}
    for link in _list(workflow.get("links")):
        if isinstance(link, list) and len(link) >= 2:
            sources[str(link[0])] = str(link[1])
    graph = {}
    for node in _list(workflow.get("nodes"))[:_MOST_NODES]:
        if not isinstance(node, dict):
            continue
        kind = str(node.get("type"))
        links = {}
        for each in _list(node.get("inputs")):
            if isinstance(each, dict) and (source := sources.get(str(each.get("link")))) is not None:
                links[str(each.get("name"))] = source
        stated = zip(_WIDGETS.get(kind, ()), _list(node.get("widgets_values")), strict=False)
        values = {name: value for name, value in stated if name and name not in links}
        graph[str(node.get("id"))] = _Node(kind, values, links)
    return graph


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
