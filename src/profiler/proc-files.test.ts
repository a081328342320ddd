import assert from "node:assert/strict";
import { describe, test } from "node:test";

import fc from "fast-check";

import { parseCpuTimes, parseInterfaces, parseProcessStat } from "./proc-files.ts";

const STAT = `cpu  100 5 30 800 40 3 2 10 7 0
cpu0 60 5 20 400 20 3 2 10 7 0
cpu1 40 0 10 400 20 0 0 0 0 0
intr 123 0 0
ctxt 456
`;

const NET_DEV = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 1000      10    0    0    0     0          0         0     1000      10    0    0    0     0       0          0
  eth0:123456789  99    1    2    0     0          0         0 987654321      88    3    4    0     0       0          0
eth0:1: 5 1 0 0 0 0 0 0 6 1 0 0 0 0 0 0
`;

const PROCESS_STAT =
  "42 (od) (name 7) S 1 42 42 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 9 0 12345 104857600 2560 " +
  "18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0";

describe("parseCpuTimes()", () => {
  test("reads all cores together and each, waiting and idle time not as use", () => {
    const { all, cores } = parseCpuTimes(STAT);
    assert.deepEqual(all, { user: 105, system: 35, wait: 40, total: 990, busy: 150 });
    assert.equal(cores.length, 2);
    assert.deepEqual(cores[1], { user: 40, system: 10, wait: 20, total: 470, busy: 50 });
  });

  test("reads the short lines of old kernels and finds nothing in nothing", () => {
    assert.equal(parseCpuTimes("cpu 10 0 5 85\n").all?.total, 100);
    assert.deepEqual(parseCpuTimes(""), { all: null, cores: [] });
  });
});

describe("parseInterfaces()", () => {
  test("reads counters where a name touches its first one, and aliases", () => {
    const [loopback, eth0, alias] = parseInterfaces(NET_DEV);
    assert.equal(loopback?.loopback, true);
    assert.deepEqual(eth0, {
      name: "eth0",
      loopback: false,
      receivedBytes: 123_456_789,
      receiveErrors: 1,
      receiveDropped: 2,
      transmittedBytes: 987_654_321,
      transmitErrors: 3,
      transmitDropped: 4,
    });
    assert.deepEqual([alias?.name, alias?.transmittedBytes], ["eth0:1", 6]);
  });

  test("leaves out lines it does not understand", () => {
    fc.assert(
      fc.property(fc.string(), (line) => {
        for (const one of parseInterfaces(`a\nb\n${line}`)) {
          assert.ok(Number.isFinite(one.receivedBytes) && Number.isFinite(one.transmitDropped));
        }
      }),
    );
  });
});

describe("parseProcessStat()", () => {
  test("reads past a name with spaces and parentheses", () => {
    assert.deepEqual(parseProcessStat(PROCESS_STAT), {
      name: "od) (name 7",
      userTicks: 250,
      systemTicks: 50,
      threads: 9,
      startTicks: 12_345,
      virtualBytes: 104_857_600,
      residentPages: 2560,
    });
  });

  test("finds none in other text", () => {
    for (const text of ["", "42 name S", "42 (name) S 1 2"]) {
      assert.equal(parseProcessStat(text), undefined);
    }
  });
});
