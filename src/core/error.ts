// One base class and one table per component. The table is the single source of an error's HTTP
// status, of its documentation page and of its remedy.

/** What one error code means, in the form every component's `errors.ts` uses. */
export interface ErrorDefinition {
  /** HTTP status on the wire. */
  readonly status: number;
  /** True when the same call may succeed later, unchanged. */
  readonly retryable: boolean;
  /** What happened, as a short noun phrase or sentence (problem+json `title`). */
  readonly meaning: string;
  /** What the reader does about it. */
  readonly remedy: string;
}

/** Error codes to definitions; codes are dotted lower case, starting with the component's name. */
export type ErrorTable = Readonly<Record<string, ErrorDefinition>>;

/** Extra facts for the wire, such as near matches; never secrets. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/** How to make a {@link CellphoneError}. */
export interface CellphoneErrorOptions {
  /** What made this happen. */
  readonly cause?: unknown;
  /** Machine-readable extras; they travel in the problem+json body. */
  readonly details?: ErrorDetails;
  /** Seconds after which a retry makes sense (`Retry-After`). */
  readonly retryAfterSeconds?: number;
}

/** The base of every error we throw on purpose. */
export class CellphoneError extends Error {
  /** Dotted lower-case code, such as `communication.recipient_unknown`. */
  readonly code: string;
  /** HTTP status on the wire. */
  readonly status: number;
  /** True when the same call may succeed later, unchanged. */
  readonly retryable: boolean;
  /** What happened in general, for problem+json's `title`. */
  readonly meaning: string;
  /** What to do about it. */
  readonly remedy: string;
  readonly details: ErrorDetails;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: string,
    definition: ErrorDefinition,
    message: string,
    options: CellphoneErrorOptions = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.status = definition.status;
    this.retryable = definition.retryable;
    this.meaning = definition.meaning;
    this.remedy = definition.remedy;
    this.details = options.details ?? {};
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** RFC 9457 problem details, with our code, remedy and retryability as extension members. */
export interface ProblemDetails {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly remedy: string;
  readonly retryable: boolean;
  readonly [extension: string]: unknown;
}

/** The wire form of an error (RFC 9457); `type` points into the documentation the server serves. */
export function toProblem(error: CellphoneError): ProblemDetails {
  return {
    ...error.details,
    type: `/api/docs#${error.code}`,
    title: error.meaning,
    status: error.status,
    detail: error.message,
    code: error.code,
    remedy: error.remedy,
    retryable: error.retryable,
  };
}
