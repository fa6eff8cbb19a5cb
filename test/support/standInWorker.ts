/** In the place of the lab's worker, a script that computes nothing and tells of a net of 200 layers as fast as a GPU of tomorrow would train it: what is left is the page's own work. */
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What it tells, beside rows of reports for all of the layers. */
export interface Telling {
  readonly layers: number;
  readonly steps: number;
  /** Rows of the run that it goes on with, which come at once. */
  readonly before: number;
  /** In a message every 16 ms. */
  readonly rowsPerMessage: number;
}

export function putStandIn(built: string, telling: Telling): void {
  const folder = join(built, "assets");
  const script = `(${standIn.toString()})(${JSON.stringify(telling)});`;
  // The lab's, the benchmark page's and How it works': only the first is opened.
  for (const name of readdirSync(folder)) if (/^worker-.*\.js$/.test(name)) writeFileSync(join(folder, name), script);
}

/** Runs in the worker, so it knows nothing of this file. */
function standIn({ layers, steps, before, rowsPerMessage }: Telling): void {
  const scope = globalThis as unknown as {
    postMessage: (message: unknown) => void;
    onmessage: (event: { data: { type: string; run: number } }) => void;
  };
  const tell = (message: object): void => scope.postMessage(message);
  const HEAD = 5;
  let step = 0;
  /** Norms fall by a power of ten every few hundred steps, so that scales change and heat maps are painted anew. */
  const rowOf = (row: Float32Array, at: number): void => {
    const [loss, fall] = [2 / (1 + at / 1000), 10 ** -Math.floor(at / 400)];
    row.set([at, loss, 0.1, 1, 1]);
    for (let layer = 0; layer < layers; layer++) row[HEAD + layer] = (fall * (1 + layer)) / layers + 1e-30;
  };
  const rows = (count: number): Float32Array => {
    const all = new Float32Array(count * (HEAD + layers));
    for (let index = 0; index < count; index++) rowOf(all.subarray(index * (HEAD + layers), (index + 1) * (HEAD + layers)), step++);
    return all;
  };
  const activations = Array.from({ length: layers - 1 }, (_, layer) => `${layer} relu`);
  const insideRows = (count: number): Float32Array =>
    Float32Array.from({ length: count * (1 + layers + 2 * activations.length) }, (_, index) => {
      const at = index % (1 + layers + 2 * activations.length);
      const row = Math.floor(index / (1 + layers + 2 * activations.length));
      return at === 0 ? step - count + row : 0.5 / (1 + ((at + step) % 97));
    });
  scope.onmessage = ({ data: { type, run } }) => {
    if (type !== "start") return;
    const weights = Array.from({ length: layers }, (_, layer) => `${layer}.weight`);
    tell({ type: "prepared", run, weights, steps, classes: 10, parameters: 1e6, dispatches: 40, points: null });
    const points = {
      x: Float32Array.from({ length: 2000 }, (_, index) => Math.sin(index)),
      y: Int32Array.from({ length: 1000 }, (_, index) => index % 2),
      trained: 800,
    };
    tell({ type: "prepared", run, weights, steps, classes: 2, parameters: 1e6, dispatches: 40, points });
    tell({ type: "restored", run, rows: rows(before), milliseconds: 2 * before, evaluations: [], marks: [] });
    const began = Date.now();
    setInterval(() => tell({ type: "reports", run, rows: rows(rowsPerMessage), milliseconds: 2 * before + Date.now() - began }), 16);
    setInterval(() => {
      const counts = Uint32Array.from({ length: 64 * layers }, (_, index) => (index * 7) % 101);
      tell({ type: "insight", run, rows: insideRows(5), weights: layers, activations, histograms: { step, counts } });
    }, 100);
    setInterval(() => {
      tell({ type: "verdict", run, kind: "vanishing", text: `vanishing: so it is said at step ${step}` });
      tell({ type: "evaluated", run, step, trainLoss: 1, trainAccuracy: 0.5, testLoss: 1, testAccuracy: 0.5 });
      tell({ type: "plane", run, cells: Uint8Array.from({ length: 48 * 48 }, (_, index) => (index + step) % 256) });
      const wrong = Array.from({ length: 24 }, (_, sample) => ({
        sample,
        read: 1,
        truth: 2,
        sure: 0.9,
        pixels: new Float32Array(64).fill(sample / 24),
      }));
      const names = Array.from({ length: 10 }, (_, digit) => String(digit));
      tell({
        type: "readings",
        run,
        step,
        of: "test",
        count: 360,
        classes: 10,
        names,
        matrix: new Uint32Array(100).fill(step),
        wrong,
        side: 8,
      });
    }, 1000);
  };
  tell({ type: "opened", adapter: "a stand-in", software: false });
}
