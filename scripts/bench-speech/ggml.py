"""Whisper weights in whisper.cpp's ggml file: read as float32, written as f16 or with quantised blocks.

Layout, all little-endian (whisper.cpp, `whisper_model_load`): magic; eleven 32-bit words of shape, the last of them the
file type; the mel filters; the token table; then each tensor as rank, length of its name, element type, its sizes with
the fastest first, name, data.
"""

import struct
from dataclasses import dataclass

import numpy as np

MAGIC = 0x67676D6C
SHAPE = ["n_vocab", "n_audio_ctx", "n_audio_state", "n_audio_head", "n_audio_layer",
         "n_text_ctx", "n_text_state", "n_text_head", "n_text_layer", "n_mels"]
BLOCK = 32  # values that share one scale
F32, F16, Q5_1, Q8_0 = 0, 1, 7, 8  # element types
# Name of a kind of file -> element type of its matrices, file type in its header (2,000 is the quantisation's version).
KINDS = {"f16": (F16, 1), "q5_1": (Q5_1, 2009), "q8_0": (Q8_0, 2007)}
# What whisper.cpp's own quantiser leaves as it is, besides vectors and the convolutions' kernels.
KEPT_F32 = {"encoder.conv1.bias", "encoder.conv2.bias", "encoder.positional_embedding", "decoder.positional_embedding"}
Q8_0_BLOCK = np.dtype([("scale", "<f2"), ("values", "i1", BLOCK)])
Q5_1_BLOCK = np.dtype([("scale", "<f2"), ("least", "<f2"), ("high", "<u4"), ("low", "u1", BLOCK // 2)])


@dataclass
class Whisper:
    shape: dict
    filters: np.ndarray  # mels x 201
    tokens: list  # bytes of every text token, by id
    tensors: dict  # name -> float32, slowest dimension first

    def specials(self):
        """Ids of the control tokens, which a file of 51,865 tokens does not name."""
        end = len(self.tokens)
        languages = self.shape["n_vocab"] - 51_765 - 1
        start = end + 1
        return {
            "end": end, "start": start, "languages": list(range(start + 1, start + 1 + languages)),
            "after_languages": start + 1 + languages, "time_zero": start + 1 + languages + 6,
        }


def read(path):
    with open(path, "rb") as file:
        words = lambda n: struct.unpack(f"<{n}i", file.read(4 * n))
        magic, *shape, _ = words(12)
        if magic != MAGIC:
            raise SystemExit(f"{path}: not a ggml Whisper file")
        mels, bins = words(2)
        filters = np.frombuffer(file.read(4 * mels * bins), "<f4").reshape(mels, bins)
        tokens = [file.read(words(1)[0]) for _ in range(words(1)[0])]
        tensors = {}
        while head := file.read(12):
            rank, name_length, kind = struct.unpack("<3i", head)
            sizes = words(rank)[::-1]
            name = file.read(name_length).decode()
            tensors[name] = unpack(file, kind, sizes)
    return Whisper(dict(zip(SHAPE, shape)), filters, tokens, tensors)


def unpack(file, kind, sizes):
    count = int(np.prod(sizes))
    if kind in (F32, F16):
        dtype = np.dtype("<f4" if kind == F32 else "<f2")
        return np.frombuffer(file.read(count * dtype.itemsize), dtype).astype(np.float32).reshape(sizes)
    if kind == Q8_0:
        blocks = np.frombuffer(file.read(count // BLOCK * Q8_0_BLOCK.itemsize), Q8_0_BLOCK)
        return (blocks["values"] * blocks["scale"].astype(np.float32)[:, None]).reshape(sizes)
    raise SystemExit(f"element type {kind} is not known here; give an f16 or q8_0 file")


def write(path, model, kind):
    matrix_type, file_type = KINDS[kind]
    with open(path, "wb") as file:
        file.write(struct.pack("<12i", MAGIC, *(model.shape[name] for name in SHAPE), file_type))
        file.write(struct.pack("<2i", *model.filters.shape) + model.filters.astype("<f4").tobytes())
        file.write(struct.pack("<i", len(model.tokens)))
        for token in model.tokens:
            file.write(struct.pack("<i", len(token)) + token)
        for name, tensor in model.tensors.items():
            vector = tensor.ndim < 2 or name in KEPT_F32
            element = F32 if vector else F16 if tensor.ndim > 2 else matrix_type
            file.write(struct.pack("<3i", tensor.ndim, len(name), element))
            file.write(struct.pack(f"<{tensor.ndim}i", *tensor.shape[::-1]) + name.encode())
            file.write(pack(tensor, element))


def pack(tensor, element):
    if element in (F32, F16):
        return np.ascontiguousarray(tensor, "<f4" if element == F32 else "<f2").tobytes()
    rows = tensor.reshape(-1, BLOCK).astype(np.float32)
    if element == Q8_0:
        blocks = np.zeros(len(rows), Q8_0_BLOCK)
        scale = np.abs(rows).max(axis=1) / 127
        blocks["scale"] = scale
        blocks["values"] = np.rint(rows / np.maximum(scale, 1e-12)[:, None])
    else:
        blocks = np.zeros(len(rows), Q5_1_BLOCK)
        least = rows.min(axis=1)
        scale = (rows.max(axis=1) - least) / 31
        blocks["scale"], blocks["least"] = scale, least
        values = np.clip((rows - least[:, None]) / np.maximum(scale, 1e-12)[:, None] + 0.5, 0, 31).astype(np.uint32)
        first, second = values[:, : BLOCK // 2], values[:, BLOCK // 2 :]
        blocks["low"] = (first & 15) | ((second & 15) << 4)
        at = np.arange(BLOCK // 2, dtype=np.uint32)
        blocks["high"] = ((first >> 4) << at).sum(axis=1) | ((second >> 4) << (at + 16)).sum(axis=1)
    return blocks.tobytes()
