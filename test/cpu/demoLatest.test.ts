/** Questions that the lab's pad asks of a slow net. */
import { expect, it } from "vitest";
import { Latest } from "../../demo/latest.ts";

it("are asked one at a time, and then the latest alone", () => {
  const sent: number[] = [];
  const latest = new Latest<number>((question) => sent.push(question));
  for (let question = 0; question < 150; question++) latest.ask(question);
  expect(sent).toEqual([0]);
  latest.answered();
  expect(sent).toEqual([0, 149]);
  latest.answered();
  expect(sent).toEqual([0, 149]);
  latest.ask(150);
  expect(sent).toEqual([0, 149, 150]);
});

it("do not wait for one that will never be answered", () => {
  const sent: string[] = [];
  const latest = new Latest<string>((question) => sent.push(question));
  for (const question of ["of a net that is gone", "waits"]) latest.ask(question);
  latest.forget();
  latest.ask("of the next net");
  latest.answered();
  expect(sent).toEqual(["of a net that is gone", "of the next net"]);
});
