// Keys that strangers can trust: a whole ceremony, what each step refuses, and all ways to spoil its result.
import { useCeremony } from "../helpers/ceremony.ts";
import { testKey } from "./ceremony/key.ts";
import { testSpoilt } from "./ceremony/spoilt.ts";
import { testSteps } from "./ceremony/steps.ts";

describe("client: key ceremony", function () {
  this.timeout(600_000);
  const ceremony = useCeremony();
  testSteps(ceremony);
  testKey(ceremony);
  testSpoilt(ceremony);
});
