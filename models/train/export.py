"""A checkpoint as a ggml file for whisper.cpp: `python export.py last.pt heardline-nano.bin [--f16]`

q8_0 is what whisper.cpp's own `quantize` makes of such a file: matrices in blocks of 32 values with one f16 scale,
convolutions in f16, positions, biases and norms in f32.
"""

import argparse
import hashlib
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch

from checkpoint import Checkpoint, load
from mel import BANDS, filters
from model import Nano
from phones import LABELS
from vocabulary import FIRST_TIME, SIZE, token_bytes

MAGIC = 0x67676D6C
F32, F16, Q8_0 = 0, 1, 8  # ggml_type
FILE_F16, FILE_Q8_0 = 1, 2007  # 2007: quantisation format 2, mostly q8_0
BLOCK = 32
UNUSED = -20.0  # logit of a token that the model has no row for
NEVER_QUANTISED = {"encoder.positional_embedding", "decoder.positional_embedding"}


def tensors(checkpoint: Checkpoint) -> Iterator[tuple[str, np.ndarray]]:
    """Names and float32 arrays as in openai/whisper; biases of convolutions as columns."""
    model = Nano(len(checkpoint.ids), len(LABELS) + 2, **checkpoint.shape)
    model.load_state_dict(checkpoint.model)
    decoder = model.decoder
    # The last channel before the logits is 1 (`Nano.pin`): there a row's last value is its bias.
    table = torch.zeros(SIZE, checkpoint.shape["width"])
    table[:, -1] = UNUSED
    table[torch.tensor(checkpoint.ids)] = decoder.text_rows.detach()
    table[FIRST_TIME:] = decoder.time_rows().detach()
    yield "encoder.positional_embedding", model.encoder.positional_embedding.numpy()
    yield "decoder.token_embedding.weight", table.numpy()
    for name, value in model.named_parameters():
        if name.startswith("ctc") or name in ("decoder.text_rows", "decoder.time_map", "decoder.time_bias"):
            continue
        array = value.detach().numpy()
        yield name, array[:, None] if name in ("encoder.conv1.bias", "encoder.conv2.bias") else array


def q8_0(array: np.ndarray) -> bytes:
    """Blocks of an f16 scale and 32 signed bytes."""
    values = array.reshape(-1, BLOCK)
    scale = np.abs(values).max(1, keepdims=True) / 127
    inverse = np.divide(1, scale, out=np.zeros_like(scale), where=scale > 0)
    blocks = np.empty(len(values), [("scale", "<f2"), ("values", "i1", BLOCK)])
    blocks["scale"] = scale[:, 0]
    blocks["values"] = np.round(values * inverse)
    return blocks.tobytes()


def encoded(name: str, array: np.ndarray, quantise: bool) -> tuple[int, bytes]:
    """ggml type and bytes."""
    if array.ndim == 1 or array.shape[-1] == 1 or name in NEVER_QUANTISED:
        return F32, array.astype("<f4").tobytes()
    if quantise and array.ndim == 2:
        return Q8_0, q8_0(array)
    return F16, array.astype("<f2").tobytes()


def write(file: BinaryIO, checkpoint: Checkpoint, quantise: bool) -> None:
    integers = lambda *values: file.write(struct.pack(f"<{len(values)}i", *values))
    width, heads = checkpoint.shape["width"], checkpoint.shape["heads"]
    listens, writes = checkpoint.shape["listens"], checkpoint.shape["writes"]
    integers(MAGIC, SIZE, 1500, width, heads, listens, 448, width, heads, writes, BANDS)
    integers(FILE_Q8_0 if quantise else FILE_F16)
    integers(*filters().shape)
    file.write(filters().astype("<f4").tobytes())
    vocabulary = token_bytes()
    integers(len(vocabulary))
    for token in vocabulary:
        integers(len(token))
        file.write(token)
    for name, array in tensors(checkpoint):
        kind, raw = encoded(name, np.ascontiguousarray(array), quantise)
        integers(array.ndim, len(name), kind, *reversed(array.shape))
        file.write(name.encode())
        file.write(raw)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--f16", action="store_true", help="twice the size, for comparison or further conversion")
    options = parser.parse_args()
    checkpoint = load(options.checkpoint)
    with options.out.open("wb") as file:
        write(file, checkpoint, not options.f16)
    content = options.out.read_bytes()
    print(f"{options.out}: {len(content)} bytes, step {checkpoint.step}, {checkpoint.heard / 3600:.0f} h heard")
    print(hashlib.sha256(content).hexdigest())


if __name__ == "__main__":
    main()
