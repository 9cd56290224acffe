// The scalars of a key's points, and its section of coefficients, are what plain integers give, for any circuit and secrets.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { createFixedBaseKernel, POINT_BYTES, type GroupName } from "../../groth16/fixed-base-kernel.ts";
import { rootOfUnity } from "../../groth16/prover-kernel.ts";
import { domainSize, evaluateQap, type EvaluatedQap, type Secrets } from "../../groth16/qap.ts";
import { readR1cs, type R1cs } from "../../groth16/r1cs.ts";
import { readSections, section } from "../../groth16/sections.ts";
import { integerOf } from "../../groth16/shared.ts";
import { ZKEY_SECTION } from "../../groth16/zkey-writer.ts";
import { add, inv, mul, P, toBytesLE32 } from "../../protocol/field.ts";
import { R } from "../../wasm/parameters.ts";
import { patternBytes } from "../helpers/bytes.ts";
import { errorOf } from "../helpers/errors.ts";
import { lagrangeBasis } from "../helpers/lagrange.ts";
import { KNOWN_SECRETS } from "../helpers/powers.ts";
import { checkedProver } from "../helpers/prover-modules.ts";
import * as small from "../helpers/small-circuits.ts";

type Term = readonly [wire: number, coefficient: bigint];
/** Of each constraint the terms of A, B and C. */
type Constraint = readonly [a: readonly Term[], b: readonly Term[], c: readonly Term[]];

interface Circuit {
  readonly wires: number;
  readonly publicInputs: number;
  readonly constraints: readonly Constraint[];
}

const any = (i: number): bigint => integerOf(patternBytes(32, i + 1)) % P;
const secretsWith = (tau: bigint): Secrets => ({
  ...{ tau, alpha: any(1), beta: P - 1n, gamma: any(2), delta: (P - 1n) / 2n },
});
const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

function r1csOf({ wires, publicInputs, constraints }: Circuit): R1cs {
  const body = constraints.flatMap((constraint) =>
    constraint.flatMap((terms) => [
      uint32(terms.length),
      ...terms.flatMap(([wire, coefficient]) => [uint32(wire), Buffer.from(toBytesLE32(coefficient))]),
    ]),
  );
  const inputs = publicInputs;
  return { wires, publicInputs, inputs, constraints: constraints.length, body: Buffer.concat(body) };
}

/** With all kinds of coefficients; wire 0 is in every constraint, and the last in none. */
function circuitOf(size: number, publicInputs = 2): Circuit {
  const wires = size + publicInputs + 3;
  const coefficients = [1n, P - 1n, (P - 1n) / 2n, (P + 1n) / 2n, 0n, 2n ** 253n, any(7), any(8)];
  const termsOf = (row: number, count: number): Term[] =>
    Array.from({ length: count }, (_, i) => [
      i === 0 ? 0 : (row * 3 + i * 5) % (wires - 1),
      coefficients[(row + i) % coefficients.length] ?? 1n,
    ]);
  const constraints = Array.from({ length: size }, (_, row): Constraint => [
    termsOf(row, row % 4),
    termsOf(row + 1, (row + 1) % 3),
    termsOf(row + 2, 1 + (row % 5)),
  ]);
  return { wires, publicInputs, constraints };
}

interface Expected {
  readonly scalars: Readonly<Record<"a" | "b" | "publicWires" | "privateWires" | "quotient", bigint[]>>;
  readonly section: Buffer;
}

function expectedOf(circuit: Circuit, { tau, alpha, beta, gamma, delta }: Secrets): Expected {
  const { wires, publicInputs, constraints } = circuit;
  const domain = domainSize({ constraints: constraints.length, publicInputs });
  const log = Math.log2(domain);
  const basis = lagrangeBasis(tau, rootOfUnity(log), domain);
  const finer = lagrangeBasis(tau, rootOfUnity(log + 1), 2 * domain);
  const sums = [0, 1, 2].map(() => Array<bigint>(wires).fill(0n));
  const records: Buffer[] = [];
  const enter = (matrix: number, row: number, [wire, coefficient]: Term): void => {
    const sum = sums[matrix] as bigint[];
    sum[wire] = add(sum[wire] as bigint, mul(coefficient, basis[row] as bigint));
    if (matrix < 2)
      records.push(
        ...[matrix, row, wire].map(uint32),
        Buffer.from(toBytesLE32(mul(coefficient, 2n ** 512n))),
      );
  };
  for (const [row, constraint] of constraints.entries())
    for (const [matrix, terms] of constraint.entries()) for (const term of terms) enter(matrix, row, term);
  for (let wire = 0; wire <= publicInputs; wire++) enter(0, constraints.length + wire, [wire, 1n]);
  const [a, b, c] = sums as [bigint[], bigint[], bigint[]];
  const all = a.map((x, i) => add(add(mul(beta, x), mul(alpha, b[i] as bigint)), c[i] as bigint));
  const over = (values: readonly bigint[], secret: bigint): bigint[] =>
    values.map((value) => mul(value, inv(secret)));
  return {
    scalars: {
      ...{ a, b },
      publicWires: over(all.slice(0, publicInputs + 1), gamma),
      privateWires: over(all.slice(publicInputs + 1), delta),
      quotient: over(
        finer.filter((_, i) => i % 2 === 1),
        delta,
      ),
    },
    section: Buffer.concat([uint32(records.length / 4), ...records]),
  };
}

/** x so that its Montgomery form has these digits. */
const withDigits = (digits: readonly bigint[]): bigint =>
  mul(((digits.reduceRight((value, d) => (value << 51n) + d, 0n) % P) + P) % P, inv(R % P));

describe("groth16: a circuit at a secret point", () => {
  let module: WebAssembly.Module;
  before(async function () {
    this.timeout(60_000);
    module = await checkedProver();
  });

  const agrees = async (circuit: Circuit, secrets: Secrets): Promise<void> => {
    const evaluated = await evaluateQap(r1csOf(circuit), secrets, { module });
    const { scalars, section } = expectedOf(circuit, secrets);
    for (const [name, values] of Object.entries(scalars)) {
      const bytes = evaluated[name as keyof EvaluatedQap] as Uint8Array;
      expect(Buffer.from(bytes).equals(Buffer.concat(values.map(toBytesLE32))), name).to.equal(true);
    }
    expect(Buffer.from(evaluated.coefficients).equals(section), "coefficients").to.equal(true);
  };

  for (const size of [1, 2, 3, 5, 8, 13, 61, 125, 700])
    it(`has the scalars and coefficients of plain integers, with ${size} constraints`, () =>
      agrees(circuitOf(size), secretsWith(any(3))));

  it("has them without public inputs, and with many", async () => {
    for (const publicInputs of [0, 1, 7, 30]) await agrees(circuitOf(5, publicInputs), secretsWith(any(4)));
    await agrees(circuitOf(1, 0), secretsWith(any(4)));
  });

  it("has them for secrets that are small, large, or of the largest digits", async () => {
    const most = 2n ** 50n;
    const taus = [
      ...[2n, 3n, P - 2n, (P - 1n) / 2n, 2n ** 253n],
      withDigits([-most, -most, -most, -most, 4n]),
      withDigits([most - 1n, most - 1n, most - 1n, most - 1n, -4n]),
      withDigits([-most, most - 1n, -most, most - 1n, 2n ** 47n]),
    ];
    for (const tau of taus) {
      await agrees(circuitOf(9), secretsWith(tau));
      const [alpha, beta, gamma, delta] = [tau, P - 2n, 2n, tau];
      await agrees(circuitOf(9), { tau: any(5), alpha, beta, gamma, delta });
    }
  });

  it("has them for wires of thousands of terms, all alike", async () => {
    for (const coefficient of [P - 1n, (P - 1n) / 2n, (P + 1n) / 2n]) {
      const terms: Term[] = Array.from({ length: 9001 }, () => [1, coefficient]);
      const constraints: Constraint[] = [
        [terms, [], []],
        [[], terms, terms],
      ];
      await agrees({ wires: 4, publicInputs: 1, constraints }, secretsWith(any(6)));
    }
  });

  it("is refused at a root of unity, where the key would say it", async () => {
    for (const tau of [1n, rootOfUnity(3), rootOfUnity(4)]) {
      const error = await errorOf(evaluateQap(r1csOf(circuitOf(5)), secretsWith(tau), { module }));
      expect(error).to.include({ name: "HoldfastError", code: "bad-input" });
    }
  });

  it("is refused with wires and coefficients that cannot be", async () => {
    const broken = [
      [{ wires: 3, publicInputs: 0, constraints: [[[[3, 1n]], [], []]] }, "no wire"],
      [{ wires: 3, publicInputs: 0, constraints: [[[[1, P]], [], []]] }, "no field elements"],
    ] as const;
    for (const [circuit, message] of broken) {
      const error = await errorOf(evaluateQap(r1csOf(circuit), secretsWith(any(3)), { module }));
      expect(error).to.include({ name: "HoldfastError", code: "corrupt" });
      expect(error.message).to.include(message);
    }
  });

  it("is given up with the reason of the signal", async () => {
    const reason = new Error("the user has left");
    const signal = AbortSignal.abort(reason);
    const error = await errorOf(evaluateQap(r1csOf(circuitOf(3)), secretsWith(any(3)), { module, signal }));
    expect(error).to.equal(reason);
  });
});

describe("groth16: points and coefficients of a key", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-qap-"));
  });
  after(() => rm(folder, { recursive: true }));

  for (const [name, circuit] of Object.entries({
    "one constraint and nothing public": small.ONE_CONSTRAINT,
    "public inputs only": small.PUBLIC_ONLY,
    bits: small.BITS,
    "wires that are alike": small.ALIKE,
    "a chain of squares": small.SQUARES,
  })) {
    it(`are snarkjs's for the same secrets, for a circuit of ${name}`, async function () {
      this.timeout(60_000);
      const files = await small.keyOf(circuit, folder, name.replaceAll(" ", "-"));
      const theirs = readSections(await readFile(files.zkey), "zkey");
      const module = await checkedProver();
      const secrets = { ...KNOWN_SECRETS, gamma: 1n, delta: 1n };
      const qap = await evaluateQap(readR1cs(await readFile(files.r1cs)), secrets, { module });
      const points = (group: GroupName, scalars: Uint8Array): Uint8Array => {
        const out = new Uint8Array((scalars.length / 32) * POINT_BYTES[group]);
        createFixedBaseKernel(module, group, 6)(scalars, out);
        return out;
      };
      for (const [id, ours] of [
        [ZKEY_SECTION.coefficients, qap.coefficients],
        [ZKEY_SECTION.publicWires, points("G1", qap.publicWires)],
        [ZKEY_SECTION.a, points("G1", qap.a)],
        [ZKEY_SECTION.b1, points("G1", qap.b)],
        [ZKEY_SECTION.b2, points("G2", qap.b)],
        [ZKEY_SECTION.privateWires, points("G1", qap.privateWires)],
        [ZKEY_SECTION.quotient, points("G1", qap.quotient)],
      ] as const)
        expect(Buffer.from(section(theirs, id, "zkey")).equals(ours), `section ${id}`).to.equal(true);
    });
  }
});

describe("groth16: the domain of a circuit", () => {
  it("holds the constraints and one row for each public wire", () => {
    const of = (constraints: number): number => domainSize({ constraints, publicInputs: 4 });
    expect([of(1), of(3), of(4), of(131_067), of(131_068)]).to.deep.equal([8, 8, 16, 131_072, 262_144]);
    expect(domainSize({ constraints: 0, publicInputs: 0 })).to.equal(2); // as in snarkjs
  });
});
