"""How many judgements show that 95 % are right, and how often that errs: the rule and its alternatives, on simulated samples.

python -m benchmarks.acceptance
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from scipy.stats import beta

from classifier.gate.acceptance import BELOW, PERCENT_RIGHT, Judged

N_SAMPLES = 20_000
N_POPULATION = 100_000
MOST = 1_000  # judgements
MOST_WRONG = 60
SHARES = (0.96, 0.97, 0.98, 0.99, 1.0)
LEAST = PERCENT_RIGHT / 100
LIMIT = np.log(20.0)

# After how many judgements a rule passes with so many wrong ones, MOST + 1 for never; and, for looks at fixed numbers, those.
Rule = tuple[list[int], Sequence[int] | None]


def first_passing(log_ratio: Callable[[int, int], float]) -> Rule:
    """Return the rule that passes when the ratio of so many right and wrong ones reaches its limit."""
    needed = []
    for n_wrong in range(MOST_WRONG):
        enough = (n for n in range(n_wrong, MOST + 1) if n_wrong < (1.0 - LEAST) * n)  # not evidence of the contrary
        numbers = (n for n in enough if log_ratio(n - n_wrong, n_wrong) >= LIMIT)
        needed.append(next(numbers, MOST + 1))
        if needed[-1] > MOST:
            break
    return needed + [MOST + 1] * (MOST_WRONG + 1 - len(needed)), None


def log_ratio(shares: np.ndarray, weights: np.ndarray, n_right: int, n_wrong: int) -> float:
    """Return the logarithm of the mean likelihood of some shares, divided by that of 95 %."""
    with np.errstate(divide="ignore", invalid="ignore"):
        of_wrong = n_wrong * np.log((1.0 - shares) / (1.0 - LEAST)) if n_wrong else 0.0
    logs = n_right * np.log(shares / LEAST) + of_wrong + np.log(weights)
    return float(np.logaddexp.reduce(logs))


def mixture(power: float, above: float) -> Rule:
    """Return the rule of the mean likelihood of all shares above one, weighted with their power."""
    shares = np.linspace(above, 1.0, 1_001)[1:]
    weights = shares**power
    return first_passing(partial(log_ratio, shares, weights / weights.sum()))


def looks(numbers: Sequence[int]) -> Rule:
    """Return the rule that looks at fixed numbers, each with its part of the 5 %."""
    alpha, needed = 0.05 / len(numbers), [MOST + 1] * (MOST_WRONG + 1)
    for n in reversed(numbers):
        for n_wrong in range(min(n, MOST_WRONG)):
            if beta.ppf(alpha, n - n_wrong, n_wrong + 1) > LEAST:
                needed[n_wrong] = n
    return needed, numbers


def product() -> Rule:
    """Return the product's own rule."""
    more = [Judged(N_POPULATION, MOST, 0, n_wrong).n_more for n_wrong in range(MOST_WRONG)]
    return [MOST + 1 if n is None else n + n_wrong for n_wrong, n in enumerate(more)] + [MOST + 1], None


def passes(rule: Rule, share: float, rng: np.random.Generator) -> tuple[float, float]:
    """Return the share of samples that pass, and the median number of judgements until then."""
    needed, numbers = np.array(rule[0]), rule[1]
    n = np.arange(1, MOST + 1)
    may_look = np.isin(n, numbers) if numbers is not None else np.full(MOST, True)
    passed = []
    for _ in range(20):  # in parts, for the memory
        wrong = np.cumsum(rng.random((N_SAMPLES // 20, MOST)) >= share, axis=1)
        is_enough = (n >= needed[np.minimum(wrong, MOST_WRONG)]) & may_look
        passed.append(np.where(is_enough.any(axis=1), is_enough.argmax(axis=1) + 1, MOST + 1))
    found = np.concatenate(passed)
    return float((found <= MOST).mean()), float(np.median(found))


def given_up(share: float, n_samples: int = 300) -> float:
    """Return the median number of judgements after which the product says that fewer than 95 % are right."""
    rng, found = np.random.default_rng(1), []
    for _ in range(n_samples):
        right = np.cumsum(rng.random(400) < share)
        outcomes = (Judged(5_000, MOST, int(r), n - int(r)).outcome for n, r in enumerate(right, 1))
        found.append(next((n for n, outcome in enumerate(outcomes, 1) if outcome == BELOW), 401))
    return float(np.median(found))


def main() -> None:
    """Print the table of decision 023."""
    rules = {
        "**mixture, power 49 (chosen)**": product(),
        "mixture, power 0": mixture(0.0, LEAST),
        "mixture, power 98": mixture(98.0, LEAST),
        "Wald, .98": first_passing(partial(log_ratio, np.array([0.98]), np.array([1.0]))),
        "Wald, .99": first_passing(partial(log_ratio, np.array([0.99]), np.array([1.0]))),
        "uniform prior, both sides": mixture(0.0, 0.0),
        "looks at 94, 150, 250, 400, 650, 1,000": looks((94, 150, 250, 400, 650, 1_000)),
        "looks at 86, 200, 400, 800": looks((86, 200, 400, 800)),
    }
    print("| rule | none wrong | error |", " | ".join(f"{share:.2f}" for share in SHARES), "|")
    print("|---|" + "---|" * (len(SHARES) + 2))
    for name, rule in rules.items():
        rng = np.random.default_rng(0)
        cells = [
            f"{n:.0f} ({share:.2f})" if n <= MOST else f"– ({share:.2f})"
            for share, n in (passes(rule, p, rng) for p in SHARES)
        ]
        first = rule[0][0] if rule[1] is None else next(n for n in rule[1] if n >= rule[0][0])
        print(f"| {name} | {first} | {passes(rule, LEAST, rng)[0]:.3f} | {' | '.join(cells)} |", flush=True)
    print("\ngiven up after (median):", {share: given_up(share) for share in (0.5, 0.7, 0.8, 0.9)})


if __name__ == "__main__":
    main()
