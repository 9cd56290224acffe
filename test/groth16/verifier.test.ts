// Proofs verified in WebAssembly, one by one and many at once: held to snarkjs, and as strict as the contract.
import { readFile } from "node:fs/promises";
import { expect } from "chai";
import { groth16, type Groth16Proof, type VerificationKey } from "snarkjs";
import { loadProvingArtifacts } from "../../circuits/artifacts.ts";
import {
  FQ,
  FQ2,
  G1,
  G2,
  GENERATOR_G1,
  GENERATOR_G2,
  Q,
  type Affine,
  type Fq2,
} from "../../groth16/curve.ts";
import { createEngine } from "../../groth16/engine.ts";
import { createPairing, isOnTwist, type G2Point, type Pair } from "../../groth16/pairing.ts";
import { createProver } from "../../groth16/prover.ts";
import { createVerifier, type Proved, type Verifier } from "../../groth16/verifier.ts";
import { verifyProof } from "../../groth16/verify.ts";
import { ensureProfile } from "../../keys/make.ts";
import { P } from "../../protocol/field.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import { prepareVerifier } from "../../wasm/prepare.ts";
import { errorOf } from "../helpers/errors.ts";
import { useFolder } from "../helpers/folder.ts";
import { checkedVerifier } from "../helpers/prover-modules.ts";
import * as small from "../helpers/small-circuits.ts";
import { honestStatement } from "../helpers/statement.ts";
import { unfit } from "../helpers/unfit-module.ts";

const LONG = process.env["HOLDFAST_LONG"] === "1";
let seed = 1n;
const random = (below: bigint): bigint => {
  seed = (seed * 6364136223846793005n + 1442695040888963407n) % 2n ** 512n;
  return (seed >> 100n) % below;
};
const power = (x: bigint, exponent: bigint): bigint => {
  let result = 1n;
  for (let square = x, rest = exponent; rest > 0n; rest >>= 1n, square = FQ.mul(square, square))
    if (rest & 1n) result = FQ.mul(result, square);
  return result;
};
/** Undefined for what is no square. */
const root = (x: bigint): bigint | undefined => {
  const candidate = power(x, (Q + 1n) / 4n);
  return FQ.mul(candidate, candidate) === x ? candidate : undefined;
};
/** By the norm: the real part's square is (x0 +- |x|) / 2. */
const rootOfComplex = ([x0, x1]: Fq2): Fq2 | undefined => {
  const norm = root(FQ.add(FQ.mul(x0, x0), FQ.mul(x1, x1)));
  if (norm === undefined) return undefined;
  const half = FQ.inverse(2n);
  for (const sign of [norm, Q - norm]) {
    const real = root(FQ.mul(FQ.add(x0, sign), half));
    if (real) return [real, FQ.mul(FQ.mul(x1, half), FQ.inverse(real))];
  }
  return undefined;
};
const onTwist = (start: bigint): G2Point => {
  for (let real = start; ; real++) {
    const x: Fq2 = [real, 1n];
    const cube = FQ2.add(FQ2.mul(FQ2.mul(x, x), x), FQ2.mul([3n, 0n], FQ2.inverse([9n, 1n])));
    const y = rootOfComplex(cube);
    if (y) return [x, y];
  }
};
const finite = <T>(point: Affine<T>): readonly [T, T] => {
  if (!point) throw new Error("it is infinite");
  return point;
};
const g1 = (point: readonly string[]): readonly [bigint, bigint] =>
  [...[BigInt(point[0] ?? 0), BigInt(point[1] ?? 0)]] as unknown as readonly [bigint, bigint];
const textsOfG1 = (point: readonly [bigint, bigint]): string[] => [...point.map(String), "1"];
const g2 = (point: readonly (readonly string[])[]): G2Point =>
  point.slice(0, 2).map((pair) => pair.map(BigInt)) as unknown as G2Point;
const textsOfG2 = (point: G2Point): string[][] => [...point.map((pair) => pair.map(String)), ["1", "0"]];
const sumOfG1 = (...points: (readonly [bigint, bigint])[]): readonly [bigint, bigint] =>
  finite(G1.toAffine(points.reduce((sum, point) => G1.add(sum, point), G1.infinity)));
const negative = ([x, y]: readonly [bigint, bigint]): readonly [bigint, bigint] => [x, Q - y];
const INFINITE_1 = ["0", "1", "0"];
const INFINITE_2 = [
  ["0", "0"],
  ["1", "0"],
  ["0", "0"],
];

describe("groth16: pairings in WebAssembly", function () {
  this.timeout(120_000);
  const times1 = (scalar: bigint): readonly [bigint, bigint] =>
    finite(G1.toAffine(G1.combine([[scalar, GENERATOR_G1]])));
  const times2 = (scalar: bigint): G2Point => finite(G2.toAffine(G2.combine([[scalar, GENERATOR_G2]])));

  it("are bilinear, also at the edges, and rely on nothing that does not hold", async () => {
    const pairing = createPairing(await checkedVerifier());
    const edges = [1n, 2n, 3n, P - 1n, P - 2n, (P - 1n) / 2n, 2n ** 253n, 2n ** 128n - 1n];
    for (let round = 0; round < (LONG ? 2000 : 16); round++) {
      const [a, b] = [edges[round] ?? 1n + random(P - 1n), edges[(3 * round) % 11] ?? 1n + random(P - 1n)];
      const ab = (a * b) % P;
      const right = { terms: [[P - ab, GENERATOR_G1] as const], with: GENERATOR_G2 };
      const made = { terms: [[1n, times1(a)] as const], with: times2(b) };
      expect(pairing.isOne([made, right]), `${a} ${b}`).to.equal(true);
      expect(pairing.isOne([{ ...made, terms: [[a, GENERATOR_G1]] }, right])).to.equal(true);
      expect(pairing.isOne([made, { ...right, terms: [[P - ab - 1n, GENERATOR_G1]] }])).to.equal(false);
    }
  });

  it("sum what is equal, opposite, and infinite", async () => {
    const pairing = createPairing(await checkedVerifier());
    const sums = (...scalars: bigint[]): boolean =>
      pairing.isOne([
        { terms: scalars.map((scalar) => [scalar, GENERATOR_G1] as const), with: GENERATOR_G2 },
        { terms: [[P - 6n, GENERATOR_G1]], with: GENERATOR_G2 },
      ]);
    expect([
      sums(1n, 2n, 3n),
      sums(2n, 2n, 2n),
      sums(6n, P - 1n, 1n),
      sums(P + 6n),
      sums(3n, 3n),
    ]).to.deep.equal(Array(5).fill(true));
    expect([sums(), sums(0n), sums(P), sums(5n), sums(1n, P - 1n)]).to.deep.equal(Array(5).fill(false));
    expect(pairing.isOne([])).to.equal(true);
    expect(pairing.isOne([{ terms: [[P, GENERATOR_G1]], with: GENERATOR_G2 }])).to.equal(true);
  });

  it("know the points of G2 by a sum that no other point of the twist has", () => {
    const x = 4965661367192848881n;
    const trace = 6n * x * x + 1n;
    const order = P * (2n * Q - P); // of the twist over Fq2
    // 6 x + 2 + F - F^2 + F^3 as a + b F, with F^2 = trace F - q; and its degree.
    const [a, b] = [6n * x + 2n + Q - trace * Q, 1n - trace + trace * trace - Q];
    let [common, rest] = [order, a * a + a * b * trace + b * b * Q];
    while (rest !== 0n) [common, rest] = [rest, common % rest];
    expect(Q + 1n - trace).to.equal(P);
    expect(common).to.equal(P);
    expect((order / P) % P).not.to.equal(0n);
  });

  it("refuse points outside of G2, also those of a small order", async () => {
    const pairing = createPairing(await checkedVerifier());
    const canceling = (point: G2Point): Pair[] => [
      { terms: [[1n, GENERATOR_G1]], with: point },
      { terms: [[P - 1n, GENERATOR_G1]], with: point },
    ];
    for (let start = 1n; start < (LONG ? 300n : 12n); start++) {
      const point = onTwist(100n * start);
      expect(isOnTwist(point)).to.equal(true);
      const outside = finite(G2.toAffine(G2.combine([[P, point]])));
      const within = finite(G2.toAffine(G2.combine([[2n * Q - P, point]])));
      const both = finite(G2.toAffine(G2.add([...outside, FQ2.one], within)));
      for (const each of [point, outside, both]) {
        expect(pairing.prepare(each)).to.equal(undefined);
        expect(pairing.isOne(canceling(each))).to.equal(false);
      }
      expect(pairing.isOne(canceling(within))).to.equal(true);
      expect(pairing.prepare(within)).to.have.keys("linesAt");
    }
    // 10069 divides the order of the twist.
    const order = P * (2n * Q - P);
    expect(order % 10069n).to.equal(0n);
    let few: Affine<Fq2>;
    for (let start = 1n; !few; start++) few = G2.toAffine(G2.combine([[order / 10069n, onTwist(start)]]));
    expect(pairing.prepare(few)).to.equal(undefined);
    expect(pairing.isOne([{ terms: [[1n, GENERATOR_G1]], with: few }])).to.equal(false);
  });

  it("refuse points off the curve", async () => {
    const pairing = createPairing(await checkedVerifier());
    const [x, y] = GENERATOR_G2;
    for (const point of [
      [y, x],
      [x, [y[0] + 1n, y[1]]],
      [x, [y[0] + Q, y[1]]],
      [x, [y[0], y[1] - Q]],
      [FQ2.zero, FQ2.zero],
    ] as const)
      expect(pairing.prepare(point as G2Point)).to.equal(undefined);
  });
});

describe("groth16: proofs verified in WebAssembly", function () {
  this.timeout(120_000);
  const folder = useFolder();
  let key: VerificationKey;
  let verifier: Verifier;
  let proofs: Proved[];
  before(async () => {
    await ensureProfile("tiny");
    const artifacts = await loadProvingArtifacts("tiny");
    key = artifacts.verificationKey;
    const engine = await createEngine(artifacts);
    proofs = [];
    for (const seed of [1n, 2n, 3n, 4n])
      proofs.push(await engine.prove(honestStatement({ profile: PROFILES.tiny, seed, sizes: [1000] }).input));
    await engine.close();
    verifier = await createVerifier(key, { module: await checkedVerifier() });
  });
  const proved = (i = 0): Proved => proofs[i] as Proved;
  const changed = (change: Partial<Groth16Proof>, i = 0): Proved => ({
    ...proved(i),
    proof: { ...proved(i).proof, ...change },
  });
  const shifted = (by: readonly [bigint, bigint], i: number): Proved =>
    changed({ pi_c: textsOfG1(sumOfG1(g1(proved(i).proof.pi_c), by)) }, i);
  /** What both say of it, which is the same. */
  const verdict = async ({ proof, publicSignals }: Proved): Promise<boolean> => {
    const ours = verifier.verify(proof, publicSignals);
    expect(await verifyProof(key, proof, publicSignals)).to.equal(ours);
    expect(verifier.verifyBatch([{ proof, publicSignals }])).to.equal(ours);
    return ours;
  };
  const refused = async (statement: Proved, what: string): Promise<void> => {
    expect(await verdict(statement), what).to.equal(false);
  };

  it("are as good as snarkjs says, one by one and together", async () => {
    for (const each of proofs) {
      expect(await groth16.verify(key, [...each.publicSignals], each.proof)).to.equal(true);
      expect(await verdict(each)).to.equal(true);
    }
    expect(verifier.verifyBatch(proofs)).to.equal(true);
    expect(verifier.verifyBatch([...proofs, ...proofs])).to.equal(true);
    expect(verifier.verifyBatch([])).to.equal(true);
  });

  it("are refused with other points of the curves in the place of theirs", async () => {
    const { pi_a, pi_b, pi_c } = proved().proof;
    for (const [name, point] of Object.entries({ pi_a, pi_c })) {
      await refused(changed({ [name]: textsOfG1(negative(g1(point))) }), `-${name}`);
      await refused(changed({ [name]: textsOfG1(sumOfG1(g1(point), GENERATOR_G1)) }), `${name} + G`);
    }
    const [x, y] = g2(pi_b);
    await refused(changed({ pi_b: textsOfG2([x, FQ2.sub(FQ2.zero, y)]) }), "-B");
    await refused(changed({ pi_b: textsOfG2(GENERATOR_G2) }), "a generator");
    await refused(changed({ pi_a: pi_c, pi_c: pi_a }), "A and C");
    // -A and -B are a proof like A and B.
    const other = changed({
      pi_a: textsOfG1(negative(g1(pi_a))),
      pi_b: textsOfG2([x, FQ2.sub(FQ2.zero, y)]),
    });
    expect(await verdict(other)).to.equal(true);
  });

  it("are refused with points off the curves, and outside of G2", async () => {
    const { pi_a, pi_b, pi_c } = proved().proof;
    const more = (text: string | undefined, by = 1n): string => String(BigInt(text ?? 0) + by);
    for (const [name, point] of Object.entries({ pi_a, pi_c }))
      for (const i of [0, 1])
        for (const by of [1n, Q])
          await refused(changed({ [name]: point.with(i, more(point[i], by)) }), `${name} ${i} ${by}`);
    for (const i of [0, 1])
      for (const j of [0, 1])
        for (const by of [1n, Q]) {
          const pair = pi_b[i] as string[];
          await refused(
            changed({ pi_b: pi_b.with(i, pair.with(j, more(pair[j], by))) }),
            `B ${i} ${j} ${by}`,
          );
        }
    const point = onTwist(1n);
    expect(isOnTwist(point)).to.equal(true);
    await refused(changed({ pi_b: textsOfG2(point) }), "a point of the twist");
    const outside = finite(G2.toAffine(G2.combine([[P, point]])));
    const sum = finite(G2.toAffine(G2.add([...g2(pi_b), FQ2.one], outside)));
    await refused(changed({ pi_b: textsOfG2(sum) }), "B and what is not in G2");
  });

  it("are refused with infinite points, and points in no form", async () => {
    await refused(changed({ pi_a: INFINITE_1 }), "A");
    await refused(changed({ pi_b: INFINITE_2 }), "B");
    await refused(changed({ pi_c: INFINITE_1 }), "C");
    await refused(changed({ pi_a: ["0", "0", "1"] }), "0 0");
    for (const point of [
      [],
      ["1", "2"],
      ["1", "2", "2"],
      ["1", "-2", "1"],
      ["0x1", "2", "1"],
      ["a", "", "1"],
    ])
      expect(verifier.verify({ ...proved().proof, pi_a: point }, proved().publicSignals)).to.equal(false);
    for (const proof of [
      {},
      null,
      undefined,
      1,
      { ...proved().proof, pi_b: [] },
      { ...proved().proof, curve: "x" },
    ])
      expect(verifier.verify(proof as never, proved().publicSignals)).to.equal(false);
    expect(verifier.verifyBatch([proved(), { proof: {} as never, publicSignals: [] }])).to.equal(false);
  });

  it("are refused with other public inputs, their aliases, and a wrong number of them", async () => {
    const { publicSignals } = proved();
    for (const [i, signal] of publicSignals.entries())
      for (const other of [BigInt(signal) + 1n, BigInt(signal) + P, BigInt(signal) - P, 2n ** 256n])
        await refused({ ...proved(), publicSignals: publicSignals.with(i, String(other)) }, `${i} ${other}`);
    for (const signals of [publicSignals.slice(1), [...publicSignals, "0"], []])
      await refused({ ...proved(), publicSignals: signals }, String(signals.length));
    for (const text of ["", " 1", "01", "0x1", "1e3", 1, null])
      await refused({ ...proved(), publicSignals: publicSignals.with(0, text as string) }, String(text));
    expect(verifier.verify(proved().proof, undefined as never)).to.equal(false);
  });

  it("are refused together if one of them is not valid, wherever it is", () => {
    const wrong = changed({ pi_a: proved(1).proof.pi_a });
    for (const i of proofs.keys()) expect(verifier.verifyBatch(proofs.with(i, wrong))).to.equal(false);
  });

  it("are refused together if their inputs are swapped", () => {
    const [one, other] = [proved(0), proved(1)];
    const swapped = [
      { ...one, publicSignals: other.publicSignals },
      { ...other, publicSignals: one.publicSignals },
    ];
    expect(verifier.verifyBatch([...swapped, proved(2)])).to.equal(false);
  });

  it("are refused together if what is wrong with one makes up for the other", () => {
    for (let times = 1n; times < 4n; times++) {
      const by = finite(G1.toAffine(G1.combine([[times, GENERATOR_G1]])));
      expect(verifier.verifyBatch([shifted(by, 0), shifted(negative(GENERATOR_G1), 1)])).to.equal(false);
    }
  });

  it("are multiplied with 128 bits of the system's generator each, afresh each time", () => {
    const { crypto } = globalThis;
    const drawn: Uint8Array[] = [];
    const original = crypto.getRandomValues.bind(crypto);
    const canceling = [shifted(GENERATOR_G1, 0), shifted(negative(GENERATOR_G1), 1)];
    try {
      crypto.getRandomValues = (array) => {
        drawn.push(original(array as unknown as Uint8Array<ArrayBuffer>));
        return array;
      };
      expect(verifier.verifyBatch(proofs)).to.equal(true);
      expect(verifier.verifyBatch(proofs)).to.equal(true);
      expect(drawn.map(({ length }) => length)).to.deep.equal(Array(8).fill(16));
      expect(new Set(drawn.map(String)).size).to.equal(8);
      // Whoever knows the coefficients finds proofs that make up for each other.
      crypto.getRandomValues = (array) => {
        (array as unknown as Uint8Array).fill(7);
        return array;
      };
      expect(verifier.verifyBatch(canceling)).to.equal(true);
    } finally {
      crypto.getRandomValues = original;
    }
    expect(verifier.verifyBatch(canceling)).to.equal(false);
  });

  for (const [name, circuit] of [
    ["nothing public", small.ONE_CONSTRAINT],
    ["public inputs only", small.PUBLIC_ONLY],
    ["wires that are alike", small.ALIKE],
  ] as const) {
    it(`may be of a circuit of ${name}`, async () => {
      const { zkey, verificationKey } = await small.keyOf(circuit, folder(), name.replaceAll(" ", "-"));
      const prover = await createProver(zkey);
      const { proof, publicSignals } = await prover.prove(small.witnessOf(circuit.witness));
      await prover.close();
      const other = await createVerifier(verificationKey, { module: await checkedVerifier() });
      expect(other.verify(proof, publicSignals)).to.equal(true);
      expect(other.verify({ ...proof, pi_a: proof.pi_c }, publicSignals)).to.equal(false);
    });
  }

  it("are of a key that is whole", async () => {
    const outside = onTwist(5n);
    for (const broken of [
      { ...key, vk_alpha_1: ["1", "3", "1"] },
      { ...key, vk_beta_2: INFINITE_2 },
      { ...key, vk_gamma_2: textsOfG2(outside) },
      { ...key, vk_delta_2: textsOfG2([GENERATOR_G2[1], GENERATOR_G2[0]]) },
      { ...key, IC: key.IC.with(2, ["1", "1", "1"]) },
      { ...key, IC: key.IC.slice(1) },
    ]) {
      const error = await errorOf(createVerifier(broken));
      expect(error).to.include({ name: "HoldfastError", code: "key" });
    }
  });

  it("are left to snarkjs on a machine that computes otherwise", async () => {
    const module = await WebAssembly.compile(new Uint8Array(unfit(await readFile(await prepareVerifier()))));
    const error = await errorOf(createVerifier(key, { module }));
    expect(error).to.include({ name: "HoldfastError", code: "io" });
    expect(error.message).to.match(/use snarkjs$/);
  });
});
