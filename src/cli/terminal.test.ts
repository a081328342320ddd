import assert from "node:assert/strict";
import { test } from "node:test";

import { cut, formatBytes, formatNumber, harmless, Terminal, textWidth } from "./terminal.ts";
import type { Column } from "./terminal.ts";

function collector(isTTY: boolean, columns = 40) {
  let text = "";
  const output = { isTTY, columns, write: (chunk: string) => (text += chunk) };
  return { output, text: () => text };
}

function colours(isTTY: boolean, env: Record<string, string>): boolean {
  return new Terminal(collector(isTTY).output, env).colours;
}

test("Terminal colours on a terminal only, and never against NO_COLOR", () => {
  assert.equal(colours(true, {}), true);
  assert.equal(colours(false, {}), false);
  assert.equal(colours(true, { NO_COLOR: "1" }), false);
  assert.equal(colours(true, { TERM: "dumb" }), false);
  assert.equal(colours(false, { FORCE_COLOR: "1" }), true);
});

test("Terminal.table() lines columns up and cuts the flexible one to the width", () => {
  const columns: Column<readonly [string, string, number]>[] = [
    { title: "NAME", value: ([name]) => name },
    { title: "WHY", value: ([, why]) => why, flexible: true },
    { title: "N", value: ([, , n]) => String(n), align: "right" },
  ];
  const { output, text } = collector(true, 40);
  const terminal = new Terminal(output, { NO_COLOR: "1" });
  terminal.table(columns, [
    ["worker-1", "no output for 14 min while it holds work", 7],
    ["日本", "fine", 12],
  ]);
  assert.deepEqual(text().split("\n"), [
    "NAME      WHY                          N",
    "worker-1  no output for 14 min whil…   7",
    "日本      fine                        12",
    "",
  ]);
});

test("Terminal.state() is a shape and a word", () => {
  const terminal = new Terminal(collector(false).output, {});
  assert.equal(terminal.state("stuck"), "▲ stuck");
  assert.equal(terminal.state("idle", "paused"), "▨ idle, paused");
  assert.equal(terminal.state("working", "quarantined"), "⊘ working, quarantined");
  assert.equal(terminal.serviceState("unhealthy"), "✕ unhealthy");
  assert.equal(terminal.level("critical"), "◆ critical");
  assert.equal(terminal.level("critical", false), "· critical");
});

test("harmless() removes what would move the cursor", () => {
  assert.equal(harmless("a\u001b[2Jb\r\nc\u0007\u009bd"), "ab c d");
});

test("textWidth() and cut() count what is seen", () => {
  assert.equal(textWidth("\u001b[31mred\u001b[39m"), 3);
  assert.equal(textWidth("日本"), 4);
  assert.equal(textWidth("e\u0301"), 1);
  assert.equal(cut("日本語", 5), "日本…");
  assert.equal(cut("short", 5), "short");
});

test("formatBytes() and formatNumber() say sizes the way people do", () => {
  assert.deepEqual([0, 1023, 1536, 43_200_000].map(formatBytes), [
    "0 B",
    "1023 B",
    "1.5 KiB",
    "41.2 MiB",
  ]);
  assert.equal(formatNumber(1_234_567), "1,235,000");
  assert.equal(formatNumber(0.000123456), "0.0001235");
});
