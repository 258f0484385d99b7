"""Muon: steps of orthogonal matrices, by which a small transformer learns in half the steps AdamW takes.

After Keller Jordan, https://kellerjordan.github.io/posts/muon/ ; batched over matrices of one shape.
"""

import torch
from torch import Tensor, nn


def orthogonal(matrices: Tensor) -> Tensor:
    """Five Newton-Schulz steps towards the nearest orthogonal matrix of each, [n, rows, columns], rows <= columns."""
    x = matrices.to(torch.bfloat16)
    x = x / (x.float().norm(dim=(1, 2), keepdim=True) + 1e-7).to(x.dtype)
    for _ in range(5):
        square = x @ x.mT
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return x.float()


class Muon:
    def __init__(self, parameters: list[nn.Parameter], momentum: float = 0.95, decay: float = 0.05):
        self.parameters, self.momentum, self.decay = parameters, momentum, decay
        self.speeds = [torch.zeros_like(p) for p in parameters]

    @torch.no_grad()
    def step(self, rate: float) -> None:
        groups: dict[tuple[int, int], list] = {}
        for parameter, speed in zip(self.parameters, self.speeds):
            speed.mul_(self.momentum).add_(parameter.grad)
            ahead = (parameter.grad + self.momentum * speed).reshape(len(parameter), -1)
            tall = ahead.shape[0] > ahead.shape[1]
            flat = ahead.T if tall else ahead
            groups.setdefault(tuple(flat.shape), []).append((parameter, flat, tall))
            parameter.grad = None
        for (_, columns), members in groups.items():
            steps = orthogonal(torch.stack([flat for _, flat, _ in members]))
            for (parameter, _, tall), step in zip(members, steps):
                step = (step.T if tall else step).reshape(parameter.shape)
                parameter.mul_(1 - rate * self.decay).add_(step, alpha=-rate * 0.2 * columns**0.5)
