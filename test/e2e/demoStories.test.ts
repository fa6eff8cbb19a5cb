/** The lab's other stories come to what PyTorch says; those of gradients are in demoStoriesGradients.test.ts. */
import { proveStories } from "../support/storyTests.ts";

proveStories("of other things");
