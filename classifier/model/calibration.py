"""Decision values -> scores, by a curve for each tag.

A curve is a row of numbers: intercept, slope, the bends, and by how much the slope changes at each bend. The score is the
logistic function of intercept + slope * d + sum of change * max(d - bend, 0). A slope is nowhere negative, so a score
never falls as the decision value rises. This is Platt's scaling (1999) with several bends.
"""

import numpy as np

from classifier.model.decision import sigmoid

AT_ONCE = 256  # articles
FAR = 500.0  # decision values beyond it, as that of a threshold that is never reached, count as this


def calibrated(decision: np.ndarray, curves: np.ndarray) -> np.ndarray:
    """Return the scores of decision values, (…, n_tags), by curves, (n_tags, n_curve) or (n_curve,) for all alike."""
    if decision.ndim > 1 and len(decision) > AT_ONCE:
        parts = [calibrated(decision[begin : begin + AT_ONCE], curves) for begin in range(0, len(decision), AT_ONCE)]
        return np.concatenate(parts)
    d = np.minimum(np.maximum(decision, -FAR), FAR)  # `clip` takes twice as long
    half = (curves.shape[-1] - 2) // 2
    columns = curves.T.reshape(-1, *[1] * (d.ndim + 1 - curves.ndim), *curves.shape[:-1])
    intercept, slope, bends, changes = columns[0], columns[1], columns[2 : 2 + half], columns[2 + half :]
    straight = intercept + slope * d
    # One array for all bends: a loop over them costs a single article three times as much.
    terms = np.empty((half + 1, *straight.shape))
    terms[0], bent = straight, terms[1:]
    np.subtract(d, bends, out=bent)
    np.maximum(bent, 0.0, out=bent)
    bent *= changes
    return sigmoid(terms.sum(axis=0))


def with_one_bend(calibration: np.ndarray) -> np.ndarray:
    """Return the curve, (4,), of a model that has the same one for all tags: intercept, slope, bend, slope above it."""
    intercept, slope, bend, upper_slope = calibration
    return np.array([intercept, slope, bend, upper_slope - slope])


def decision_at(score: float, curve: np.ndarray) -> float:
    """Return the decision value at which a curve, (n_curve,), reaches a score; its slope must be positive everywhere."""
    target = float(np.log(score / (1.0 - score)))
    intercept, slope = curve[:2]
    bends, changes = np.split(curve[2:], 2)
    order = np.argsort(bends)
    value, at = intercept + slope * bends[order[0]], bends[order[0]]
    if target <= value:
        return float(at + (target - value) / slope)
    for number, bend in enumerate(order):
        slope = slope + changes[bend]
        end = bends[order[number + 1]] if number + 1 < len(order) else np.inf
        if target <= value + slope * (end - at):
            break
        value, at = value + slope * (end - at), end
    return float(at + (target - value) / slope)
