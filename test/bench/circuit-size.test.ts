// The size of a circuit, computed from its constraints and compared with a real key.
import { readFile, stat } from "node:fs/promises";
import { expect } from "chai";
import { artifactPaths } from "../../circuits/artifacts.ts";
import { keyBytes, sizeOf } from "../../evidence/bench/circuit-size.ts";
import { readR1cs } from "../../groth16/r1cs.ts";

describe("bench: circuit size", () => {
  for (const profile of ["tiny", "demo"] as const) {
    it(`computes the bytes of the ${profile} key`, async () => {
      const { r1cs: path, zkey } = artifactPaths(profile);
      const r1cs = readR1cs(await readFile(path));
      const size = { ...sizeOf(r1cs), publicInputs: r1cs.publicInputs };
      expect(keyBytes(size)).to.equal((await stat(zkey)).size);
    });
  }

  it("finds at most four coefficients of A and B for each constraint", async () => {
    const { A, B, constraints } = sizeOf(readR1cs(await readFile(artifactPaths("demo").r1cs)));
    expect(A + B).to.be.within(constraints, 4 * constraints);
  });
});
