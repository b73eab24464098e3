# SPDX-License-Identifier: BSD-3-Clause
"""Rounds in which peers take turns, and what they come to."""

import dataclasses
import math
import statistics

QUIET_SHARE = 0.95  # of the peak, that a turn's canaries must reach; as in bench/measure.h
FIRM_ROUNDS = 5     # CARDINAL_FIRM_ROUNDS of bench/measure.h
STRAY = 100         # one peak in so many may be a stray one, and nine at most; as in bench/peak.h


@dataclasses.dataclass
class Turn:
    """One peer's part of a round."""
    seconds: float  # median of its runs; of layers: see Layers
    canary: float   # GFLOP/s, the lower one of those just before and just after


def peak_of(rates):
    """The FMA peak that a run saw: the best rate but for one sample in a hundred."""
    strays = min(len(rates) // STRAY, 9)
    return sorted(rates, reverse=True)[strays]


def is_quiet(turn, peak):
    return turn.canary >= QUIET_SHARE * peak


@dataclasses.dataclass
class Summary:
    seconds: float            # median over the rounds that count
    rounds: int
    quiet: int                # of them
    ratio: float = math.nan   # median of peer's time / ours, round by round; of our own 1
    least: float = math.nan
    most: float = math.nan

    @property
    def firm(self):
        return self.quiet >= FIRM_ROUNDS


def counted(turns, peak):
    """Which rounds count: those in which all the given turns were quiet; all of them, if fewer than FIRM_ROUNDS were.
    Gives their indices, and how many were quiet."""
    quiet = [number for number, row in enumerate(zip(*turns)) if all(is_quiet(turn, peak) for turn in row)]
    return (quiet if len(quiet) >= FIRM_ROUNDS else list(range(len(turns[0])))), len(quiet)


def summarise(turns, ours, peak):
    """A peer's turns beside ours in the same rounds; `ours` may be None where Cardinal wasn't measured."""
    if ours is None:
        numbers, quiet = counted([turns], peak)
        return Summary(statistics.median(turns[n].seconds for n in numbers), len(turns), quiet)
    numbers, quiet = counted([turns, ours], peak)
    ratios = [turns[n].seconds / ours[n].seconds for n in numbers]
    return Summary(statistics.median(turns[n].seconds for n in numbers), len(turns), quiet,
                   statistics.median(ratios), min(ratios), max(ratios))


def fastest(summaries):
    """The peer that ran fastest, by medians: (name, Summary); None without any."""
    return min(summaries.items(), key=lambda item: item[1].seconds, default=None)


# ---- do the peers compute the same? ------------------------------------------------------------------------------

# f32: the largest difference as a share of the largest logit. bf16 and int8: the same class for each image, unless the
# exact network hardly tells the two apart, and the cosine of all logits.
F32_BOUND = 1e-4
COSINE_BOUND = {"bf16": 0.999, "int8": 0.98}


def disagreement(logits, expected, precision):
    """Why a peer's logits [image][class] aren't those of our f32 network, or "" if they are; and by how much."""
    if [len(row) for row in logits] != [len(row) for row in expected]:
        return "it gives another number of logits", math.nan
    if not all(map(math.isfinite, flat(logits))):
        return "its logits aren't all finite", math.nan
    largest = max(abs(value) for value in flat(expected))
    difference = max(abs(a - b) for a, b in zip(flat(logits), flat(expected))) / largest
    if precision == "f32":
        if difference > F32_BOUND:
            return f"its logits differ by {difference:.1e} of the largest, more than {F32_BOUND:.0e}", difference
        return "", difference
    cosine = min(cosine_of(a, b) for a, b in zip(logits, expected))
    if cosine < COSINE_BOUND[precision]:
        return f"its logits' cosine with f32 is {cosine:.5f}, below {COSINE_BOUND[precision]}", cosine
    for image, (a, b) in enumerate(zip(logits, expected)):
        if index_of_max(a) != index_of_max(b):
            return f"it finds class {index_of_max(a)} in image {image} where f32 finds {index_of_max(b)}", cosine
    return "", cosine


def flat(rows):
    return [value for row in rows for value in row]


def index_of_max(row):
    return max(range(len(row)), key=lambda index: row[index])


def cosine_of(a, b):
    norms = math.sqrt(sum(x * x for x in a)) * math.sqrt(sum(x * x for x in b))
    return sum(x * y for x, y in zip(a, b)) / norms if norms else math.nan
