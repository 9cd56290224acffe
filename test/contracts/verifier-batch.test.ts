// Batches of proofs, attacked with a key whose secrets are known.
import { expect } from "chai";
import { testChain, type TestChain } from "../../evidence/world/contracts.ts";
import { present } from "../../evidence/world/present.ts";
import { add, inv, mod, mul, P, sub } from "../../protocol/field.ts";
import type { Groth16Verifier } from "../../types/ethers/index.js";
import { Q } from "../helpers/evmnet.ts";
import {
  answersUnderGas,
  executionGas,
  inputs,
  key,
  known,
  replaced,
  secrets,
} from "../helpers/known-key.ts";
import {
  combinationHolds,
  drawSecrets,
  encodeProof,
  proveWithTrapdoor,
  scalar,
  verifyingKey,
  type Exponents,
  type Inputs,
  type Words8,
} from "../helpers/trapdoor-proofs.ts";

describe("contracts: Groth16Verifier of many proofs", () => {
  let chain: TestChain;
  let verifier: Groth16Verifier;
  const deploy = (...args: unknown[]) => chain.ethers.deployContract("Groth16Verifier", args);
  before(async () => {
    chain = await testChain();
    verifier = await deploy(key, known);
  });

  const batch = (count: number) =>
    Array.from({ length: count }, (_, i) => {
      const statementInputs: Inputs = [scalar(`root ${i}`), scalar(`seed ${i}`), 0n, BigInt(i + 1)];
      return { inputs: statementInputs, proof: proveWithTrapdoor(secrets, statementInputs, `proof ${i}`) };
    });
  type Item = ReturnType<typeof batch>[number];
  const call = (items: readonly Item[]): [Words8[], Inputs[]] => [
    items.map((item) => encodeProof(item.proof)),
    items.map((item) => item.inputs),
  ];

  for (const count of [1, 2, 3, 8]) {
    it(`accepts ${count} valid`, async () => {
      expect(await verifier.verifyBatch(...call(batch(count)))).to.equal(true);
    });
  }

  it("accepts the same proof twice", async () => {
    const [item] = batch(1);
    expect(await verifier.verifyBatch(...call([present(item), present(item)]))).to.equal(true);
  });

  for (const bad of [0, 1, 2]) {
    it(`says no when only proof ${bad} of 3 is bad`, async () => {
      for (const spoil of [
        (item: Item): Item => ({ ...item, proof: { ...item.proof, a: item.proof.a + 1n } }),
        (item: Item): Item => ({ ...item, proof: { ...item.proof, b: item.proof.b + 1n } }),
        (item: Item): Item => ({ ...item, proof: { ...item.proof, c: item.proof.c + 1n } }),
        ...[0, 1, 2, 3].map((j) => (item: Item): Item => ({
          ...item,
          inputs: replaced(item.inputs, j, (x) => mod(x + 1n)),
        })),
      ]) {
        const items = batch(3).map((item, i) => (i === bad ? spoil(item) : item));
        expect(await verifier.verifyBatch(...call(items))).to.equal(false);
      }
    });
  }

  it("says no to a proof of zeros", async () => {
    const zero: Exponents = { a: 0n, b: 0n, c: 0n };
    expect(await verifier.verifyBatch(...call([{ inputs, proof: zero }]))).to.equal(false);
  });

  it("says no when proofs and inputs are paired wrongly", async () => {
    const [proofs, statements] = call(batch(2));
    expect(await verifier.verifyBatch(proofs, statements.reverse())).to.equal(false);
  });

  it("reverts for an empty batch, whose pairing would be one", async () => {
    await expect(verifier.verifyBatch([], []))
      .to.be.revertedWithCustomError(verifier, "BadBatch")
      .withArgs(0, 0);
  });

  it("reverts when there are not as many inputs as proofs", async () => {
    const [proofs, statements] = call(batch(2));
    await expect(verifier.verifyBatch(proofs, statements.slice(1)))
      .to.be.revertedWithCustomError(verifier, "BadBatch")
      .withArgs(2, 1);
    await expect(verifier.verifyBatch(proofs.slice(1), statements))
      .to.be.revertedWithCustomError(verifier, "BadBatch")
      .withArgs(1, 2);
  });

  it("reverts for an alias anywhere", async () => {
    const [proofs, statements] = call(batch(2));
    for (let word = 0; word < 8; word++) {
      const aliased = replaced(proofs, 1, (words) => replaced(words, word, (x) => x + Q));
      await expect(verifier.verifyBatch(aliased, statements)).to.be.revertedWithCustomError(
        verifier,
        "CoordinateOutOfRange",
      );
    }
    for (let word = 0; word < 4; word++) {
      const aliased = replaced(statements, 1, (words) => replaced(words, word, (x) => x + P));
      await expect(verifier.verifyBatch(proofs, aliased)).to.be.revertedWithCustomError(
        verifier,
        "InputOutOfRange",
      );
    }
  });

  describe("coefficients", () => {
    let honest: bigint[];
    before(async () => {
      honest = await coefficients(chain, verifier, ...call(batch(2)));
    });

    it("are what a hash of the whole batch makes them", async () => {
      const [proofs, statements] = call(batch(3));
      const { AbiCoder, encodeBytes32String, keccak256 } = chain.ethers;
      const hash = (types: string[], values: unknown[]): string =>
        keccak256(AbiCoder.defaultAbiCoder().encode(types, values));
      const { chainId } = await chain.ethers.provider.getNetwork();
      const transcript = hash(
        ["bytes32", "bytes32", "uint256", "bytes32", "bytes32"],
        [
          encodeBytes32String("holdfast groth16 batch"),
          await verifier.keyHash(),
          chainId,
          hash(["uint256[8][3]"], [proofs]),
          hash(["uint256[4][3]"], [statements]),
        ],
      );
      const expected = [0, 1, 2].map(
        (i) => (1n << 128n) | (BigInt(hash(["bytes32", "uint256"], [transcript, i])) >> 128n),
      );
      expect(await coefficients(chain, verifier, proofs, statements)).to.deep.equal(expected);
    });

    it("are distinct and have at least 128 bits", async () => {
      const drawn = await coefficients(chain, verifier, ...call(batch(8)));
      expect(drawn.length).to.equal(8);
      expect(new Set(drawn).size).to.equal(8);
      for (const coefficient of drawn) {
        expect(coefficient >> 128n).to.equal(1n);
        expect(coefficient & (2n ** 128n - 1n)).not.to.equal(0n);
      }
    });

    it("change with every word of every proof and input", async () => {
      const [proofs, statements] = call(batch(2));
      for (const item of [0, 1]) {
        for (let word = 0; word < 8; word++) {
          const changed = replaced(proofs, item, (words) => replaced(words, word, (x) => (x + 1n) % Q));
          expect((await coefficients(chain, verifier, changed, statements))[0]).not.to.equal(honest[0]);
        }
        for (let word = 0; word < 4; word++) {
          const changed = replaced(statements, item, (words) => replaced(words, word, (x) => mod(x + 1n)));
          expect((await coefficients(chain, verifier, proofs, changed))[0]).not.to.equal(honest[0]);
        }
      }
    });

    it("change with the number of proofs, the key and the chain", async () => {
      const [proofs, statements] = call(batch(2));
      const longer = call(batch(3));
      const otherKey = await deploy(verifyingKey({ ...secrets, ic: drawSecrets("x").ic }), {
        proof: encodeProof(proveWithTrapdoor({ ...secrets, ic: drawSecrets("x").ic }, inputs)),
        inputs,
      });
      const otherChain = await testChain({ chainId: 31_338 });
      const elsewhere = await otherChain.ethers.deployContract("Groth16Verifier", [key, known]);
      for (const other of [
        await coefficients(chain, verifier, ...longer),
        await coefficients(chain, otherKey, proofs, statements),
        await coefficients(otherChain, elsewhere, proofs, statements),
      ]) {
        expect(other[0]).not.to.equal(honest[0]);
      }
    });

    it("known in advance, would let two bad proofs cancel; the batch says no", async () => {
      const items = batch(2);
      const [first, second] = items as [Item, Item];
      const shift = scalar("shift");
      for (const [r0, r1] of [honest, [1n, 1n]] as [bigint, bigint][]) {
        const ratio = mul(mod(r0), inv(mod(r1)));
        const cancelC = [
          { ...first, proof: { ...first.proof, c: add(first.proof.c, shift) } },
          { ...second, proof: { ...second.proof, c: sub(second.proof.c, mul(shift, ratio)) } },
        ];
        const cancelInputs = [0, 1, 2, 3].map((j) => [
          { ...first, inputs: replaced(first.inputs, j, (x) => add(x, shift)) },
          { ...second, inputs: replaced(second.inputs, j, (x) => sub(x, mul(shift, ratio))) },
        ]);
        const scaled = mul(shift, inv(first.proof.b));
        const counter = mul(mul(shift, ratio), inv(second.proof.b));
        const cancelA = [
          { ...first, proof: { ...first.proof, a: add(first.proof.a, scaled) } },
          { ...second, proof: { ...second.proof, a: sub(second.proof.a, counter) } },
        ];
        for (const forged of [cancelC, cancelA, ...cancelInputs]) {
          expect(combinationHolds(secrets, forged, [r0, r1])).to.equal(true);
          expect(await verifier.verifyBatch(...call(forged))).to.equal(false);
        }
      }
    });
  });

  it("never says no for want of gas", async () => {
    const [proofs, statements] = call(batch(2));
    const answers = await answersUnderGas((gasLimit) =>
      verifier.verifyBatch.staticCall(proofs, statements, { gasLimit }),
    );
    expect(answers).to.deep.equal(new Set([true, "reverted"]));
  });

  it("costs at most 54,700 gas a proof in a batch of 32", async () => {
    const [proofs, statements] = call(batch(32));
    const data = verifier.interface.encodeFunctionData("verifyBatch", [proofs, statements]);
    expect((await executionGas(chain, verifier, data)) / 32n).to.be.at.most(54_700n);
  });
});

interface Step {
  readonly op: string;
  readonly stack: readonly string[];
  readonly memory: readonly string[];
}

/**
 * The coefficients that a batch is combined with, seen from outside: scalars of the multiplications of A and C, in turn.
 * Each proof's two use the same one.
 */
async function coefficients(
  { ethers, provider }: TestChain,
  verifier: Groth16Verifier,
  proofs: Words8[],
  statements: Inputs[],
): Promise<bigint[]> {
  const data = verifier.interface.encodeFunctionData("verifyBatch", [proofs, statements]);
  const call = { to: await verifier.getAddress(), data, gas: ethers.toQuantity(16_000_000) };
  const trace = (await provider.request({
    method: "debug_traceCall",
    params: [call, "latest", { enableMemory: true, disableStorage: true }],
  })) as { structLogs: Step[] };

  const scalars = trace.structLogs
    .filter(({ op, stack }) => op === "STATICCALL" && BigInt(stack.at(-2) ?? "0x0") === 7n)
    .map(({ stack, memory }) => {
      const bytes = memory.map((word) => word.replace("0x", "")).join("");
      const at = 2 * (Number(stack.at(-3)) + 64);
      return BigInt(`0x${bytes.slice(at, at + 64)}`);
    });
  return [...new Set(scalars.slice(0, 2 * proofs.length))];
}
