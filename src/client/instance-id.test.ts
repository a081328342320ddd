import assert from "node:assert/strict";
import { test } from "node:test";

import { instanceId, parseInstanceId } from "./instance-id.ts";

test("parseInstanceId() reads back the process that instanceId() wrote", () => {
  for (const address of [
    { host: "build-7.example.org", pid: 4121 },
    { host: "::1", pid: 1 },
  ]) {
    const id = instanceId(address);
    assert.deepEqual(parseInstanceId(id), address);
    assert.notEqual(instanceId(address), id);
    assert.ok(id.length <= 128);
  }
});

test("parseInstanceId() finds no process in other ids", () => {
  const browser = instanceId({ host: undefined, pid: undefined });
  for (const id of [browser, null, 7, "", "host:1", "host:x:0123456789abcdef"]) {
    assert.equal(parseInstanceId(id), undefined);
  }
});
