// Who is calling. Authentication makes a Principal; `authorize()` in security/ decides what it
// may do. Components receive one only where ownership matters.

/** The namespace used when none is named. */
export const DEFAULT_NAMESPACE = "default";

/** What kind of caller this is. */
export const PrincipalKind = {
  /** Runs the fleet: everything, in every namespace. */
  Admin: "admin",
  /** One agent, in one namespace: its own inbox, its own metrics, sends in its own name. */
  Agent: "agent",
  /** May swap an enrolment token for an agent's key, and nothing else. */
  Enrolment: "enrolment",
  /** Nobody: no key was given. */
  Anonymous: "anonymous",
} as const;
export type PrincipalKind = (typeof PrincipalKind)[keyof typeof PrincipalKind];

/** An authenticated caller. */
export interface Principal {
  readonly kind: PrincipalKind;
  /** Agent id, session id, key id; `local` for the control socket. Shown in the audit log. */
  readonly id: string;
  /** The only namespace an agent or an enrolment may touch; an admin's default. */
  readonly namespace: string;
  /** How it came in: `key`, `session`, `socket`, `none`, `library`. */
  readonly via: "key" | "session" | "socket" | "none" | "library";
}

/** Whether an action is allowed, with the reason that goes to the caller and the audit log. */
export type AuthorizationResult =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly reason: string };
