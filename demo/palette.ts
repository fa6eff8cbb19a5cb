/** Colours: those of the page's theme, of runs (Okabe and Ito's, told apart by colour-blind readers), and viridis for heat. */

export interface Theme {
  readonly paper: string;
  readonly ink: string;
  readonly quiet: string;
  readonly rule: string;
  readonly bad: string;
  /** The current run's, and then those of pinned ones. */
  readonly runs: readonly string[];
}

export const MOST_RUNS = 6;

let known: { readonly dark: boolean; readonly theme: Theme } | null = null;

/** As the style sheet has them now, light or dark; read once for each, because that makes the browser lay out the page. */
export function theme(): Theme {
  const { matches: dark } = matchMedia("(prefers-color-scheme: dark)");
  if (known?.dark !== dark) known = { dark, theme: readTheme() };
  return known.theme;
}

function readTheme(): Theme {
  const style = getComputedStyle(document.documentElement);
  const value = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    paper: value("paper"),
    ink: value("ink"),
    quiet: value("quiet"),
    rule: value("rule"),
    bad: value("bad"),
    runs: Array.from({ length: MOST_RUNS }, (_, run) => value(`run-${run}`)),
  };
}

/** Besides colours, so that lines differ in grey too. */
export const DASHES: readonly (readonly number[])[] = [[], [7, 3], [2, 3], [10, 3, 2, 3], [4, 4], [12, 4]];

const VIRIDIS = ["440154", "482878", "3e4989", "31688e", "26828e", "1f9e89", "35b779", "6ece58", "b5de2b", "fde725"].map((hex) =>
  [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)),
);

const SHADES = 256;
/** Red, green, blue of so many shades, made once: heat maps ask for thousands at a time. */
const TABLE = Array.from({ length: SHADES }, (_, shade): readonly [number, number, number] => {
  const at = (shade / (SHADES - 1)) * (VIRIDIS.length - 1);
  const below = Math.min(VIRIDIS.length - 2, Math.floor(at));
  const [from, to] = [VIRIDIS[below]!, VIRIDIS[below + 1]!];
  return [0, 1, 2].map((part) => Math.round(from[part]! + (at - below) * (to[part]! - from[part]!))) as [number, number, number];
});

/** Red, green, blue for a share from 0 (dark) to 1 (bright). */
export const viridis = (share: number): readonly [number, number, number] =>
  TABLE[Math.round(Math.min(1, Math.max(0, share)) * (SHADES - 1))]!;
