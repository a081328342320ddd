import assert from "node:assert/strict";
import { test } from "node:test";

import { CellphoneError, toProblem } from "./error.ts";
import type { CellphoneErrorOptions, ErrorTable } from "./error.ts";

const phoneErrors = {
  "phone.line_busy": {
    status: 503,
    retryable: true,
    meaning: "The line is busy",
    remedy: "Call again in a moment.",
  },
} as const satisfies ErrorTable;

class PhoneError extends CellphoneError {
  constructor(
    code: keyof typeof phoneErrors,
    message: string,
    options: CellphoneErrorOptions = {},
  ) {
    super(code, phoneErrors[code], message, options);
  }
}

test("CellphoneError takes status, retryability and words from the table", () => {
  const error = new PhoneError("phone.line_busy", 'Cannot call "x": it is talking');
  assert.equal(error.code, "phone.line_busy");
  assert.equal(error.status, 503);
  assert.equal(error.retryable, true);
  assert.equal(error.meaning, "The line is busy");
  assert.equal(error.remedy, "Call again in a moment.");
  assert.equal(error.message, 'Cannot call "x": it is talking');
});

test("CellphoneError is an Error named after its class", () => {
  const error = new PhoneError("phone.line_busy", "busy");
  assert.ok(error instanceof CellphoneError && error instanceof Error);
  assert.equal(error.name, "PhoneError");
  assert.match(error.stack ?? "", /PhoneError: busy/);
});

test("CellphoneError keeps its cause, and has none unless given", () => {
  const cause = new Error("socket closed");
  assert.equal(new PhoneError("phone.line_busy", "busy", { cause }).cause, cause);
  assert.equal("cause" in new PhoneError("phone.line_busy", "busy"), false);
});

test("CellphoneError has no details and no retry time unless given", () => {
  const plain = new PhoneError("phone.line_busy", "busy");
  assert.deepEqual(plain.details, {});
  assert.equal(plain.retryAfterSeconds, undefined);
  const told = new PhoneError("phone.line_busy", "busy", {
    details: { near: ["y"] },
    retryAfterSeconds: 3,
  });
  assert.deepEqual(told.details, { near: ["y"] });
  assert.equal(told.retryAfterSeconds, 3);
});

test("toProblem() is RFC 9457 with code, remedy, retryability and details", () => {
  const error = new PhoneError("phone.line_busy", "busy", { details: { near: ["y"] } });
  assert.deepEqual(toProblem(error), {
    type: "/api/docs#phone.line_busy",
    title: "The line is busy",
    status: 503,
    detail: "busy",
    code: "phone.line_busy",
    remedy: "Call again in a moment.",
    retryable: true,
    near: ["y"],
  });
});

test("toProblem() lets no detail overwrite a standard member", () => {
  const error = new PhoneError("phone.line_busy", "busy", {
    details: { status: 200, code: "forged", type: "about:blank" },
  });
  const problem = toProblem(error);
  assert.equal(problem.status, 503);
  assert.equal(problem.code, "phone.line_busy");
  assert.equal(problem.type, "/api/docs#phone.line_busy");
});

test("toProblem() carries neither stack nor cause", () => {
  const error = new PhoneError("phone.line_busy", "busy", { cause: new Error("secret") });
  assert.doesNotMatch(JSON.stringify(toProblem(error)), /secret|stack/);
});
