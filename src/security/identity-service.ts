// Who is calling: admin keys, sessions, enrolments and agents' keys. Everything is looked up in
// memory and kept through SecurityStore; a secret is shown once, when it is made, and only its
// hash is kept.

import {
  IdGenerator,
  Listeners,
  PrincipalKind,
  secureRandomBytes,
  systemClock,
} from "../core/index.ts";
import type { Clock, Principal, RandomBytes } from "../core/index.ts";

import { AttemptLimiter } from "./attempt-limiter.ts";
import { securityConfigSchema } from "./config.ts";
import type { SecurityOptions } from "./config.ts";
import { CredentialIndex } from "./credential-index.ts";
import { SecurityError } from "./errors.ts";
import type { SecurityErrorCode } from "./errors.ts";
import { securityLimits } from "./limits.ts";
import { LoginCodes } from "./login-codes.ts";
import { hashSecret, makeSecret } from "./secret.ts";
import type { Credential, SecurityStore } from "./store.ts";

/** Why a credential was revoked, as it is stored; decides what its user is told. */
export const RevocationReason = {
  Replaced: "replaced",
  Unregistered: "unregistered",
  Rotated: "rotated",
  LoggedOut: "logged_out",
  Deleted: "deleted",
} as const;
export type RevocationReason = (typeof RevocationReason)[keyof typeof RevocationReason];

/** What an identity service works with. */
export interface IdentityDependencies {
  readonly store: SecurityStore;
  readonly clock?: Clock;
  readonly randomBytes?: RandomBytes;
  /**
   * Told of every credential that begins or stops to count, and waited for before the change is
   * answered: whoever checks keys elsewhere (the gateway's workers) then knows it as well.
   */
  readonly publish?: (credential: Credential) => Promise<void>;
}

/** A caller who proved who it is. */
export interface Authentication {
  readonly principal: Principal;
  readonly credential: Credential;
}

/** A process that holds an agent's name now. */
export interface NameHolder {
  /** Its instance id; null when it gave none. */
  readonly instanceId: string | null;
  readonly lastHeartbeatAtMs: number | null;
}

/** What it takes to give an agent its key. */
export interface AgentEnrolment {
  readonly principal: Principal;
  readonly namespace: string;
  readonly agentId: string;
  readonly instanceId: string | null;
  /** Take the name over even from a live process. */
  readonly replace: boolean;
  /** Who holds the name now, if a live process does. */
  readonly holder: () => Promise<NameHolder | undefined>;
  /** Registers the agent; runs before its key is made. */
  readonly register: () => Promise<void>;
}

/**
 * Makes, checks and revokes identities.
 *
 * @example
 * const identities = new IdentityService({}, { store: new VolatileSecurityStore() });
 * await identities.load();
 * const key = await identities.rotateAdminKey();
 * console.assert(identities.authenticate(key).principal.kind === "admin");
 */
export class IdentityService {
  readonly #options: ReturnType<typeof securityConfigSchema.parse>;
  readonly #store: SecurityStore;
  readonly #clock: Clock;
  readonly #randomBytes: RandomBytes;
  readonly #ids: IdGenerator;
  readonly #index = new CredentialIndex();
  readonly #codes: LoginCodes;
  readonly #attempts: AttemptLimiter;
  readonly #revocations = new Listeners<Credential>();
  readonly #publish: (credential: Credential) => Promise<void>;
  /** The last enrolment under way per name, so that two cannot take one name at once. */
  readonly #enrolling = new Map<string, Promise<unknown>>();

  constructor(options: SecurityOptions, dependencies: IdentityDependencies) {
    this.#options = securityConfigSchema.parse(options);
    this.#store = dependencies.store;
    this.#clock = dependencies.clock ?? systemClock;
    this.#randomBytes = dependencies.randomBytes ?? secureRandomBytes;
    this.#ids = new IdGenerator(this.#clock, this.#randomBytes);
    this.#publish = dependencies.publish ?? (async () => undefined);
    const codeMs = this.#options.loginCodeDuration * 1000;
    this.#codes = new LoginCodes(this.#clock, this.#randomBytes, codeMs);
    this.#attempts = new AttemptLimiter(this.#clock, this.#options.loginAttempts);
  }

  /** Reads all credentials; call once before anything else. */
  async load(): Promise<void> {
    const credentials = [...(await this.#store.credentials())];
    credentials.sort((a, b) => a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1));
    for (const credential of credentials) {
      // A crash between the two writes of a takeover leaves two keys in force: the newer one wins.
      if (credential.agentId !== null && credential.revokedAtMs === null) {
        const older = this.#index.activeFor(credential.namespace, credential.agentId);
        if (older !== undefined) await this.#revoke(older, RevocationReason.Replaced);
      }
      this.#index.put(credential);
    }
  }

  /** Every credential in force, whatever its kind. */
  credentialsInForce(): readonly Credential[] {
    return this.#index.all().filter((credential) => this.#problemWith(credential) === undefined);
  }

  /** Whether an admin key is in force. */
  hasAdminKey(): boolean {
    return this.#index.active("admin").length > 0;
  }

  /**
   * Finds the caller a secret belongs to.
   * @throws SecurityError `security.key_unknown`, `key_replaced`, `key_revoked`, `key_expired`.
   */
  authenticate(secret: string): Authentication {
    const credential = this.#index.byHash(hashSecret(secret));
    if (credential === undefined) {
      throw new SecurityError("security.key_unknown", "The key is not known to this server");
    }
    const problem = this.#problemWith(credential);
    if (problem !== undefined) {
      throw new SecurityError(problem.code, problem.text, {
        details: credential.agentId === null ? {} : { agentId: credential.agentId },
      });
    }
    return { principal: principalOf(credential), credential };
  }

  /** Whether a credential found earlier still counts; long streams ask again and again. */
  isInForce(credentialId: string): boolean {
    const credential = this.#index.byId(credentialId);
    return credential !== undefined && this.#problemWith(credential) === undefined;
  }

  /** Called when a credential stops counting. */
  onRevoked(callback: (credential: Credential) => void): Disposable {
    return this.#revocations.add(callback);
  }

  /**
   * Makes a new admin key and revokes the old one and other people's sessions.
   * @param keepSessionId the session of whoever asks, which stays.
   */
  async rotateAdminKey(keepSessionId?: string): Promise<string> {
    const former = [...this.#index.active("admin"), ...this.#index.active("session")];
    const { secret } = await this.#create({ kind: "admin" });
    for (const credential of former) {
      if (credential.kind === "session" && credential.id === keepSessionId) continue;
      await this.#revoke(credential, RevocationReason.Rotated);
    }
    return secret;
  }

  /** A one-time code with which a browser signs in as admin. */
  createLoginCode(): { readonly code: string; readonly expiresAtMs: number } {
    return this.#codes.create();
  }

  /**
   * Swaps a code for a session.
   * @param address where the attempt comes from, for counting failures.
   * @throws SecurityError `security.login_code_invalid`, `security.too_many_attempts`.
   */
  async redeemLoginCode(
    code: string,
    address: string,
  ): Promise<{ readonly secret: string; readonly credential: Credential }> {
    const waitMs = this.#attempts.waitMs(address);
    if (waitMs > 0) {
      const seconds = Math.ceil(waitMs / 1000);
      const message = `Too many failed sign-ins from ${address}; wait ${seconds} s`;
      throw new SecurityError("security.too_many_attempts", message, {
        retryAfterSeconds: seconds,
      });
    }
    if (!this.#codes.redeem(code)) {
      this.#attempts.failed(address);
      const message = "The code is wrong, has been used, or is older than it may be";
      throw new SecurityError("security.login_code_invalid", message);
    }
    const sessions = this.#index.active("session");
    for (const oldest of sessions.slice(0, sessions.length + 1 - securityLimits.sessions.value)) {
      await this.#revoke(oldest, RevocationReason.Rotated);
    }
    return this.#create({ kind: "session", durationMs: this.#options.sessionDuration * 1000 });
  }

  /** Ends a session. */
  async logOut(credentialId: string): Promise<void> {
    const credential = this.#index.byId(credentialId);
    if (credential?.kind === "session") await this.#revoke(credential, RevocationReason.LoggedOut);
  }

  /**
   * Makes a token with which processes enrol as agents of a namespace.
   * @param durationMs how long it works; absent for the configured duration.
   */
  async createEnrolment(
    namespace: string,
    durationMs?: number,
    note?: string,
  ): Promise<{ readonly token: string; readonly credential: Credential }> {
    const { secret, credential } = await this.#create({
      kind: "enrolment",
      namespace,
      durationMs: durationMs ?? this.#options.enrolmentDuration * 1000,
      note: note ?? null,
    });
    return { token: secret, credential };
  }

  /** Enrolments of a namespace that still work, oldest first. */
  enrolments(namespace: string): readonly Credential[] {
    return this.#index
      .active("enrolment")
      .filter(
        (credential) =>
          credential.namespace === namespace && this.#problemWith(credential) === undefined,
      );
  }

  /**
   * Stops an enrolment from working; agents that used it keep their keys.
   * @throws SecurityError `security.enrolment_unknown`.
   */
  async deleteEnrolment(namespace: string, id: string): Promise<void> {
    const credential = this.#index.byId(id);
    if (credential?.kind !== "enrolment" || credential.namespace !== namespace) {
      const message = `No enrolment "${id}" in namespace "${namespace}"`;
      throw new SecurityError("security.enrolment_unknown", message);
    }
    if (credential.revokedAtMs === null) await this.#revoke(credential, RevocationReason.Deleted);
  }

  /**
   * Registers an agent and gives it its key; the key it had before stops working.
   * @throws SecurityError `security.name_in_use`, `security.name_not_yours`.
   */
  async enrolAgent(enrolment: AgentEnrolment): Promise<string> {
    const key = `${enrolment.namespace}\n${enrolment.agentId}`;
    const previous = this.#enrolling.get(key) ?? Promise.resolve();
    const turn = previous.then(() => this.#enrolInTurn(enrolment));
    const settled = turn.then(noop, noop);
    this.#enrolling.set(key, settled);
    try {
      return await turn;
    } finally {
      if (this.#enrolling.get(key) === settled) this.#enrolling.delete(key);
    }
  }

  /** Revokes an agent's key, if it has one. */
  async revokeAgent(namespace: string, agentId: string): Promise<void> {
    const credential = this.#index.activeFor(namespace, agentId);
    if (credential !== undefined) await this.#revoke(credential, RevocationReason.Unregistered);
  }

  /** Forgets a deleted namespace's credentials; the store has forgotten them already. */
  async forgetNamespace(namespace: string): Promise<void> {
    const revokedAtMs = this.#clock.now();
    for (const credential of this.#index.inNamespace(namespace)) {
      this.#index.remove(credential.id);
      this.#revocations.emit(credential);
      const revokedReason = RevocationReason.Deleted;
      await this.#publish({ ...credential, revokedAtMs, revokedReason });
    }
  }

  /** Forgets credentials and audit rows that have served their time. */
  async prune(): Promise<void> {
    const beforeMs = this.#clock.now() - this.#options.auditRetention * 86_400_000;
    await this.#store.prune(beforeMs);
  }

  async #enrolInTurn(enrolment: AgentEnrolment): Promise<string> {
    const { principal, namespace, agentId, instanceId } = enrolment;
    const held = this.#index.activeFor(namespace, agentId);
    const enrolmentId = principal.kind === PrincipalKind.Enrolment ? principal.id : null;
    if (enrolmentId !== null && held !== undefined && held.enrolmentId !== enrolmentId) {
      const message = `The name "${agentId}" was enrolled with another enrolment`;
      throw new SecurityError("security.name_not_yours", message);
    }
    const holder = enrolment.replace ? undefined : await enrolment.holder();
    if (holder !== undefined && (holder.instanceId === null || holder.instanceId !== instanceId)) {
      const message = `The name "${agentId}" is held by a live process`;
      throw new SecurityError("security.name_in_use", message, {
        details: { instance: holder.instanceId, lastHeartbeatAtMs: holder.lastHeartbeatAtMs },
      });
    }
    this.#refuseWhenFull();
    await enrolment.register();
    const { secret } = await this.#create({ kind: "agent", namespace, agentId, enrolmentId });
    if (held !== undefined) await this.#revoke(held, RevocationReason.Replaced);
    return secret;
  }

  async #create(
    fields: Pick<Credential, "kind"> &
      Partial<Pick<Credential, "namespace" | "agentId" | "enrolmentId" | "note">> & {
        readonly durationMs?: number;
      },
  ): Promise<{ readonly secret: string; readonly credential: Credential }> {
    this.#refuseWhenFull();
    const secret = makeSecret(fields.kind, this.#randomBytes);
    const nowMs = this.#clock.now();
    const credential: Credential = {
      id: this.#ids.next(ID_PREFIXES[fields.kind]),
      kind: fields.kind,
      secretHash: hashSecret(secret),
      namespace: fields.namespace ?? "default",
      agentId: fields.agentId ?? null,
      enrolmentId: fields.enrolmentId ?? null,
      createdAtMs: nowMs,
      expiresAtMs: fields.durationMs === undefined ? null : nowMs + fields.durationMs,
      revokedAtMs: null,
      revokedReason: null,
      note: fields.note ?? null,
    };
    await this.#store.putCredential(credential);
    this.#index.put(credential);
    await this.#publish(credential);
    return { secret, credential };
  }

  async #revoke(credential: Credential, reason: RevocationReason): Promise<void> {
    const revoked = { ...credential, revokedAtMs: this.#clock.now(), revokedReason: reason };
    await this.#store.putCredential(revoked);
    this.#index.put(revoked);
    this.#revocations.emit(revoked);
    await this.#publish(revoked);
  }

  #refuseWhenFull(): void {
    if (this.#index.activeCount < securityLimits.credentials.value) return;
    const message = `There are ${this.#index.activeCount} keys, as many as may be`;
    throw new SecurityError("security.credentials_full", message);
  }

  #problemWith(credential: Credential): { code: SecurityErrorCode; text: string } | undefined {
    if (credential.revokedReason === RevocationReason.Replaced) {
      const text = `Another process has taken over the name "${credential.agentId}"`;
      return { code: "security.key_replaced", text };
    }
    if (credential.revokedAtMs !== null) {
      return { code: "security.key_revoked", text: "The key has been revoked" };
    }
    if (credential.expiresAtMs !== null && credential.expiresAtMs <= this.#clock.now()) {
      return { code: "security.key_expired", text: "The key has expired" };
    }
    return undefined;
  }
}

const ID_PREFIXES: Readonly<Record<Credential["kind"], string>> = {
  admin: "key",
  agent: "key",
  enrolment: "enr",
  session: "ses",
};

function noop(): void {}

function principalOf(credential: Credential): Principal {
  return {
    kind: credential.kind === "session" ? PrincipalKind.Admin : credential.kind,
    id: credential.agentId ?? credential.id,
    namespace: credential.namespace,
    via: credential.kind === "session" ? "session" : "key",
  };
}
