"""Starts from a finished checkout with a larger vocabulary: words that it knows keep their rows."""

import json
from pathlib import Path

import torch
from diffusers import AutoencoderKLFlux2, Flux2Transformer2DModel
from safetensors.torch import load_file
from transformers import PreTrainedTokenizerBase, Qwen3ForCausalLM

from kleinbot.small_klein.vocabulary import byte_letters

SPACE = "Ġ"
"""How a byte-level BPE writes the space before a word."""

NEARNESS = 0.15
"""Of an embedding's spread: how far a translated word starts from the English one."""

LIKE = {
    "circle": "kreis kreise kreisen", "square": "quadrat quadrate quadraten",
    "triangle": "dreieck dreiecke dreiecken", "star": "stern sterne sternen", "ring": "ringe ringen",
    "cross": "kreuz kreuze kreuzen", "diamond": "raute rauten diamant diamanten",
    "red": "rot rote roter rotes roten rotem", "green": "grün grüne grüner grünes grünen grünem",
    "blue": "blau blaue blauer blaues blauen blauem", "yellow": "gelb gelbe gelber gelbes gelben gelbem",
    "orange": "orangefarben orangefarbene orangefarbener orangefarbenes orangefarbenen orangefarbenem",
    "purple": "lila violett violette violetter violettes violetten violettem",
    "cyan": "türkis türkise türkiser türkises türkisen türkisem",
    "pink": "rosa pinke pinker pinkes pinken pinkem",
    "black": "schwarz schwarze schwarzer schwarzes schwarzen schwarzem",
    "white": "weiß weiße weißer weißes weißen weißem", "gray": "grau graue grauer graues grauen grauem",
    "striped": "gestreift gestreifte gestreifter gestreiftes gestreiften gestreiftem",
    "spotted": "gepunktet gepunktete gepunkteter gepunktetes gepunkteten gepunktetem",
    "small": "klein kleine kleiner kleines kleinen kleinem winzig winzige winziger winziges winzigen",
    "large": "groß große großer großes großen riesig riesige riesiger riesiges riesigen",
    "a": "ein eine einen einem einer", "the": "der die das den dem des", "left": "links linken",
    "right": "rechts rechten", "above": "über oberhalb", "below": "unter unterhalb", "of": "von aus neben",
    "and": "und", "two": "zwei 2", "three": "drei 3 four five six vier fünf sechs 4 5 6", "one": "eins",
    "row": "reihe nebeneinander", "column": "spalte untereinander", "top": "oben oberen",
    "bottom": "unten unteren", "corner": "ecke", "middle": "mitte", "side": "seite", "on": "auf vor",
    "with": "mit", "background": "hintergrund", "gradient": "farbverlauf",
    "checkered": "kariert karierten kariertem", "draw": "zeichne male zeig", "picture": "bild bildes",
    "make": "mach mache", "paint": "färbe", "change": "ändere", "to": "zu", "turn": "verwandle",
    "replace": "ersetze", "remove": "entferne nimm", "delete": "lösche", "take": "weg", "add": "füge",
    "use": "benutze", "second": "zweiten third dritten", "first": "erste", "into": "in durch hinzu",
}  # fmt: skip
"""A new word starts near an old one of about the same meaning."""


def known_rows(old: dict[str, int], new: dict[str, int]) -> dict[int, tuple[int, bool]]:
    """Return for each new token the old one that it starts from, and whether it is the same one."""
    like = {}
    for english, words in LIKE.items():
        like.update(dict.fromkeys(words.split(), english))
    readable = byte_letters()
    rows = {}
    for token, row in new.items():
        if token in old:
            rows[row] = (old[token], True)
            continue
        space = SPACE if token.startswith(SPACE) else ""
        spelled = bytes(readable[letter] for letter in token.removeprefix(SPACE) if letter in readable)
        english = like.get(spelled.decode("utf-8", "replace").lower(), "")
        sources = [old[t] for t in (f"{space}{english}", f"{SPACE}{english}", english) if t in old]
        if english and sources:
            rows[row] = (sources[0], False)
    return rows


def start_from(
    checkout: Path,
    tokenizer: PreTrainedTokenizerBase,
    transformer: Flux2Transformer2DModel,
    encoder: Qwen3ForCausalLM,
    vae: AutoencoderKLFlux2,
) -> int:
    """Fill the parts with ``checkout``'s weights; return the number of words that start from nothing."""
    transformer.load_state_dict(load_file(checkout / "transformer" / "diffusion_pytorch_model.safetensors"))
    vae.load_state_dict(load_file(checkout / "vae" / "diffusion_pytorch_model.safetensors"))
    weights = load_file(checkout / "text_encoder" / "model.safetensors")
    name = "model.embed_tokens.weight"
    before = weights[name].float()
    old = json.loads((checkout / "tokenizer" / "tokenizer.json").read_text("utf-8"))
    ids = {**old["model"]["vocab"], **{each["content"]: each["id"] for each in old["added_tokens"]}}
    vocabulary = tokenizer.get_vocab()
    generator = torch.Generator().manual_seed(5)
    after = torch.randn((len(vocabulary), before.shape[1]), generator=generator) * before.std()
    rows = known_rows(ids, vocabulary)
    for row, (source, same) in rows.items():
        after[row] = before[source] + (0 if same else NEARNESS * after[row])
    weights[name] = after.to(weights[name].dtype)
    missing, unexpected = encoder.load_state_dict(weights, strict=False)
    if unexpected or set(missing) - {"lm_head.weight"}:
        raise ValueError(f"another text encoder: {missing} {unexpected}")
    encoder.tie_weights()
    return len(vocabulary) - len(rows)
