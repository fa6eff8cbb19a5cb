/** The lab's stories of gradients that vanish or explode come to what PyTorch says. */
import { proveStories } from "../support/storyTests.ts";

proveStories("of gradients");
