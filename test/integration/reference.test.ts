// docs/reference holds the tables that people read; here they are held against what the package
// really exports, and against every name that the system we set out to be has promised.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";

import type { z } from "zod";

import { configurationSections } from "../../src/configuration/index.ts";
import * as library from "../../src/index.ts";
import { documentedClasses, parameterNames, protectedNames } from "../../tools/docs-methods.ts";
import { repositoryRoot } from "../../tools/repository.ts";

/** Promised by the reference, in our spelling: methods with their parameters, and options. */
const promised: Readonly<
  Record<string, { readonly methods: readonly string[]; readonly options: readonly string[] }>
> = {
  tracker: {
    methods: [
      "recordMetric(metricType, value, agentId, context, metadata)",
      "getMetrics(metricType, agentId, timeRange)",
      "getAgentPerformanceSummary(agentId, timeRange)",
      "exportMetrics(filepath, timeRange)",
      "getLatestMetric(metricType, agentId)",
      "getMetricSummary(metricType, agentId, timeRange)",
      "getPerformanceSnapshots(count)",
      "addMetricCallback(callback)",
      "addSnapshotCallback(callback)",
    ],
    options: ["maxMetricsHistory", "snapshotInterval", "metricRetentionDays"],
  },
  profiler: {
    methods: [
      "profileFunction(profileName)",
      "profile(profileName, context)",
      "getSystemMetrics()",
      "getProfilingSummary(timeRange)",
      "startProfile(profileName, context)",
      "endProfile(profileId)",
      "getProcessMetrics()",
      "getNetworkMetrics()",
      "recordMetric(name, value)",
      "exportProfilingData()",
    ],
    options: ["profilingEnabled", "snapshotInterval", "maxHistory"],
  },
  dashboard: {
    methods: [
      "start()",
      "stop()",
      "setView(view)",
      "addAlert(level, message, source, context)",
      "getDashboardData()",
      "setRefreshInterval(seconds)",
      "getAgentPerformance(agentId)",
      "getSystemPerformance()",
      "acknowledgeAlert(alertId)",
      "getAlerts()",
      "exportDashboardData()",
      "addUpdateCallback(callback)",
    ],
    options: ["refreshInterval"],
  },
  communication: {
    methods: [
      "registerAgent(agentId, name, capabilities, endpoint, metadata)",
      "sendMessage(senderId, recipientId, messageType, payload, priority)",
      "findAgentsByCapability(capability)",
      "broadcastMessage(senderId, messageType, payload, priority)",
      "unregisterAgent(agentId)",
      "updateAgentStatus(agentId, status)",
      "getAgentInfo(agentId)",
      "getAllAgents()",
      "startCommunication()",
      "stopCommunication()",
      "exportCommunicationData()",
    ],
    options: ["heartbeatInterval", "messageTimeout", "maxMessageHistory"],
  },
  gateway: {
    methods: [
      "registerService(serviceId, name, version, baseUrl, healthCheckUrl, metadata)",
      "routeRequest(method, path, headers, queryParams, body, clientIp, userAgent)",
      "setRateLimit(serviceId, requestsPerMinute, burstLimit)",
      "addMiddleware(middleware)",
      "unregisterService(serviceId)",
      "getServicesByVersion(version)",
      "getAllServices()",
      "removeMiddleware(middleware)",
      "startGateway()",
      "stopGateway()",
      "exportGatewayData()",
    ],
    options: ["healthCheckInterval", "maxHistory", "requestTimeout"],
  },
};

/** First and third cells of the rows of the table under a heading, without their marks. */
function table(
  page: string,
  heading: string,
): { readonly cell: string; readonly rest: string[] }[] {
  const section = page.split(`## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  return section
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => {
      const cells = line
        .slice(1, -1)
        .replaceAll("\\|", "\u0000")
        .split("|")
        .map((cell) => cell.trim().replaceAll("\u0000", "|").replaceAll(/^`|`$/g, ""));
      const [cell = "", ...rest] = cells;
      return { cell, rest };
    });
}

function nameOf(signature: string): string {
  return /^\w+/.exec(signature)?.[0] ?? "";
}

function isClass(value: unknown): value is { readonly prototype: object } {
  return typeof value === "function" && typeof value.prototype === "object";
}

/** Names on the prototypes of a class, down to Object's. */
function prototypeNames(constructor: { readonly prototype: object }): Map<string, unknown> {
  const names = new Map<string, unknown>();
  let prototype: unknown = constructor.prototype;
  while (typeof prototype === "object" && prototype !== null && prototype !== Object.prototype) {
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (name !== "constructor") names.set(name, property.value);
    }
    prototype = Object.getPrototypeOf(prototype);
  }
  return names;
}

for (const { component, className, files } of documentedClasses) {
  describe(`docs/reference/${component}.md`, () => {
    const file = path.join(repositoryRoot, `docs/reference/${component}.md`);
    const page = readFileSync(file, "utf8");
    const members = table(page, "Members").map(({ cell }) => cell);
    const exported: unknown = Object.entries(library).find(([name]) => name === className)?.[1];
    assert.ok(isClass(exported), `the package exports no class ${className}`);
    const hidden = files.flatMap((source) =>
      protectedNames(readFileSync(path.join(repositoryRoot, source), "utf8")),
    );
    const names = new Map([...prototypeNames(exported)].filter(([name]) => !hidden.includes(name)));

    test("names every method of the class, and none that it does not have", () => {
      const methods = members.filter((member) => /^\w+[(<]/.test(member)).map(nameOf);
      const real = [...names].filter(([, value]) => typeof value === "function");
      assert.deepEqual([...new Set(methods)].sort(), real.map(([name]) => name).sort());
    });

    test("gives no method fewer parameters than the function takes", () => {
      for (const [name, value] of names) {
        if (typeof value !== "function") continue;
        const documented = members.filter((member) => nameOf(member) === name);
        const most = Math.max(...documented.map((member) => parameterNames(member).length));
        assert.ok(most >= value.length, `${name} takes ${value.length}, the page says ${most}`);
      }
    });

    test("has every promised method, with its parameters by name and in order", () => {
      for (const promise of promised[component]?.methods ?? []) {
        const wanted = parameterNames(promise);
        const found = members
          .filter((member) => nameOf(member) === nameOf(promise))
          .map((member) => parameterNames(member));
        const kept = found.some((own) => wanted.every((name, index) => own[index] === name));
        assert.ok(kept, `${promise} is promised; the page has ${JSON.stringify(found)}`);
      }
    });

    test("lists the options that the schema takes, with the defaults it gives", () => {
      const schema: z.ZodObject | undefined = Object.entries(configurationSections).find(
        ([name]) => name === component,
      )?.[1];
      const defaults: unknown = schema?.parse({});
      assert.ok(typeof defaults === "object" && defaults !== null);
      const documented = table(page, "Options").map(({ cell, rest }) => [cell, rest[1]]);
      const real = Object.keys(schema?.shape ?? {}).map((name) => {
        const value: unknown = Object.entries(defaults).find(([key]) => key === name)?.[1];
        return [name, value === undefined ? "" : JSON.stringify(value)];
      });
      assert.deepEqual(documented, real);
      const optionNames = documented.map(([name]) => name);
      for (const option of promised[component]?.options ?? []) {
        assert.ok(optionNames.includes(option), `the option ${option} is promised`);
      }
    });
  });
}
