import { communicationStoreContract } from "./store-contract.ts";
import { VolatileCommunicationStore } from "./volatile-store.ts";

communicationStoreContract("VolatileCommunicationStore", () => ({
  store: new VolatileCommunicationStore(),
  close: () => undefined,
}));
