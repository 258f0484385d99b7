#!/usr/bin/env python3
"""The weights of a ggml Whisper file for faster-whisper: a CTranslate2 folder with int8 matrices, and the tokenizer that
goes with it, made from the file's own token table. Nothing is fetched.

    convert.py MODEL.bin FOLDER
"""

import argparse
import json
import os

import numpy as np
from ctranslate2.converters import utils
from ctranslate2.specs import common_spec, whisper_spec
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

import ggml

# In the order of their tokens (openai/whisper, tokenizer.py).
LANGUAGES = """en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr bg lt la
mi ml cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo so af oc ka be tg sd gu am yi
lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su yue""".split()
AFTER_LANGUAGES = ["translate", "transcribe", "startoflm", "startofprev", "nospeech", "notimestamps"]


def linear(spec, tensors, name):
    spec.weight = tensors[f"{name}.weight"]
    bias = tensors.get(f"{name}.bias")
    if bias is not None:
        spec.bias = bias


def norm(spec, tensors, name):
    spec.gamma, spec.beta = tensors[f"{name}.weight"], tensors[f"{name}.bias"]


def attention(spec, tensors, name, of_itself):
    parts = [common_spec.LinearSpec() for _ in range(3)]
    for part, which in zip(parts, ["query", "key", "value"]):
        linear(part, tensors, f"{name}.{which}")
    if of_itself:
        utils.fuse_linear(spec.linear[0], parts)
    else:
        utils.fuse_linear(spec.linear[0], parts[:1])
        utils.fuse_linear(spec.linear[1], parts[1:])
    linear(spec.linear[-1], tensors, f"{name}.out")
    norm(spec.layer_norm, tensors, f"{name}_ln")


def blocks(specs, tensors, half):
    for at, spec in enumerate(specs):
        name = f"{half}.blocks.{at}"
        attention(spec.self_attention, tensors, f"{name}.attn", of_itself=True)
        if half == "decoder":
            attention(spec.attention, tensors, f"{name}.cross_attn", of_itself=False)
        linear(spec.ffn.linear_0, tensors, f"{name}.mlp.0")
        linear(spec.ffn.linear_1, tensors, f"{name}.mlp.2")
        norm(spec.ffn.layer_norm, tensors, f"{name}.mlp_ln")


def specification(model):
    shape, tensors = model.shape, model.tensors
    spec = whisper_spec.WhisperSpec(
        shape["n_audio_layer"], shape["n_audio_head"], shape["n_text_layer"], shape["n_text_head"])
    for conv in ["conv1", "conv2"]:
        kernel = getattr(spec.encoder, conv)
        kernel.weight = tensors[f"encoder.{conv}.weight"]
        kernel.bias = tensors[f"encoder.{conv}.bias"].reshape(-1)
    spec.encoder.position_encodings.encodings = tensors["encoder.positional_embedding"]
    norm(spec.encoder.layer_norm, tensors, "encoder.ln_post")
    blocks(spec.encoder.layer, tensors, "encoder")
    spec.decoder.embeddings.weight = tensors["decoder.token_embedding.weight"]
    spec.decoder.projection.weight = tensors["decoder.token_embedding.weight"]
    spec.decoder.position_encodings.encodings = tensors["decoder.positional_embedding"]
    norm(spec.decoder.layer_norm, tensors, "decoder.ln")
    blocks(spec.decoder.layer, tensors, "decoder")
    return spec


def printable():
    """A letter for each byte, as byte-level tokenizers write them."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {**{byte: chr(byte) for byte in plain}, **{byte: chr(256 + at) for at, byte in enumerate(others)}}


def merges(tokens, write):
    """The pair that each token was merged from: what the earlier merges make of its bytes."""
    rank = {token: at for at, token in enumerate(tokens)}
    for at, token in enumerate(tokens):
        parts = [token[i : i + 1] for i in range(len(token))]
        while len(parts) > 2:
            ranks = [rank.get(a + b, at) for a, b in zip(parts, parts[1:])]
            least = min(ranks)
            if least >= at:
                break
            first = ranks.index(least)
            parts[first : first + 2] = [parts[first] + parts[first + 1]]
        if len(parts) == 2:
            yield write(parts[0]), write(parts[1])


def tokenizer(model, vocabulary, write):
    words = {token: at for at, token in enumerate(vocabulary[: len(model.tokens)])}
    made = Tokenizer(models.BPE(vocab=words, merges=list(merges(model.tokens, write))))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens([AddedToken(token, special=True) for token in vocabulary[len(model.tokens) :]])
    return made


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("model")
    args.add_argument("folder")
    args = args.parse_args()
    os.makedirs(args.folder, exist_ok=True)
    model = ggml.read(args.model)
    letters = printable()
    write = lambda token: "".join(letters[byte] for byte in token)
    special = model.specials()
    control = ["endoftext", "startoftranscript", *LANGUAGES[: len(special["languages"])], *AFTER_LANGUAGES]
    vocabulary = [write(token) for token in model.tokens] + [f"<|{name}|>" for name in control]
    times = model.shape["n_vocab"] - len(vocabulary)
    vocabulary += [f"<|{at * 0.02:.2f}|>" for at in range(times)]
    spec = specification(model)
    spec.register_vocabulary(vocabulary)
    layers, heads = model.shape["n_text_layer"], model.shape["n_text_head"]
    spec.config.alignment_heads = [[layer, head] for layer in range(layers // 2, layers) for head in range(heads)]
    spec.config.lang_ids = special["languages"]
    spec.config.suppress_ids, spec.config.suppress_ids_begin = [], [model.tokens.index(b" "), special["end"]]
    spec.validate()
    spec.optimize(quantization="int8")
    spec.save(args.folder)
    tokenizer(model, vocabulary, write).save(os.path.join(args.folder, "tokenizer.json"))


if __name__ == "__main__":
    main()
