"""Whisper's architecture; parameters are named as in openai/whisper, so that the export is one to one.

Two things differ inside and come out the same: the text table has rows for the used tokens only, and the 1,501 rows
of the times are a learnt map of a sinusoid, which makes neighbouring times alike.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vocabulary import TIMES


def sinusoids(length: int, channels: int) -> Tensor:
    rates = torch.exp(-math.log(10_000) / (channels // 2 - 1) * torch.arange(channels // 2))
    angles = torch.arange(length)[:, None] * rates[None]
    return torch.cat([angles.sin(), angles.cos()], 1)


class Attention(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, other: Tensor | None = None, causal: bool = False) -> Tensor:
        batch, length, width = x.shape
        source = x if other is None else other
        split = lambda z: z.view(batch, -1, self.heads, width // self.heads).transpose(1, 2)
        q, k, v = split(self.query(x)), split(self.key(source)), split(self.value(source))
        # Written out: on a CPU the backward pass of PyTorch's fused attention takes twice as long.
        scores = q * q.shape[-1] ** -0.5 @ k.transpose(-1, -2)
        if causal:
            scores = scores + torch.full((length, length), -torch.inf, dtype=x.dtype).triu(1)
        mixed = torch.softmax(scores, -1) @ v
        return self.out(mixed.transpose(1, 2).reshape(batch, length, width))


class Block(nn.Module):
    def __init__(self, width: int, heads: int, cross: bool = False):
        super().__init__()
        self.cross = cross
        self.attn, self.attn_ln = Attention(width, heads), nn.LayerNorm(width)
        if cross:
            self.cross_attn, self.cross_attn_ln = Attention(width, heads), nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.mlp_ln = nn.LayerNorm(width)

    def forward(self, x: Tensor, heard: Tensor | None = None, dropout: float = 0.0) -> Tensor:
        drop = lambda z: F.dropout(z, dropout, self.training)
        x = x + drop(self.attn(self.attn_ln(x), causal=self.cross))
        if self.cross:
            x = x + drop(self.cross_attn(self.cross_attn_ln(x), heard))
        return x + drop(self.mlp(self.mlp_ln(x)))


def convolved(x: Tensor, convolution: nn.Conv1d, stride: int) -> Tensor:
    """[batch, time, channels] through a convolution of width 3: as one matrix product it is faster on a CPU."""
    length = x.shape[1]
    padded = F.pad(x, (0, 0, 1, 1))
    taps = torch.cat([padded[:, tap : tap + length : stride] for tap in range(3)], 2)
    weight = convolution.weight.permute(0, 2, 1).reshape(convolution.out_channels, -1)
    return F.gelu(F.linear(taps, weight, convolution.bias))


class Encoder(nn.Module):
    def __init__(self, width: int, heads: int, layers: int, bands: int = 80):
        super().__init__()
        self.conv1 = nn.Conv1d(bands, width, 3, padding=1)
        self.conv2 = nn.Conv1d(width, width, 3, stride=2, padding=1)
        self.register_buffer("positional_embedding", sinusoids(1500, width))
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.ln_post = nn.LayerNorm(width)

    def forward(self, mel: Tensor) -> Tensor:
        """[batch, frames, 80] to [batch, frames / 2, width]."""
        x = convolved(convolved(mel, self.conv1, 1), self.conv2, 2)
        x = x + self.positional_embedding[: x.shape[1]].to(x.dtype)
        for block in self.blocks:
            x = block(x)
        return self.ln_post(x)


class Decoder(nn.Module):
    def __init__(self, width: int, heads: int, layers: int, rows: int):
        super().__init__()
        self.text_rows = nn.Parameter(torch.randn(rows, width) * 0.05)
        self.time_map = nn.Parameter(torch.randn(width, width) * 0.15 * (2 / width) ** 0.5)
        self.time_bias = nn.Parameter(torch.randn(width) * 0.02)
        self.register_buffer("time_base", sinusoids(TIMES, width))
        self.positional_embedding = nn.Parameter(torch.randn(448, width) * 0.01)
        self.blocks = nn.ModuleList(Block(width, heads, cross=True) for _ in range(layers))
        self.ln = nn.LayerNorm(width)

    def time_rows(self) -> Tensor:
        return self.time_base.to(self.time_map.dtype) @ self.time_map + self.time_bias

    def forward(self, rows: Tensor, heard: Tensor, dropout: float = 0.0) -> tuple[Tensor, Tensor]:
        """[batch, length] rows of text or time to [batch, length, width], and the table [rows + times, width] whose
        product with it are the logits: so a loss can leave out where nothing is asked."""
        table = torch.cat([self.text_rows, self.time_rows()])
        x = F.embedding(rows, table) + self.positional_embedding[: rows.shape[1]]
        for block in self.blocks:
            x = block(x, heard, dropout)
        return self.ln(x), table


class Nano(nn.Module):
    def __init__(self, rows: int, labels: int, width: int = 192, heads: int = 3, listens: int = 4, writes: int = 3):
        super().__init__()
        self.shape = {"width": width, "heads": heads, "listens": listens, "writes": writes}
        self.encoder = Encoder(width, heads, listens)
        self.decoder = Decoder(width, heads, writes, rows)
        self.ctc = nn.Linear(width, labels)
        self.pin()

    @torch.no_grad()
    def pin(self) -> None:
        """The last channel before the logits is the constant 1. It carries a bias for every token, and in the exported
        file the logit of a token that is not used."""
        self.decoder.ln.weight[-1] = 0
        self.decoder.ln.bias[-1] = 1
