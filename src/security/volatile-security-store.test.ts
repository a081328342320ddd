import { VolatileSecurityStore } from "./volatile-security-store.ts";
import { securityStoreContract } from "./store-contract.ts";

securityStoreContract("VolatileSecurityStore", () => ({ store: new VolatileSecurityStore() }));
