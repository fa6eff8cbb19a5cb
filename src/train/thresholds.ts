/** Where diagnose() draws its lines, and why there; docs/diagnose.md tells how they were held against nets that were trained. */

/** A first layer with a hundredth of the last one's gradient needs a hundred times the steps to move as far; and its mirror image. */
export const VANISHING_RATIO = 1 / 100;
export const EXPLODING_RATIO = 100;
/** A tenth is enough where the first layer also moves by less than 1e-4 of its length in a step: a tenth of what is usual in a net that learns. */
export const FADING_RATIO = 1 / 10;
export const FADING_UPDATE = 1e-4;
/** A step that moves a weight by its own length has replaced it; usual is a thousandth. */
export const EXPLODING_UPDATE = 1;
/** A layer of so many units that give 0 for every row hands nothing on. */
export const DEAD_UNITS = 0.95;
/** Half of the outputs in the flat ends, in the median over layers of bounded activations: well above the few percent of one that fits. */
export const SATURATED_SHARE = 0.5;
/** Below this share of the better of the first loss and that of guessing, a net learns. */
export const LEARNING_SHARE = 0.9;
/** With fewer reports nothing is said about learning. */
export const FEWEST_TO_JUDGE_LEARNING = 20;
/** Standard deviations of Kendall's S that chance passes once in a hundred times: a loss that falls so surely is not stalled, wherever it is. */
export const SURE_OF_TREND = 2.33;
/** Reports at the end of a run that its trend is judged by, for each is held against each other. */
export const MOST_OF_TREND = 200;
/** A gradient is cut off by an exact 0, unless it has faded towards the smallest float32 (1e-38) on the way. */
export const UNDERFLOW = 1e-28;
/** Share of the run, at its end, over which medians are taken, and so many reports at least: one batch says little. */
export const WINDOW = 0.1;
export const LEAST_WINDOW = 5;
