"""Builds the small Klein with fresh weights and saves it as an ordinary diffusers checkout."""

import json
import random
import shutil
from pathlib import Path

import torch
from diffusers import (
    AutoencoderKLFlux2,
    FlowMatchEulerDiscreteScheduler,
    Flux2KleinPipeline,
    Flux2Transformer2DModel,
)
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from kleinbot.small_klein.training.edits import sample_edit
from kleinbot.small_klein.training.scenes import sample_many, sample_scene
from kleinbot.small_klein.training.words.request import EditKind
from kleinbot.small_klein.training.words.wording import Language, caption

LATENT_CHANNELS = 8
TOKEN_CHANNELS = 4 * LATENT_CHANNELS
TEXT_LAYERS = 28
"""One more than the pipeline reads: ``hidden_states[27]`` is then un-normed as in the real 36 layers, so
cutting the encoder to 27 layers with an identity in place of the final norm changes no bit."""

_TEXT_WIDTH = 96
_SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>"]
_CHAT_TEMPLATE = (
    "{%- for message in messages %}"
    "{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}"
    "{%- if enable_thinking is defined and enable_thinking is false %}"
    "{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}{%- endif %}"
)
"""The part of Qwen3's template that Flux2KleinPipeline uses: one user message, no thinking."""


def build_tokenizer() -> PreTrainedTokenizerFast:
    """Train a byte-level BPE on our own captions: known words become one token, others split into bytes."""
    rng = random.Random(20)
    corpus = ["user\n", "assistant\n", "\n\n"]
    for language in Language:
        made = [caption(sample_scene(rng), rng, language) for _ in range(14000)]
        made += [caption(sample_many(rng), rng, language) for _ in range(6000)]
        corpus += made[::3] + [" " + text for text in made]
        corpus += [
            sample_edit(rng, 16, 16, rng.choice(list(EditKind)), language=language).instruction
            for _ in range(8000)
        ]
    core = Tokenizer(models.BPE())
    core.normalizer = normalizers.NFC()
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=2048,
        min_frequency=20,
        show_progress=False,
        special_tokens=_SPECIALS,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )
    core.train_from_iterator(corpus, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        pad_token="<|endoftext|>",  # noqa: S106 - a word, no secret
        eos_token="<|im_end|>",  # noqa: S106
        padding_side="right",
        model_max_length=131072,
        chat_template=_CHAT_TEMPLATE,
    )


def build_vae() -> AutoencoderKLFlux2:
    """Build the autoencoder: 256 px → 32×32 latents of 8 channels; the decoder is the wider half."""
    return AutoencoderKLFlux2(
        block_out_channels=(16, 32, 64, 64),
        decoder_block_out_channels=(16, 48, 96, 96),
        latent_channels=LATENT_CHANNELS,
        layers_per_block=1,
        norm_num_groups=8,
        sample_size=512,
    )


def build_text_encoder(vocabulary: int) -> Qwen3ForCausalLM:
    return Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=vocabulary,
            hidden_size=_TEXT_WIDTH,
            intermediate_size=192,
            num_hidden_layers=TEXT_LAYERS,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=32,
            max_position_embeddings=1024,
            rms_norm_eps=1e-6,
            tie_word_embeddings=True,
            bos_token_id=0,
            eos_token_id=2,
            pad_token_id=0,
        )
    )


def build_transformer() -> Flux2Transformer2DModel:
    """Build the transformer, 6.5 M parameters. Default initialisation would keep the gates near zero."""
    transformer = Flux2Transformer2DModel(
        patch_size=1,
        in_channels=TOKEN_CHANNELS,
        num_layers=2,
        num_single_layers=8,
        attention_head_dim=32,
        num_attention_heads=6,
        joint_attention_dim=3 * _TEXT_WIDTH,
        timestep_guidance_channels=256,
        mlp_ratio=3.0,
        axes_dims_rope=(8, 8, 8, 8),
        rope_theta=2000,
        guidance_embeds=False,
    )
    with torch.no_grad():
        for name, parameter in transformer.named_parameters():
            if parameter.ndim == 1:
                if name.endswith("bias"):
                    parameter.zero_()
            elif "modulation" in name or name.startswith(("norm_out", "proj_out")):
                parameter.normal_(0, 0.01)
            else:
                torch.nn.init.xavier_uniform_(parameter)
    return transformer


def build_scheduler() -> FlowMatchEulerDiscreteScheduler:
    return FlowMatchEulerDiscreteScheduler(
        num_train_timesteps=1000,
        shift=3.0,
        use_dynamic_shifting=True,
        base_shift=0.5,
        max_shift=1.15,
        base_image_seq_len=256,
        max_image_seq_len=4096,
        time_shift_type="exponential",
    )


def build(seed: int = 0) -> Flux2KleinPipeline:
    """Return a whole Flux2KleinPipeline with fresh float32 weights."""
    tokenizer = build_tokenizer()
    torch.manual_seed(seed)
    return Flux2KleinPipeline(
        scheduler=build_scheduler(),
        vae=build_vae().eval(),
        text_encoder=build_text_encoder(len(tokenizer)).eval(),
        tokenizer=tokenizer,
        transformer=build_transformer().eval(),
        is_distilled=True,
    )


def load(folder: Path, dtype: torch.dtype = torch.float32) -> Flux2KleinPipeline:
    """Load a checkout with diffusers' own pipeline; the files are bfloat16, so float32 only widens them."""
    pipe = Flux2KleinPipeline.from_pretrained(folder, dtype=dtype, local_files_only=True)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def save(pipe: Flux2KleinPipeline, folder: Path) -> int:
    """Save ``pipe`` as bfloat16 safetensors; return the folder's bytes."""
    shutil.rmtree(folder, ignore_errors=True)
    pipe = pipe.to("cpu", torch.bfloat16)
    pipe.save_pretrained(folder, safe_serialization=True)
    # The class named by the real checkout; transformers reads tokenizer.json either way.
    index = folder / "model_index.json"
    content = json.loads(index.read_text())
    content["tokenizer"] = ["transformers", "Qwen2TokenizerFast"]
    index.write_text(json.dumps(content, indent=2) + "\n")
    settings = folder / "tokenizer" / "tokenizer_config.json"
    content = json.loads(settings.read_text())
    content["tokenizer_class"] = "Qwen2Tokenizer"
    settings.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
