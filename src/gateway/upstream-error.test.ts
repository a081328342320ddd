import assert from "node:assert/strict";
import { test } from "node:test";

import { describeUpstreamError, upstreamError } from "./upstream-error.ts";

function systemError(code: string, message: string, rest: object = {}): Error {
  return Object.assign(new Error(message), { code, ...rest });
}

test("describeUpstreamError() tells no address, whatever the system's own words hold", () => {
  const refused = systemError("EACCES", "connect EACCES 10.0.0.5:8001", { syscall: "connect" });
  assert.deepEqual(describeUpstreamError(refused), {
    code: "gateway.upstream_broken",
    words: "connect failed (EACCES)",
  });
  const host = "Host: db.internal. is not in the cert's altnames: DNS:public.example";
  const misnamed = systemError("ERR_TLS_CERT_ALTNAME_INVALID", host, { reason: host });
  assert.deepEqual(describeUpstreamError(misnamed), {
    code: "gateway.upstream_untrusted",
    words: "TLS: its certificate is for another host",
  });
});

test("upstreamError() names the service and what failed", () => {
  const failure = describeUpstreamError(systemError("ECONNREFUSED", "connect 10.0.0.5:8001"));
  const error = upstreamError("users", failure);
  assert.equal(error.message, 'Service "users": connection refused');
  assert.equal(error.status, 502);
});
