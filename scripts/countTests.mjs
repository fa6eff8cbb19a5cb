/** Prints "PASSED FAILED" for a run of Vitest: `node scripts/countTests.mjs REPORT.json EXIT_STATUS`. */
import { existsSync, readFileSync } from "node:fs";

const [path = "", status = "1"] = process.argv.slice(2);

/** @type {{ testResults: { status: string, assertionResults: { status: string }[] }[] }} */
const report = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : { testResults: [] };

let passed = 0;
let failed = 0;
for (const file of report.testResults) {
  const failures = file.assertionResults.filter((test) => test.status === "failed").length;
  passed += file.assertionResults.filter((test) => test.status === "passed").length;
  // A file that fails outside its tests, for instance because it does not load, is one failure.
  failed += failures === 0 && file.status === "failed" ? 1 : failures;
}
// So is a run that failed for a reason that no file has.
if (failed === 0 && status !== "0") failed = 1;
console.log(`${passed} ${failed}`);
