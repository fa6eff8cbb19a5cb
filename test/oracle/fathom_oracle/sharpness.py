"""Whether the remedies of a case bite: one that changes nothing tests nothing."""

# What the mean over the steps of the fraction of elements that a clip changes must lie between.
CLIPPED = 0.03, 0.97


def blunt(experiment, run):
    """[why this run would not notice that one of its remedies is missing, or does something else]."""
    found, steps = [], run.steps
    clip = experiment.get("clip")
    if clip not in (None, "normalize") and not CLIPPED[0] <= mean(run.clipped) <= CLIPPED[1]:
        found.append(f"the clip changes {mean(run.clipped):.0%} of the gradients")
    if experiment.get("constraint") and not 0.02 <= mean(run.bound) <= 0.98:
        found.append(f"the constraint binds {mean(run.bound):.0%} of the rows")
    if run.schedule.plateau and run.schedule.plateau.drops < 2:
        found.append(f"the plateau drops {run.schedule.plateau.drops} times")
    if experiment.get("regularizer") and min(step["regularization"] / step["loss"] for step in steps) < 1e-3:
        found.append("the penalty is next to nothing")
    if not steps[-1]["loss"] < 3 * steps[0]["loss"]:
        found.append(f"the loss goes from {steps[0]['loss']:.3g} to {steps[-1]['loss']:.3g}")
    return found


def mean(values):
    return sum(values) / len(values)
