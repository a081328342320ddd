// Which headers pass. One reading of the caller's raw list sorts out what the gateway decides on,
// what concerns one connection only, and what an intermediary says of itself; the rest passes as
// it came: order, spelling and duplicates kept. RFC 9110, section 7.6; RFC 9112, sections 6 and 7.

const Field = {
  Plain: 0,
  /** Concerns this connection only, or is said anew by the gateway. */
  Drop: 1,
  Host: 2,
  Connection: 3,
  ContentLength: 4,
  TransferEncoding: 5,
  Expect: 6,
  Authorization: 7,
  ApiKey: 8,
  CellphoneKey: 9,
  Namespace: 10,
  Hop: 11,
  Traceparent: 12,
  Tracestate: 13,
  UserAgent: 14,
  Upgrade: 15,
  Cookie: 16,
} as const;

/** Names the gateway looks at, in lower case. */
const FIELDS: Readonly<Record<string, number>> = {
  host: Field.Host,
  connection: Field.Connection,
  "content-length": Field.ContentLength,
  "transfer-encoding": Field.TransferEncoding,
  expect: Field.Expect,
  authorization: Field.Authorization,
  "x-api-key": Field.ApiKey,
  "x-cellphone-key": Field.CellphoneKey,
  "x-cellphone-namespace": Field.Namespace,
  "x-cellphone-hop": Field.Hop,
  traceparent: Field.Traceparent,
  tracestate: Field.Tracestate,
  "user-agent": Field.UserAgent,
  upgrade: Field.Upgrade,
  cookie: Field.Cookie,
  "keep-alive": Field.Drop,
  "proxy-connection": Field.Drop,
  "proxy-authorization": Field.Drop,
  "proxy-authenticate": Field.Drop,
  te: Field.Drop,
  trailer: Field.Drop,
  "http2-settings": Field.Drop,
  "x-cellphone-call-id": Field.Drop,
  // Said by the gateway: a caller's own words about where it comes from are not to be trusted.
  forwarded: Field.Drop,
  "x-forwarded-for": Field.Drop,
  "x-forwarded-proto": Field.Drop,
  "x-forwarded-host": Field.Drop,
  "x-forwarded-port": Field.Drop,
  "x-forwarded-prefix": Field.Drop,
  "x-real-ip": Field.Drop,
};

/** The same in the two usual spellings, so that most names are found without a conversion. */
const KNOWN = new Map<string, number>(
  Object.entries(FIELDS).flatMap(([name, field]) => [
    [name, field],
    [name.replace(/(?:^|-)[a-z]/g, (letter) => letter.toUpperCase()), field],
  ]),
);

function fieldOf(name: string): number {
  const known = KNOWN.get(name);
  if (known !== undefined) return known;
  return KNOWN.get(name.toLowerCase()) ?? Field.Plain;
}

/** A caller's headers, sorted out. */
export interface CallerFields {
  /** Name, value, name, value: what passes as it came. */
  readonly forward: string[];
  host: string | null;
  authorization: string | null;
  apiKey: string | null;
  cellphoneKey: string | null;
  namespace: string | null;
  /** Gateways the call has come through, separated by commas. */
  hops: string | null;
  traceparent: string | null;
  tracestate: string | null;
  userAgent: string;
  cookie: string | null;
  upgrade: string | null;
  contentLength: number | null;
  isChunked: boolean;
  expectsContinue: boolean;
  /** Why the message must not be forwarded: two readers could take it for different ones. */
  problem: string | null;
}

/**
 * Sorts out a caller's headers.
 * @param raw names and values in turn, as they arrived.
 * @example
 * const fields = readCallerFields(["Accept", "text/plain", "Connection", "close, X-Once", "X-Once", "1"]);
 * console.assert(fields.forward.join() === "Accept,text/plain");
 */
export function readCallerFields(raw: readonly string[]): CallerFields {
  const fields: CallerFields = {
    forward: [],
    host: null,
    authorization: null,
    apiKey: null,
    cellphoneKey: null,
    namespace: null,
    hops: null,
    traceparent: null,
    tracestate: null,
    userAgent: "",
    cookie: null,
    upgrade: null,
    contentLength: null,
    isChunked: false,
    expectsContinue: false,
    problem: null,
  };
  let connection: string | null = null;
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? "";
    const value = raw[index + 1] ?? "";
    const field = fieldOf(name);
    if (field === Field.Plain) fields.forward.push(name, value);
    else if (field === Field.Connection) connection = joined(connection, value);
    else if (field !== Field.Drop) take(fields, field, name, value);
  }
  if (fields.isChunked && fields.contentLength !== null) {
    fields.problem = "it has a Content-Length and a Transfer-Encoding";
  }
  if (connection !== null) dropNamed(fields, connection);
  return fields;
}

function take(fields: CallerFields, field: number, name: string, value: string): void {
  switch (field) {
    case Field.UserAgent:
      fields.userAgent = value;
      fields.forward.push(name, value);
      return;
    case Field.Host:
      if (fields.host !== null) fields.problem = "it has several Host headers";
      fields.host = value;
      return;
    case Field.ContentLength:
      takeLength(fields, value);
      return;
    case Field.TransferEncoding:
      if (fields.isChunked || value.trim().toLowerCase() !== "chunked") {
        fields.problem = `its Transfer-Encoding is not just "chunked"`;
      }
      fields.isChunked = true;
      return;
    case Field.Expect:
      if (value.toLowerCase() === "100-continue") fields.expectsContinue = true;
      return;
    case Field.Authorization:
      fields.authorization = once(fields, fields.authorization, name, value);
      return;
    case Field.ApiKey:
      fields.apiKey = once(fields, fields.apiKey, name, value);
      return;
    case Field.CellphoneKey:
      fields.cellphoneKey = once(fields, fields.cellphoneKey, name, value);
      return;
    case Field.Namespace:
      fields.namespace = once(fields, fields.namespace, name, value);
      return;
    case Field.Traceparent:
      // Two of them are none: the specification asks for a new trace then.
      fields.traceparent = fields.traceparent === null ? value : "";
      return;
    default:
      takeList(fields, field, value);
  }
}

function takeList(fields: CallerFields, field: number, value: string): void {
  if (field === Field.Hop) fields.hops = joined(fields.hops, value);
  else if (field === Field.Tracestate) fields.tracestate = joined(fields.tracestate, value);
  else if (field === Field.Upgrade) fields.upgrade = joined(fields.upgrade, value);
  else if (field === Field.Cookie) {
    fields.cookie = fields.cookie === null ? value : `${fields.cookie}; ${value}`;
  }
}

function takeLength(fields: CallerFields, value: string): void {
  if (fields.contentLength !== null) fields.problem = "it has several Content-Length headers";
  const length = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
  if (Number.isNaN(length)) fields.problem = "its Content-Length is no number";
  else fields.contentLength = length;
}

/** Who calls must not depend on which of two headers is read. */
function once(fields: CallerFields, before: string | null, name: string, value: string): string {
  if (before !== null) fields.problem = `it has several ${name} headers`;
  return value;
}

function joined(before: string | null, value: string): string {
  return before === null ? value : `${before}, ${value}`;
}

/** Tokens named in Connection concern this connection only. */
function dropNamed(fields: CallerFields, connection: string): void {
  const named = tokensOf(connection);
  if (named.size === 0) return;
  removeNamed(fields.forward, named);
  if (named.has("authorization")) fields.authorization = null;
  if (named.has("x-api-key")) fields.apiKey = null;
  if (named.has("cookie")) fields.cookie = null;
  if (named.has("traceparent")) fields.traceparent = null;
  if (named.has("tracestate")) fields.tracestate = null;
}

const CONNECTION_WORDS = /^(?:\s*(?:keep-alive|close|upgrade)\s*(?:,|$))*$/i;

function tokensOf(connection: string): ReadonlySet<string> {
  if (CONNECTION_WORDS.test(connection)) return NONE;
  const tokens = connection.split(",").map((token) => token.trim().toLowerCase());
  return new Set(tokens.filter((token) => token !== ""));
}

const NONE: ReadonlySet<string> = new Set();

function removeNamed(pairs: string[], named: ReadonlySet<string>): void {
  let kept = 0;
  for (let index = 0; index + 1 < pairs.length; index += 2) {
    const name = pairs[index] ?? "";
    if (named.has(name.toLowerCase())) continue;
    pairs[kept] = name;
    pairs[kept + 1] = pairs[index + 1] ?? "";
    kept += 2;
  }
  pairs.length = kept;
}

/** Removes one cookie from a Cookie header; null when nothing is left. */
export function withoutCookie(cookie: string, name: string): string | null {
  if (!cookie.includes(`${name}=`)) return cookie;
  const pairs = cookie.split(";").filter((pair) => pair.trim().split("=", 1)[0] !== name);
  const left = pairs.join(";").trim();
  return left === "" ? null : left;
}

/** An upstream's headers, sorted out. */
export interface AnswerFields {
  /** Name, value, name, value: what the caller gets. */
  readonly forward: string[];
  readonly contentLength: number | null;
  /** Why the answer must not be passed on. */
  readonly problem: string | null;
}

/** What an upstream says of its own connection, or the gateway says instead. */
const NOT_PASSED: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "x-cellphone-call-id",
  "ratelimit",
  "ratelimit-policy",
]);

/** Lengths of those names: any other length passes without looking further. */
const NOT_PASSED_LENGTHS = new Set([...NOT_PASSED, "content-length"].map((name) => name.length));

/**
 * Sorts out an upstream's headers.
 * @param raw names and values in turn, as bytes or text.
 * @param saysLimits whether the gateway says `RateLimit` itself, so that an upstream's is dropped.
 */
export function readAnswerFields(
  raw: readonly (Uint8Array | string)[],
  saysLimits: boolean,
): AnswerFields {
  const forward: string[] = [];
  let contentLength: number | null = null;
  let problem: string | null = null;
  let connection: string | null = null;
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = latin1(raw[index]);
    const value = latin1(raw[index + 1]);
    if (!NOT_PASSED_LENGTHS.has(name.length)) {
      forward.push(name, value);
      continue;
    }
    const lower = name.toLowerCase();
    if (lower === "content-length") {
      const length = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
      if (Number.isNaN(length)) problem = "its Content-Length is no number";
      else if (contentLength !== null) problem = "it has several Content-Length headers";
      contentLength = length;
    } else if (lower === "connection") connection = joined(connection, value);
    const passes = !NOT_PASSED.has(lower) || (lower.startsWith("ratelimit") && !saysLimits);
    if (passes) forward.push(name, value);
  }
  if (connection !== null) removeNamed(forward, tokensOf(connection));
  return { forward, contentLength, problem };
}

function latin1(value: Uint8Array | string | undefined): string {
  if (value === undefined) return "";
  if (typeof value === "string") return value;
  const bytes = Buffer.isBuffer(value) ? value : Buffer.from(value);
  return bytes.toString("latin1");
}
