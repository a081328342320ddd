import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { ManualClock } from "../../core/index.ts";
import type { Alert } from "../alert.ts";
import { newAlert } from "../alert-content.ts";
import { dashboardLimits } from "../limits.ts";
import { agentView } from "../test-support/agent-view.ts";
import { digestOf } from "../overview.ts";
import { PerformanceDashboard } from "../performance-dashboard.ts";
import { findingOf } from "../test-support/finding.ts";
import { VolatileAlertStore } from "../volatile-alert-store.ts";
import { fleetOfNone } from "../fleet-of-none.ts";
import type { ReportExtras } from "./report-data.ts";
import { drawChart } from "./chart-drawing.ts";
import { escapeText, html } from "./markup.ts";
import { measure } from "./words.ts";

const ATTACK = `<script>alert("x")</script><img src=x onerror='alert(1)'>`;

/** A report of a fleet in which everything that can be named is named `words`. */
async function reportOf(words: string, extras: ReportExtras = {}): Promise<string> {
  const clock = new ManualClock();
  const agents = [
    agentView("a-1", { state: "stuck", reason: words }, { name: words, kind: words }),
    agentView("a-2", {}, { name: words }),
  ];
  const recent = {
    calls: 9,
    failed: 1,
    limited: 0,
    p50Seconds: 0.02,
    p95Seconds: 1.5,
    lastFailedTraceId: null,
  };
  const dashboard = new PerformanceDashboard(
    { refreshInterval: 1, externalUrl: "https://fleet.example" },
    {
      clock,
      fleet: { ...fleetOfNone, agents: () => agents, digest: () => digestOf(agents) },
      services: {
        digests: () => [
          { id: "s", name: words, status: "degraded", statusSinceMs: 0, reason: words, recent },
        ],
      },
      reportExtras: () => Promise.resolve(extras),
    },
  );
  await dashboard.start();
  clock.advance(5000);
  const { id } = dashboard.addAlert("critical", words, words);
  await dashboard.acknowledgeAlert(id, { owner: words, note: words });
  const report = await dashboard.htmlReport();
  await dashboard.stop();
  return report;
}

test("htmlReport() says that there are more alerts than it lists", async () => {
  const clock = new ManualClock();
  const rows = dashboardLimits.reportRows.value;
  const alertStore = new VolatileAlertStore();
  const dashboard = new PerformanceDashboard({}, { clock, alertStore });
  const put = async (count: number): Promise<void> => {
    const alerts = Array.from({ length: count }, (_, index): Alert => {
      const origin = { id: `alert_${index}`, namespace: "default", atMs: clock.now(), count: 1 };
      const endsAtMs = clock.now();
      return { ...newAlert(findingOf(`a:${index}`), origin), state: "resolved", endsAtMs };
    });
    await alertStore.putAlerts("default", alerts);
  };
  await put(rows);
  assert.doesNotMatch(await dashboard.htmlReport(), /not listed/);
  await put(rows + 1);
  assert.match(await dashboard.htmlReport(), /There are more, which are not listed/);
  await dashboard.stop();
});

test("htmlReport() loads nothing, runs nothing and forbids both", async () => {
  const report = await reportOf("calm");
  assert.doesNotMatch(report, /<script|<link|<iframe|@import|url\(| src=/i);
  const links = [...report.matchAll(/(?:href|action)="([^"]*)"/g)].map(([, link]) => link);
  assert.deepEqual(links, ["https://fleet.example/"]);
  assert.ok(report.includes(`content="default-src 'none'; style-src 'unsafe-inline'"`));
  assert.match(report, /prefers-color-scheme:dark/);
  assert.match(report, /@media print/);
});

test("htmlReport() shows words as words, whoever chose them", async () => {
  const kpi = { title: ATTACK, unit: ATTACK, value: 1, meaning: ATTACK };
  const times = { count: 1, failed: 0, totalMs: 5, avgMs: 5, p95Ms: 5 };
  const profile = { name: ATTACK, agentId: ATTACK, ...times };
  const report = await reportOf(ATTACK, { kpis: [kpi], profiles: [profile] });
  assert.doesNotMatch(report, /<script|<img/i);
  assert.ok(report.split("&lt;script&gt;").length > 10, "all of them are there, escaped");
});

/** Names of all tags, in order. */
function tagsOf(report: string): string[] {
  return report.match(/<\/?[a-z][a-z0-9]*/gi) ?? [];
}

test("htmlReport() has the same tags whatever things are called", async () => {
  const expected = tagsOf(await reportOf("plain"));
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "binary", minLength: 1, maxLength: 30 }), async (words) => {
      fc.pre(words.trim() !== "");
      assert.deepEqual(tagsOf(await reportOf(words)), expected);
    }),
    { numRuns: 50 },
  );
});

test("htmlReport() says what is wrong, for how long, who has it, and what it costs", async () => {
  const report = await reportOf("worker-1");
  for (const words of ["Needs somebody", "Lost points", "Alerts", "Services", "Agents"]) {
    assert.ok(report.includes(`<h2>${words}</h2>`), words);
  }
  assert.match(report, /worker-1 is stuck/);
  assert.match(report, /−20/);
  assert.match(report, /1\.5 s/);
});

test("escapeText() leaves nothing that could end a text or an attribute", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      assert.doesNotMatch(escapeText(text), /[<>"']|&(?!amp;|lt;|gt;|quot;|#39;)/);
    }),
  );
  assert.equal(
    String(html`<p>${"a<b"}${null}${false}${[html`<i>${1}</i>`]}</p>`),
    "<p>a&lt;b<i>1</i></p>",
  );
});

test("drawChart() breaks the line at gaps and marks alerts inside the range", () => {
  const points = [
    [0, 1],
    [1000, 2],
    [5000, 3],
    [6000, 1],
    [9000, 2],
  ] as const;
  const chart = { metric: "load", aggregation: "avg", stepMs: 1000, points } as const;
  const drawing = String(drawChart(chart, { fromMs: 0, toMs: 10_000 }, [5000, 50_000]));
  assert.equal(drawing.split("<path").length - 1, 2);
  assert.equal(drawing.split("<circle").length - 1, 1);
  assert.equal(drawing.split('class="mark"').length - 1, 1);
  assert.doesNotMatch(drawing, /NaN|Infinity/);
});

test("drawChart() draws any finite values inside its frame", () => {
  const point = fc.tuple(fc.integer({ min: 0, max: 1000 }), fc.float({ noNaN: true }));
  fc.assert(
    fc.property(fc.array(point), (pairs) => {
      const points = pairs.toSorted((a, b) => a[0] - b[0]);
      const chart = { metric: "load", aggregation: "avg", stepMs: 10, points } as const;
      const drawing = String(drawChart(chart, { fromMs: 0, toMs: 1000 }, []));
      assert.doesNotMatch(drawing, /NaN|Infinity/);
      const [, ...paths] = drawing.split('d="');
      for (const path of paths) {
        const numbers = (path.split('"')[0] ?? "").split(/[ML ]/).filter(Boolean).map(Number);
        for (const value of numbers) assert.ok(value >= 0 && value <= 340, String(value));
      }
    }),
  );
});

test("measure() writes values in their unit", () => {
  const written = [
    measure(0.24, "s"),
    measure(1.9, "s"),
    measure(62, "%"),
    measure(39_845_888, "bytes"),
    measure(1200, "bytes/s"),
    measure(1204, "1/min"),
    measure(87, "points"),
    measure(null, "s"),
  ];
  assert.deepEqual(written, [
    "240 ms",
    "1.9 s",
    "62%",
    "38 MiB",
    "1.2 KiB/s",
    "1,204 / min",
    "87 points",
    "–",
  ]);
});
