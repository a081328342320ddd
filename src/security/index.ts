export type {
  AuditEntry,
  AuditQuery,
  Credential,
  NamespaceRecord,
  SecurityStore,
} from "./store.ts";
