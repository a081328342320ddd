import { securityStoreContract } from "../../security/store-contract.ts";
import { openLedger } from "./open.ts";
import { SqliteSecurityStore } from "./security-store.ts";

securityStoreContract("SqliteSecurityStore", () => {
  const database = openLedger(":memory:");
  return { store: new SqliteSecurityStore(database), close: () => database.close() };
});
