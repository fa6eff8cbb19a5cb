/** Makes test/oracle/stories.json: bounds for the outcomes of the lab's stories, from PyTorch in float64: `node scripts/run.mjs scripts/storyProof.ts`, with names of stories behind it for those alone. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Split } from "../src/data/dataset.ts";
import { loadDataset, parseExperiment } from "../src/experiment/index.ts";
import { encodeSafetensors } from "../src/io/index.ts";
import { experimentToProve, provenStages, ratioBounds, shareBounds, sided } from "../test/support/storyProof.ts";

interface Draw {
  readonly accuracy: number;
  readonly trainLoss: number;
  readonly testLoss: number;
}

const ORACLE = resolve(import.meta.dirname, "../test/oracle");

export async function main(wanted: readonly string[]): Promise<void> {
  const file = join(ORACLE, "stories.json");
  const chosen = provenStages().filter(({ key }) => wanted.length === 0 || wanted.includes(key.split(":")[0]!));
  const folder = mkdtempSync(join(tmpdir(), "fathom-stories-"));
  const tested: Record<string, number> = {};
  const stages: Record<string, { experiment: unknown; data: string }> = {};
  for (const [index, stage] of chosen.entries()) {
    const experiment = experimentToProve(stage);
    // As the file has it once it is read: with every default.
    const whole = JSON.parse(JSON.stringify(parseExperiment(experiment))) as Record<string, unknown>;
    const { train, test } = await loadDataset(parseExperiment(experiment));
    const data = `${index}.safetensors`;
    writeFileSync(join(folder, data), encodeSafetensors({ ...tensorsOf("x", "y", train), ...tensorsOf("testX", "testY", test!) }));
    tested[stage.key] = test!.count;
    stages[stage.key] = { experiment: whole, data };
  }
  writeFileSync(join(folder, "stages.json"), JSON.stringify(stages));
  const { status } = spawnSync("/usr/bin/python3", [join(ORACLE, "stories.py"), folder], { stdio: "inherit" });
  if (status !== 0) throw new Error("stories.py failed");
  const found = JSON.parse(readFileSync(join(folder, "found.json"), "utf8")) as Record<
    string,
    { readonly draws: readonly Draw[]; readonly ratios: readonly number[] }
  >;
  const bounds = chosen.map((stage) => {
    const { draws, ratios } = found[stage.key]!;
    return [
      stage.key,
      {
        experiment: experimentToProve(stage),
        ratio: ratioBounds(ratios).map(short),
        accuracy: sided(
          shareBounds(
            draws.map(({ accuracy }) => accuracy),
            tested[stage.key]!,
          ),
          stage,
        ).map(short),
        loss: ratioBounds(draws.map(({ trainLoss }) => trainLoss)).map(short),
        lossRatio: ratioBounds(draws.map(({ trainLoss, testLoss }) => testLoss / trainLoss)).map(short),
      },
    ];
  });
  const others = wanted.length === 0 ? {} : (JSON.parse(readFileSync(file, "utf8")) as object);
  writeFileSync(file, `${JSON.stringify({ ...others, ...Object.fromEntries(bounds) }, null, 2)}\n`);
  rmSync(folder, { recursive: true });
}

const short = (value: number): number => Number(value.toPrecision(3));

function tensorsOf(x: string, y: string, split: Split) {
  const samples = Float32Array.from(split.x, (value) => value * split.xScale);
  return {
    [x]: { dtype: "F32" as const, shape: [split.count, samples.length / split.count], data: samples },
    [y]: { dtype: "I32" as const, shape: [split.count], data: split.y as Int32Array },
  };
}
