// A path is brought into one form before anything is decided on it, and that same form is matched
// and forwarded: a gateway and a service that read one path differently are how rules are evaded.
// RFC 3986, section 6.2.2: unreserved characters are never encoded, the rest is, in upper case.

import { gatewayLimits } from "./limits.ts";

/** A path and a query as they are matched and forwarded, or why there are none. */
export type CanonicalPath =
  | { readonly path: string; readonly query: string; readonly problem?: never }
  | { readonly problem: string };

/** The usual path: nothing to decode, to encode or to refuse. */
const PLAIN_PATH = /^(?:\/[A-Za-z0-9_~!$&'()*+,=:@-][A-Za-z0-9_~!$&'()*+,=:@.-]*)+\/?$/;
const PLAIN_QUERY = /^[\x21\x22\x24-\x7e]*$/;
const UNRESERVED = /[A-Za-z0-9._~-]/;
/** What a path segment may hold as it is: RFC 3986 `pchar` without percent signs, and `/`. */
const PATH_CHARACTER = /[A-Za-z0-9._~!$&'()*+,;=:@/-]/;
const ABSOLUTE_FORM = /^https?:\/\/[^/?#\\]*/i;
/** `.` and `..`, also as some servers read them: with parameters after a semicolon. */
const DOTS = /^(\.{1,2})(?:$|;|%3B)/;

/**
 * Brings a request target into its canonical form.
 *
 * Refused: an encoded `/`, `\` or NUL, control characters, `..` once decoded, a fragment, bytes
 * beyond ASCII, a broken percent-encoding. Single dots are removed. The query stays as it came.
 *
 * @param rawTarget as on the request line: `/path?query`, or with scheme and host before it.
 * @example
 * const found = canonicalisePath("/v1/%75sers/a%2db?x=%41");
 * console.assert(found.problem === undefined && found.path === "/v1/users/a-b");
 */
export function canonicalisePath(rawTarget: string): CanonicalPath {
  if (rawTarget.length > gatewayLimits.targetLength.value) {
    return { problem: `it has ${rawTarget.length} characters` };
  }
  const target = rawTarget.startsWith("/") ? rawTarget : originForm(rawTarget);
  if (!target.startsWith("/")) return { problem: "it does not start with /" };
  const mark = target.indexOf("?");
  const rawPath = mark === -1 ? target : target.slice(0, mark);
  const query = mark === -1 ? "" : target.slice(mark + 1);
  if (!PLAIN_QUERY.test(query)) return { problem: queryProblem(query) };
  if (PLAIN_PATH.test(rawPath)) return { path: rawPath, query };
  const decoded = normaliseCharacters(rawPath);
  if (decoded.problem !== undefined) return decoded;
  const segments: string[] = [];
  for (const segment of decoded.path.split("/")) {
    const dots = DOTS.exec(segment)?.[1];
    if (dots === "..") return { problem: "it holds a .. segment" };
    // A dot at the end still names the folder: its slash stays.
    if (dots !== ".") segments.push(segment);
  }
  if (DOTS.test(decoded.path.slice(decoded.path.lastIndexOf("/") + 1))) segments.push("");
  const path = segments.join("/");
  return { path: path === "" ? "/" : path, query };
}

/** Takes scheme and host away, as RFC 9112 section 3.2.2 asks every server to accept them. */
function originForm(target: string): string {
  const match = ABSOLUTE_FORM.exec(target);
  if (match === null) return target;
  const rest = target.slice(match[0].length);
  return rest === "" || rest.startsWith("?") ? `/${rest}` : rest;
}

function queryProblem(query: string): string {
  if (query.includes("#")) return "it has a fragment";
  return "its query holds a space, a control character or bytes beyond ASCII";
}

function normaliseCharacters(
  raw: string,
): { readonly path: string; readonly problem?: never } | { readonly problem: string } {
  let path = "";
  for (let index = 0; index < raw.length; index++) {
    const character = raw.charAt(index);
    if (PATH_CHARACTER.test(character)) {
      path += character;
      continue;
    }
    const problem = characterProblem(character);
    if (problem !== undefined) return { problem };
    if (character !== "%") {
      path += percentEncoded(character.charCodeAt(0));
      continue;
    }
    const digits = raw.slice(index + 1, index + 3);
    if (!/^[0-9A-Fa-f]{2}$/.test(digits)) return { problem: "a percent sign starts no byte" };
    const byte = Number.parseInt(digits, 16);
    const refusal = encodedProblem(byte);
    if (refusal !== undefined) return { problem: refusal };
    const meant = String.fromCharCode(byte);
    path += byte < 0x80 && UNRESERVED.test(meant) ? meant : percentEncoded(byte);
    index += 2;
  }
  return { path };
}

function characterProblem(character: string): string | undefined {
  const code = character.charCodeAt(0);
  if (character === "#") return "it has a fragment";
  if (character === "\\") return "it holds a backslash";
  if (code <= 0x20 || code === 0x7f) return "it holds a space or a control character";
  if (code > 0x7f) return "it holds bytes beyond ASCII that are not percent-encoded";
  return undefined;
}

function encodedProblem(byte: number): string | undefined {
  if (byte === 0x2f) return "it holds an encoded slash";
  if (byte === 0x5c) return "it holds an encoded backslash";
  if (byte === 0) return "it holds an encoded NUL";
  if (byte < 0x20 || byte === 0x7f) return "it holds an encoded control character";
  return undefined;
}

function percentEncoded(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
}

const SECRET_NAME =
  /(?:^|[^a-z])(?:key|sig|pwd|auth|jwt|sid|pin|otp)$|token|secret|passw|apikey|accesskey|signature|credential|session|authorization/i;

/**
 * A query with the values of secret-looking parameters replaced by `***`, at most as long as a
 * history line may be.
 *
 * @param query raw, without `?`.
 * @example
 * console.assert(maskQuery("page=1&access_token=abc") === "page=1&access_token=***");
 */
export function maskQuery(query: string): string {
  if (query === "") return "";
  const masked = query.split("&").map((part) => {
    const equals = part.indexOf("=");
    if (equals === -1 || !SECRET_NAME.test(decodedName(part.slice(0, equals)))) return part;
    return `${part.slice(0, equals)}=***`;
  });
  return cut(masked.join("&"), gatewayLimits.queryKept.value);
}

/** A path at most as long as a history line may show. */
export function shownPath(path: string): string {
  return cut(path, gatewayLimits.pathKept.value);
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

function decodedName(name: string): string {
  try {
    return decodeURIComponent(name.replaceAll("+", " "));
  } catch {
    return name;
  }
}
