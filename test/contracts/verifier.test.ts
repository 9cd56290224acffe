// The Groth16 verifier, attacked with proofs of a key whose secrets are known.
import { expect } from "chai";
import { add, inv, mod, mul, P, sub } from "../../protocol/field.ts";
import type { Groth16Verifier } from "../../types/ethers/index.js";
import { answering, breakableFactory, breakPrecompile, BROKEN } from "../helpers/breakable.ts";
import { intrinsicGas, testChain, type TestChain } from "../helpers/contracts.ts";
import { present } from "../helpers/present.ts";
import {
  combinationHolds,
  drawSecrets,
  encodeProof,
  g1,
  outsideG2,
  proveWithTrapdoor,
  scalar,
  statement,
  verifyingKey,
  type Exponents,
  type Inputs,
  type Secrets,
  type Words8,
} from "../helpers/trapdoor-proofs.ts";

const Q = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;
const SOURCE = "verifier/Groth16Verifier.sol";
/** Groth16Verifier.Trial. */
const TRIAL = { good: 0, tampered: 1, forged: 2, zero: 3, empty: 4 };

const secrets = drawSecrets("key");
const key = verifyingKey(secrets);
const inputs: Inputs = [scalar("root"), scalar("seed") >> 8n, 0n, 123_456n];
const proof = proveWithTrapdoor(secrets, inputs);
const known = { proof: encodeProof(proof), inputs };

describe("contracts: Groth16Verifier", () => {
  let chain: TestChain;
  let verifier: Groth16Verifier;
  const deploy = (...args: unknown[]) => chain.ethers.deployContract("Groth16Verifier", args);
  before(async () => {
    chain = await testChain();
    verifier = await deploy(key, known);
  });

  describe("construction", () => {
    it("keeps the hash of its key", async () => {
      const [{ inputs: types }] = [present(verifier.interface.deploy)];
      const encoded = chain.ethers.AbiCoder.defaultAbiCoder().encode([present(types[0])], [key]);
      expect(await verifier.keyHash()).to.equal(chain.ethers.keccak256(encoded));
    });

    it("refuses a known answer that does not hold", async () => {
      const other = encodeProof(proveWithTrapdoor(secrets, [1n, 2n, 3n, 4n]));
      await expect(deploy(key, { proof: other, inputs }))
        .to.be.revertedWithCustomError(verifier, "KnownAnswerFailed")
        .withArgs(TRIAL.good);
    });

    for (const ignored of [1, 2, 3, 4]) {
      it(`refuses a key that does not depend on input ${ignored}`, async () => {
        const ic = secrets.ic.map((x, j) => (j === ignored ? 0n : x)) as unknown as Secrets["ic"];
        const weak = { ...secrets, ic };
        const answer = encodeProof(proveWithTrapdoor(weak, inputs));
        await expect(deploy(verifyingKey(weak), { proof: answer, inputs }))
          .to.be.revertedWithCustomError(verifier, "KnownAnswerFailed")
          .withArgs(TRIAL.tampered);
      });
    }

    it("refuses a key with gamma = delta, under which anyone can prove anything", async () => {
      const weak = { ...secrets, gamma: 1n, delta: 1n };
      const answer = encodeProof(proveWithTrapdoor(weak, inputs));
      await expect(deploy(verifyingKey(weak), { proof: answer, inputs }))
        .to.be.revertedWithCustomError(verifier, "KnownAnswerFailed")
        .withArgs(TRIAL.forged);
    });

    for (const part of ["alpha", "beta"] as const) {
      it(`refuses a key whose ${part} is infinity, under which anyone can prove anything`, async () => {
        const weak = { ...secrets, [part]: 0n };
        const answer = encodeProof(proveWithTrapdoor(weak, inputs));
        await expect(deploy(verifyingKey(weak), { proof: answer, inputs }))
          .to.be.revertedWithCustomError(verifier, "KnownAnswerFailed")
          .withArgs(TRIAL.empty);
      });
    }

    it("refuses a key under which a proof of zeros holds", async () => {
      const target = mul(mod(-mul(secrets.alpha, secrets.beta)), inv(secrets.gamma));
      const ic0 = add(secrets.ic[0], sub(target, statement(secrets, inputs)));
      const weak = { ...secrets, ic: [ic0, ...secrets.ic.slice(1)] as unknown as Secrets["ic"] };
      const answer = encodeProof(proveWithTrapdoor(weak, inputs));
      await expect(deploy(verifyingKey(weak), { proof: answer, inputs }))
        .to.be.revertedWithCustomError(verifier, "KnownAnswerFailed")
        .withArgs(TRIAL.zero);
    });

    it("refuses an answer whose inputs add up to infinity, which tells nothing about gamma", async () => {
      const ic0 = sub(secrets.ic[0], statement(secrets, inputs));
      const weak = { ...secrets, ic: [ic0, ...secrets.ic.slice(1)] as unknown as Secrets["ic"] };
      expect(statement(weak, inputs)).to.equal(0n);
      const answer = encodeProof(proveWithTrapdoor(weak, inputs));
      await expect(deploy(verifyingKey(weak), { proof: answer, inputs }))
        .to.be.revertedWithCustomError(verifier, "KnownAnswerFailed")
        .withArgs(TRIAL.forged);
    });

    for (const { index, precompile } of [
      { index: 0, precompile: 6 },
      { index: 1, precompile: 7 },
    ]) {
      it(`refuses a key whose IC${index} is off the curve`, async () => {
        const ic = replaced(key.ic, index, (): [bigint, bigint] => [1n, 3n]);
        await expect(deploy({ ...key, ic }, known))
          .to.be.revertedWithCustomError(verifier, "PrecompileFailed")
          .withArgs(precompile);
      });
    }

    it("refuses a key with real parts first", async () => {
      const [xi, xr, yi, yr] = key.beta;
      await expect(deploy({ ...key, beta: [xr, xi, yr, yi] }, known))
        .to.be.revertedWithCustomError(verifier, "PrecompileFailed")
        .withArgs(8);
    });

    it("refuses a point of the key outside G2", async () => {
      await expect(deploy({ ...key, delta: outsideG2() }, known))
        .to.be.revertedWithCustomError(verifier, "PrecompileFailed")
        .withArgs(8);
    });

    it("refuses a coordinate of the key at or above q", async () => {
      const [x, y] = key.alpha;
      await expect(deploy({ ...key, alpha: [x, y + Q] }, known))
        .to.be.revertedWithCustomError(verifier, "CoordinateOutOfRange")
        .withArgs(y + Q);
      const [gammaXi, gammaXr, gammaYi, gammaYr] = key.gamma;
      await expect(deploy({ ...key, gamma: [gammaXi, gammaXr, gammaYi, gammaYr + Q] }, known))
        .to.be.revertedWithCustomError(verifier, "CoordinateOutOfRange")
        .withArgs(gammaYr + Q);
      const [xi, ...rest] = key.beta;
      await expect(deploy({ ...key, beta: [xi + Q, ...rest] }, known))
        .to.be.revertedWithCustomError(verifier, "PrecompileFailed")
        .withArgs(8);
    });

    for (const { name, code, error, args } of [
      { name: "is missing", code: BROKEN.missing, error: "PrecompileFailed", args: [8] },
      {
        name: "says yes to everything",
        code: answering(1),
        error: "KnownAnswerFailed",
        args: [TRIAL.tampered],
      },
      { name: "says no to everything", code: answering(0), error: "KnownAnswerFailed", args: [TRIAL.good] },
      { name: "answers two words", code: answering(1, 1), error: "PrecompileFailed", args: [8] },
    ]) {
      it(`refuses a chain whose pairing precompile ${name}`, async () => {
        const factory = await breakableFactory(chain, SOURCE, present((await chain.ethers.getSigners())[0]));
        await breakPrecompile(chain, 8, code);
        await expect(factory.deploy(key, known))
          .to.be.revertedWithCustomError(verifier, error)
          .withArgs(...args);
      });
    }
  });

  describe("one proof", () => {
    it("accepts valid proofs, whatever the inputs", async () => {
      for (const statementInputs of [
        inputs,
        [0n, 0n, 0n, 0n],
        [P - 1n, P - 1n, P - 1n, P - 1n],
        [1n, 2n, 3n, 4n],
      ] as Inputs[]) {
        const valid = encodeProof(proveWithTrapdoor(secrets, statementInputs));
        expect(await verifier.verify(valid, statementInputs)).to.equal(true);
      }
    });

    it("accepts two different proofs of one statement: bytes are no identity", async () => {
      const again = encodeProof(proveWithTrapdoor(secrets, inputs, "again"));
      expect(again).not.to.deep.equal(known.proof);
      expect(await verifier.verify(again, inputs)).to.equal(true);
    });

    for (const j of [0, 1, 2, 3]) {
      it(`says no when input ${j} is off by one`, async () => {
        expect(
          await verifier.verify(
            known.proof,
            replaced(inputs, j, (x) => x + 1n),
          ),
        ).to.equal(false);
      });

      it(`reverts when input ${j} is an alias or out of range`, async () => {
        for (const alias of [(inputs[j] ?? 0n) + P, P, 2n ** 256n - 1n]) {
          await expect(
            verifier.verify(
              known.proof,
              replaced(inputs, j, () => alias),
            ),
          )
            .to.be.revertedWithCustomError(verifier, "InputOutOfRange")
            .withArgs(alias);
        }
      });
    }

    it("says no when two inputs are swapped", async () => {
      const [root, seed, start, length] = inputs;
      expect(await verifier.verify(known.proof, [seed, root, start, length])).to.equal(false);
      expect(await verifier.verify(known.proof, [root, seed, length, start])).to.equal(false);
    });

    it("says no to any other point of the curve", async () => {
      for (const wrong of [
        { ...proof, a: P - proof.a },
        { ...proof, b: P - proof.b },
        { ...proof, c: P - proof.c },
        { ...proof, a: proof.a + 1n },
        { ...proof, b: proof.b + 1n },
        { ...proof, c: proof.c + 1n },
        { ...proof, a: proof.c, c: proof.a },
      ]) {
        expect(await verifier.verify(encodeProof(wrong), inputs)).to.equal(false);
      }
    });

    it("says no to points at infinity", async () => {
      for (const infinite of [
        { ...proof, a: 0n },
        { ...proof, b: 0n },
        { ...proof, c: 0n },
        { a: 0n, b: 0n, c: 0n },
      ]) {
        expect(await verifier.verify(encodeProof(infinite), inputs)).to.equal(false);
      }
    });

    it("says no to a valid proof under another key", async () => {
      const other = encodeProof(proveWithTrapdoor(drawSecrets("another key"), inputs));
      expect(await verifier.verify(other, inputs)).to.equal(false);
    });

    it("says no to the forgery that a key without a second phase admits", async () => {
      const [x, y] = g1(statement(secrets, inputs));
      expect(await verifier.verify([...key.alpha, ...key.beta, x, Q - y], inputs)).to.equal(false);
    });

    it("reverts when a bit of the proof is flipped", async () => {
      for (let word = 0; word < 8; word++) {
        for (const bit of [0n, 1n, 100n, 253n, 255n]) {
          const flipped = replaced(known.proof, word, (x) => x ^ (1n << bit));
          await expect(verifier.verify(flipped, inputs)).to.be.revert(chain.ethers);
        }
      }
    });

    it("reverts for each coordinate that is an alias", async () => {
      for (let word = 0; word < 8; word++) {
        const alias = present(known.proof[word]) + Q;
        await expect(
          verifier.verify(
            replaced(known.proof, word, () => alias),
            inputs,
          ),
        )
          .to.be.revertedWithCustomError(verifier, "CoordinateOutOfRange")
          .withArgs(alias);
      }
    });

    it("reverts for an alias of infinity", async () => {
      await expect(
        verifier.verify(
          replaced(known.proof, 0, () => Q),
          inputs,
        ),
      )
        .to.be.revertedWithCustomError(verifier, "CoordinateOutOfRange")
        .withArgs(Q);
    });

    it("reverts for a point of the curve outside G2", async () => {
      const [ax, ay, , , , , cx, cy] = known.proof;
      await expect(verifier.verify([ax, ay, ...outsideG2(), cx, cy], inputs))
        .to.be.revertedWithCustomError(verifier, "PrecompileFailed")
        .withArgs(8);
    });
  });

  describe("many proofs", () => {
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

  describe("trouble", () => {
    it("never says no for want of gas", async () => {
      const answers = await answersUnderGas((gasLimit) =>
        verifier.verify.staticCall(known.proof, inputs, { gasLimit }),
      );
      expect(answers).to.deep.equal(new Set([true, "reverted"]));
    });

    for (const [state, code] of Object.entries(BROKEN)) {
      for (const { precompile, name } of [
        { precompile: 6, name: "addition" },
        { precompile: 7, name: "multiplication" },
        { precompile: 8, name: "pairing" },
      ] as const) {
        it(`reverts when the precompile of ${name} is ${state}`, async () => {
          const factory = await breakableFactory(
            chain,
            SOURCE,
            present((await chain.ethers.getSigners())[0]),
          );
          const breakable = (await factory.deploy(key, known)) as unknown as Groth16Verifier;
          expect(await breakable.verify(known.proof, inputs)).to.equal(true);
          expect(await breakable.verifyBatch([known.proof], [inputs])).to.equal(true);

          await breakPrecompile(chain, precompile, code);
          for (const ask of [
            () => breakable.verify(known.proof, inputs),
            () => breakable.verifyBatch([known.proof], [inputs]),
          ]) {
            await expect(ask())
              .to.be.revertedWithCustomError(verifier, "PrecompileFailed")
              .withArgs(precompile);
          }
        });
      }
    }

    it("costs at most 205,000 gas to verify the whole of a vNode, 6,700 more for a part", async () => {
      const part: Inputs = [1n, 2n, 3n, 4n];
      const whole = verifier.interface.encodeFunctionData("verify", [known.proof, inputs]);
      const ranged = verifier.interface.encodeFunctionData("verify", [
        encodeProof(proveWithTrapdoor(secrets, part)),
        part,
      ]);
      const gas = await executionGas(chain, verifier, whole);
      expect(gas).to.be.at.most(205_000n);
      expect((await executionGas(chain, verifier, ranged)) - gas).to.be.within(0n, 6_700n);
    });
  });
});

function replaced<T extends readonly unknown[]>(
  items: T,
  index: number,
  change: (item: T[number]) => T[number],
): T {
  return items.map((item, i) => (i === index ? change(item) : item)) as unknown as T;
}

/** What a view answers under every amount of gas, from none to enough. */
async function answersUnderGas(
  view: (gasLimit: number) => Promise<boolean>,
): Promise<Set<boolean | "reverted">> {
  const answers = new Set<boolean | "reverted">();
  for (let gasLimit = 30_000; gasLimit <= 420_000; gasLimit += 6_500) {
    answers.add(await view(gasLimit).catch(() => "reverted" as const));
  }
  return answers;
}

/** Gas that the contract itself uses, without the transaction around the call. */
async function executionGas({ ethers }: TestChain, verifier: Groth16Verifier, data: string): Promise<bigint> {
  const [signer] = await ethers.getSigners();
  const sent = await present(signer).sendTransaction({ to: await verifier.getAddress(), data });
  return present((await sent.wait()) ?? undefined).gasUsed - intrinsicGas(data);
}

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
