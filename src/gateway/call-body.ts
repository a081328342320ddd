// The bodies that code hands over, as bytes.

import type { CallBody, CallHeaders } from "./call.ts";

/** Bytes, or a stream of them; null for none. */
export interface EncodedBody {
  readonly bytes: Buffer | AsyncIterable<Uint8Array> | null;
  /** Whether it was a JSON value, so that a content type can be said. */
  readonly isJson: boolean;
}

/** Text becomes UTF-8, a JSON value its text; bytes and streams stay what they are. */
export function encodeBody(body: CallBody | undefined): EncodedBody {
  if (body === null || body === undefined) return { bytes: null, isJson: false };
  if (typeof body === "string") return { bytes: Buffer.from(body), isJson: false };
  if (body instanceof Uint8Array) {
    const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    return { bytes, isJson: false };
  }
  if (isByteStream(body)) return { bytes: body, isJson: false };
  return { bytes: Buffer.from(JSON.stringify(body)), isJson: true };
}

function isByteStream(body: unknown): body is AsyncIterable<Uint8Array> {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body;
}

/** Names and values in turn; a list becomes several headers. */
export function flattenHeaders(headers: CallHeaders): string[] {
  const pairs: string[] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === "string") pairs.push(name, value);
    else for (const one of value) pairs.push(name, one);
  }
  return pairs;
}

/** The same as an object, by lower-case name. */
export function headersObject(pairs: readonly string[]): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (let index = 0; index + 1 < pairs.length; index += 2) {
    const name = (pairs[index] ?? "").toLowerCase();
    const value = pairs[index + 1] ?? "";
    const known = Object.hasOwn(headers, name) ? headers[name] : undefined;
    if (known === undefined) define(headers, name, value);
    else if (typeof known === "string") define(headers, name, [known, value]);
    else known.push(value);
  }
  return headers;
}

/** Also a name such as `__proto__` becomes a header, and nothing else. */
function define(headers: object, name: string, value: string | string[]): void {
  Object.defineProperty(headers, name, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}
