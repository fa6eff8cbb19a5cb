/** An exponent as people write it: 10⁻²². */
export const raised = (power: number): string =>
  [...String(power)].map((digit) => (digit === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)])).join("");

/** 5·10⁻²²; 10⁻²² where the factor is 1. */
export const timesTen = (factor: number, power: number): string => `${factor === 1 ? "" : `${factor}·`}10${raised(power)}`;
