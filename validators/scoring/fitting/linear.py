"""Solving a small symmetric system. Pure."""

import math
from collections.abc import Sequence


def solved(matrix: Sequence[Sequence[float]], right: Sequence[float]) -> list[float]:
    """x with matrix x = right, by Cholesky; the matrix must be symmetric and positive definite."""
    size = len(right)
    lower: list[list[float]] = []
    for i in range(size):
        row: list[float] = []
        for j in range(i):
            row.append((matrix[i][j] - _dot(row, lower[j], j)) / lower[j][j])
        row.append(math.sqrt(matrix[i][i] - _dot(row, row, i)))
        lower.append(row)
    half: list[float] = []
    for i in range(size):
        half.append((right[i] - _dot(lower[i], half, i)) / lower[i][i])
    solution = [0.0] * size
    for i in reversed(range(size)):
        known = sum(lower[k][i] * solution[k] for k in range(i + 1, size))
        solution[i] = (half[i] - known) / lower[i][i]
    return solution


def _dot(left: Sequence[float], right: Sequence[float], count: int) -> float:
    return sum(a * b for a, b in zip(left[:count], right[:count], strict=True))
