export { AuditLog } from "./audit-log.ts";
export type { AuditDependencies, AuditFact } from "./audit-log.ts";
export { actionTable, authorize, isAgentAction } from "./authorize.ts";
export type { Access, Action, Resource } from "./authorize.ts";
export { securityConfigSchema } from "./config.ts";
export type { SecurityOptions } from "./config.ts";
export { SecurityError, securityErrors } from "./errors.ts";
export type { SecurityErrorCode } from "./errors.ts";
export { IdentityService, RevocationReason } from "./identity-service.ts";
export type {
  AgentEnrolment,
  Authentication,
  IdentityDependencies,
  NameHolder,
} from "./identity-service.ts";
export { securityLimits } from "./limits.ts";
export { seal, sealStream, unseal } from "./sealed-export.ts";
export type { SealKey, SealTarget } from "./sealed-export.ts";
export { hashSecret, looksLikeSecret, makeSecret } from "./secret.ts";
export type {
  AuditEntry,
  AuditQuery,
  Credential,
  NamespaceRecord,
  SecurityStore,
} from "./store.ts";
export { VolatileSecurityStore } from "./volatile-security-store.ts";
