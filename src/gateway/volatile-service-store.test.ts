import { serviceStoreContract } from "./service-store-contract.ts";
import { VolatileServiceStore } from "./volatile-service-store.ts";

serviceStoreContract("VolatileServiceStore", () => ({ store: new VolatileServiceStore() }));
