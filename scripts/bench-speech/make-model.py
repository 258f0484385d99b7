#!/usr/bin/env python3
"""A Whisper model of a real size that costs what a real one costs, without a download: random weights, and a sentence
that it "hears" in whatever it is given.

The sentence lies in the decoder's position table: the row of each position points at the token that comes next, so that
every engine writes the same tokens and stops after the same number, with no limit or suppression set, and nothing in
the result gives cause for a second try. The work of the layers is that of any weights of this shape.

    make-model.py SHAPE VOCABULARY.bin OUT.bin [--kind q8_0]

SHAPE is tiny or base. Token table and mel filters come from VOCABULARY.bin (the bundled model).
"""

import argparse

import numpy as np

import ggml

# d, heads, layers of encoder and of decoder, as OpenAI's model card gives them.
SHAPES = {"tiny": (384, 6, 4), "base": (512, 8, 6)}
SENTENCE = " The street light in front of my house has been broken since last Monday and nobody came."
# Of a position's direction in the token it points at: wins by far over the 51,865 random rows.
POINTER = 0.2


def matrices(random, state, layers, cross):
    """Names and sizes of one half's blocks, as whisper.cpp reads them."""
    noise = lambda *sizes: (random.standard_normal(sizes) * 0.02).astype(np.float32)
    for layer in range(layers):
        yield from ((f"blocks.{layer}.{name}", tensor) for name, tensor in block(noise, state, cross))


def block(noise, state, cross):
    for attention in ["attn", "cross_attn"] if cross else ["attn"]:
        for part in ["query", "key", "value", "out"]:
            yield f"{attention}.{part}.weight", noise(state, state)
            if part != "key":
                yield f"{attention}.{part}.bias", noise(state)
        yield f"{attention}_ln.weight", np.ones(state, np.float32)
        yield f"{attention}_ln.bias", noise(state)
    yield "mlp.0.weight", noise(4 * state, state)
    yield "mlp.0.bias", noise(4 * state)
    yield "mlp.2.weight", noise(state, 4 * state)
    yield "mlp.2.bias", noise(state)
    yield "mlp_ln.weight", np.ones(state, np.float32)
    yield "mlp_ln.bias", noise(state)


def sinusoids(length, channels):
    """Whisper's fixed positions of the encoder."""
    rates = np.exp(-np.log(10_000) / (channels // 2 - 1) * np.arange(channels // 2))
    angles = np.arange(length)[:, None] * rates[None]
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)


def spell(text, tokens):
    """Ids of the text, word by word: the vocabulary has each of these words with its space as one token."""
    ids = {token: at for at, token in enumerate(tokens)}
    words = [word for word in text.replace(".", " .").replace(" ", "\0 ").split("\0") if word]
    return [ids[word.replace(" .", ".").encode()] for word in words]


def make(shape, vocabulary):
    state, heads, layers = SHAPES[shape]
    random = np.random.default_rng(5)
    noise = lambda *sizes: (random.standard_normal(sizes) * 0.02).astype(np.float32)
    special = vocabulary.specials()
    # After start, language and task: time zero, the words, the end. Before: the language, for whoever detects it.
    said = [special["time_zero"], *spell(SENTENCE, vocabulary.tokens), special["end"]]
    next_token = {0: special["languages"][0], **{2 + at: token for at, token in enumerate(said)}}
    positions = random.standard_normal((448, state)).astype(np.float32)
    embedding = noise(vocabulary.shape["n_vocab"], state)
    for position, token in next_token.items():
        embedding[token] += POINTER * positions[position]
    tensors = {
        "encoder.positional_embedding": sinusoids(1500, state),
        "decoder.token_embedding.weight": embedding,
        "encoder.conv1.weight": noise(state, 80, 3), "encoder.conv1.bias": noise(state, 1),
        "encoder.conv2.weight": noise(state, state, 3), "encoder.conv2.bias": noise(state, 1),
        **{f"encoder.{name}": tensor for name, tensor in matrices(random, state, layers, cross=False)},
        "encoder.ln_post.weight": np.ones(state, np.float32), "encoder.ln_post.bias": noise(state),
        "decoder.positional_embedding": positions,
        **{f"decoder.{name}": tensor for name, tensor in matrices(random, state, layers, cross=True)},
        "decoder.ln.weight": np.ones(state, np.float32), "decoder.ln.bias": noise(state),
    }
    sizes = {"n_audio_state": state, "n_audio_head": heads, "n_audio_layer": layers,
             "n_text_state": state, "n_text_head": heads, "n_text_layer": layers}
    return ggml.Whisper({**vocabulary.shape, **sizes}, vocabulary.filters, vocabulary.tokens, tensors)


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("shape", choices=SHAPES)
    args.add_argument("vocabulary")
    args.add_argument("out")
    args.add_argument("--kind", choices=ggml.KINDS, default="q8_0", help="of its matrices")
    args = args.parse_args()
    ggml.write(args.out, make(args.shape, ggml.read(args.vocabulary)), args.kind)


if __name__ == "__main__":
    main()
