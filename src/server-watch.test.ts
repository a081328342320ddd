import assert from "node:assert/strict";
import { test } from "node:test";

import { serverProblem } from "./server-watch.ts";

test("serverProblem() names what is not ready, does not run or does not refresh", () => {
  const ready = { ledger: { ok: true }, disk: { ok: true } };
  const well = { name: "default", isWell: true };
  assert.equal(serverProblem(ready, [well]), null);
  assert.equal(
    serverProblem({ ...ready, disk: { ok: false, detail: "0 bytes are free" } }, [well]),
    "disk is not ready: 0 bytes are free",
  );
  assert.equal(
    serverProblem(ready, [well, { name: "lab", isWell: undefined }]),
    'namespace "lab" does not run',
  );
  assert.equal(
    serverProblem(ready, [{ name: "lab", isWell: false }, well]),
    'the dashboard of namespace "lab" does not refresh',
  );
});
