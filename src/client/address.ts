// Where the server is and what proves who we are, from options and environment.

import { clientError } from "./errors.ts";

/** The control plane's address when nothing else is said. */
export const DEFAULT_URL = "http://127.0.0.1:2355";

/** A server's address, split from the secret it may carry. */
export interface Address {
  /** Without a trailing slash. */
  readonly baseUrl: string;
  /** `enrol_…`, when the URL had one as its user part. */
  readonly secret: string | undefined;
}

/**
 * Splits `http://enrol_…@host:port` into address and secret.
 * @throws TypeError when the text is no http(s) URL.
 */
export function parseAddress(text: string): Address {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    // Without the cause, which would show the secret.
    const shown = text.replace(/\/\/[^@/]*@/, "//…@");
    const hint = text.startsWith("CELLPHONE_URL=") ? "without CELLPHONE_URL= before it, " : "";
    throw new TypeError(`"${shown}" is no URL; ${hint}write it like ${DEFAULT_URL}`);
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new TypeError(`The server's URL starts with http: or https:, not "${url.protocol}"`);
  }
  const secret = url.username === "" ? undefined : decodeURIComponent(url.username);
  const path = url.pathname.replace(/\/+$/, "");
  return { baseUrl: `${url.protocol}//${url.host}${path}`, secret };
}

/** What {@link resolveIdentity} chooses from. */
export interface IdentityOptions {
  readonly url?: string | undefined;
  readonly key?: string | undefined;
  readonly name?: string | undefined;
  readonly namespace?: string | undefined;
}

/** Where to go and as whom. */
export interface IdentityClaim {
  readonly baseUrl: string;
  /** Exactly one of the two is set. */
  readonly enrolment: string | undefined;
  readonly key: string | undefined;
  readonly name: string | undefined;
  readonly namespace: string | undefined;
}

/**
 * Options first, then the environment (CELLPHONE_URL, _KEY, _NAME, _NAMESPACE), then defaults.
 * A key beats an enrolment: it already is an identity.
 * @throws CellphoneClientError `client.key_missing`, `client.name_missing`
 */
export function resolveIdentity(
  options: IdentityOptions,
  environment: (name: string) => string | undefined,
): IdentityClaim {
  const address = parseAddress(options.url ?? environment("CELLPHONE_URL") ?? DEFAULT_URL);
  // A secret named in the options wins over one the environment happens to hold.
  const named = options.key ?? (options.url === undefined ? undefined : address.secret);
  const secret = named ?? environment("CELLPHONE_KEY") ?? address.secret;
  if (secret === undefined || secret === "") {
    throw clientError("client.key_missing", `No key for ${address.baseUrl}`);
  }
  const enrols = secret.startsWith("enrol_");
  const name = options.name ?? environment("CELLPHONE_NAME");
  if (name === undefined && (enrols || secret.startsWith("admin_"))) {
    throw clientError("client.name_missing", "An agent that enrols needs a name");
  }
  return {
    baseUrl: address.baseUrl,
    enrolment: enrols ? secret : undefined,
    key: enrols ? undefined : secret,
    name,
    namespace: options.namespace ?? environment("CELLPHONE_NAMESPACE"),
  };
}
