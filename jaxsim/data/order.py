"""Shuffled orders without a state: item i of epoch e is a function of the seed.

A Feistel network permutes the numbers below a power of four; those beyond the length
are walked on until they fall inside (Black and Rogaway 2002). So any item is known
without those before: to go on after a stop takes a position, and the number of workers
changes nothing.

```bibtex
@inproceedings{black2002ciphers,
  author    = {Black, John and Rogaway, Phillip},
  title     = {Ciphers with Arbitrary Finite Domains},
  booktitle = {Topics in Cryptology -- CT-RSA 2002},
  series    = {Lecture Notes in Computer Science},
  volume    = {2271},
  pages     = {114--130},
  year      = {2002},
  doi       = {10.1007/3-540-45760-7_9}
}
```
"""

import numpy as np


ROUNDS = 6


def shuffled(index: np.ndarray, n: int, *key: int) -> np.ndarray:
    """Items of a permutation of n numbers.

    Args:
        index: which items, each in [0, n).
        n: length of the permutation.
        *key: whole numbers that choose it: seed, epoch, session.
    """
    half = max(1, (max(n - 1, 1).bit_length() + 1) // 2)
    keys = _round_keys(key)
    found = _feistel(np.asarray(index, np.uint64), half, keys)
    while (out := found >= n).any():
        found[out] = _feistel(found[out], half, keys)
    return found.astype(np.int64)


def _round_keys(key: tuple[int, ...]) -> np.ndarray:
    state = np.uint64(0x9E3779B97F4A7C15)
    for number in key:
        word = np.asarray([int(number) & (2**64 - 1)], np.uint64)
        state = mixed(mixed(word) + state)[0]
    return mixed(state + np.arange(1, ROUNDS + 1, dtype=np.uint64))


def _feistel(index: np.ndarray, half: int, keys: np.ndarray) -> np.ndarray:
    shift, mask = np.uint64(half), np.uint64((1 << half) - 1)
    left, right = index >> shift, index & mask
    for key in keys:
        left, right = right, left ^ (mixed(right + key) & mask)
    return (left << shift) | right


def mixed(x: np.ndarray) -> np.ndarray:
    """The finaliser of splitmix64: every bit of the input moves half of the output."""
    with np.errstate(over="ignore"):
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
