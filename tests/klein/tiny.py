"""A tiny Klein with random weights, as an ordinary diffusers checkout.

It has the same classes, layouts and quirks as the 4B in a few hundred kilobytes, for tests and for machines
without weights: its pictures are noise. It is the same on every machine.
"""

import json
import os
import shutil
import tempfile
from pathlib import Path

import torch
from diffusers import (
    AutoencoderKLFlux2,
    FlowMatchEulerDiscreteScheduler,
    Flux2KleinPipeline,
    Flux2Transformer2DModel,
)
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import Qwen2TokenizerFast, Qwen3Config, Qwen3ForCausalLM

from kleinbot.klein.pipeline.load import quiet_libraries
from kleinbot.klein.weights.checkpoint import MODEL_INDEX

SPECIAL_TOKENS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>")

# The part of Qwen3's template used by one user message.
CHAT_TEMPLATE = (
    "{%- for message in messages %}"
    "{{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}"
    "{%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\n\n</think>\n\n' }}"
    "{%- endif %}{%- endif %}"
)

SCHEDULER = {
    "num_train_timesteps": 1000,
    "shift": 3.0,
    "use_dynamic_shifting": True,
    "base_shift": 0.5,
    "max_shift": 1.15,
    "base_image_seq_len": 256,
    "max_image_seq_len": 4096,
    "time_shift_type": "exponential",
}

_HIDDEN = 32
_LATENT_CHANNELS = 4
_CORPUS = ("a photo of a cat holding a sign", "user assistant make the sky blue", "the quick brown fox")


def ensure_tiny(folder: Path, text_layers: int = 28) -> Path:
    """Return ``folder`` with the tiny checkout in it; build it in about a second if it is missing.

    Safe for concurrent processes: it is built in another folder and moved into place atomically.
    """
    if (folder / MODEL_INDEX).is_file():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _write(building, text_layers)
        try:
            os.replace(building, folder)  # noqa: PTH105 - Path.replace is the same; this one says atomic
        except OSError:
            if not (folder / MODEL_INDEX).is_file():
                raise
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return folder


def _write(folder: Path, text_layers: int) -> None:
    with torch.random.fork_rng(devices=[]), quiet_libraries():
        torch.manual_seed(0)
        tokenizer = build_tokenizer()
        Flux2KleinPipeline(
            scheduler=FlowMatchEulerDiscreteScheduler(**SCHEDULER),
            vae=_vae(),
            text_encoder=_text_encoder(len(tokenizer), text_layers),
            tokenizer=tokenizer,
            transformer=_transformer(),
            is_distilled=True,
        ).save_pretrained(folder)


def build_tokenizer(vocabulary: int = 512) -> Qwen2TokenizerFast:
    """Return a byte-level BPE tokenizer of Qwen2's class with a few merges and Klein's special tokens."""
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    trained.train_from_iterator(
        _CORPUS * 50,
        trainers.BpeTrainer(
            vocab_size=vocabulary,
            special_tokens=list(SPECIAL_TOKENS),
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        ),
    )
    state = json.loads(trained.to_str())["model"]
    merges = [tuple(pair) for pair in state["merges"]]
    return Qwen2TokenizerFast(
        vocab=state["vocab"],
        merges=merges,
        pad_token=SPECIAL_TOKENS[0],
        eos_token=SPECIAL_TOKENS[2],
        additional_special_tokens=list(SPECIAL_TOKENS[1:]),
        padding_side="right",
        model_max_length=131072,
        chat_template=CHAT_TEMPLATE,
    )


def _text_encoder(vocabulary: int, layers: int) -> Qwen3ForCausalLM:
    config = Qwen3Config(
        vocab_size=vocabulary,
        hidden_size=_HIDDEN,
        intermediate_size=64,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        max_position_embeddings=1024,
        rope_theta=1_000_000.0,
        rms_norm_eps=1e-6,
        tie_word_embeddings=True,
    )
    model = Qwen3ForCausalLM(config).eval()
    with torch.no_grad():
        # Qwen's own initialisation (0.02) would leave the states near the embeddings: layers would not
        # matter.
        for parameter in model.parameters():
            if parameter.ndim == 2:
                parameter.normal_(0, parameter.shape[1] ** -0.5)
    return model


def _transformer() -> Flux2Transformer2DModel:
    transformer = Flux2Transformer2DModel(
        patch_size=1,
        in_channels=4 * _LATENT_CHANNELS,
        num_layers=2,
        num_single_layers=3,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=3 * _HIDDEN,
        timestep_guidance_channels=256,
        mlp_ratio=3.0,
        axes_dims_rope=(4, 4, 4, 4),
        rope_theta=2000,
        guidance_embeds=False,
    ).eval()
    with torch.no_grad():
        for name, parameter in transformer.named_parameters():
            # The usual initialisation leaves the blocks' gates near 0 and attention near uniform: prompts,
            # references and their order would hardly matter.
            if "modulation" in name:
                parameter.normal_(0, 0.5)
            elif ".norm_" in name and parameter.ndim == 1:
                parameter.fill_(3.0)
            elif parameter.ndim == 2:
                parameter.normal_(0, parameter.shape[1] ** -0.5)
    return transformer


def _vae() -> AutoencoderKLFlux2:
    vae = AutoencoderKLFlux2(
        block_out_channels=(8, 8, 8, 8),
        latent_channels=_LATENT_CHANNELS,
        norm_num_groups=4,
        layers_per_block=1,
        sample_size=64,
    ).eval()
    vae.bn.running_mean.normal_(0, 0.1)
    vae.bn.running_var.uniform_(0.5, 2.0)
    return vae
