import { dataPlaneContract } from "./data-plane-contract.ts";
import { InProcessDataPlane } from "./in-process-data-plane.ts";

dataPlaneContract("InProcessDataPlane", (settings) => new InProcessDataPlane(settings));
