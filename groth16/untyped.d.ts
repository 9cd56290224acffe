// The parts that Holdfast uses of two packages that ship no types: snarkjs 0.7 and ffjavascript 0.3.

declare module "ffjavascript" {
  /** Field elements are bytes in Montgomery form; points consist of affine or Jacobian coordinates in that form. */
  interface Field {
    readonly n8: number;
    /** w[i] is a primitive root of unity of order 2^i. */
    readonly w: readonly Uint8Array[];
    e(value: bigint | number): Uint8Array;
    toObject(element: Uint8Array): bigint;
    /** Of many elements; wrong for a Buffer, right for a plain Uint8Array. */
    fft(elements: Uint8Array): Promise<Uint8Array>;
    ifft(elements: Uint8Array): Promise<Uint8Array>;
    /** Element i times first * factor^i. */
    batchApplyKey(elements: Uint8Array, first: Uint8Array, factor: Uint8Array): Promise<Uint8Array>;
  }
  interface Group {
    readonly g: Uint8Array;
    add(a: Uint8Array, b: Uint8Array): Uint8Array;
    neg(point: Uint8Array): Uint8Array;
    isZero(point: Uint8Array): boolean;
    timesScalar(point: Uint8Array, scalar: bigint): Uint8Array;
    fromObject(point: unknown): Uint8Array;
    timesFr(point: Uint8Array, scalar: Uint8Array): Uint8Array;
    toAffine(point: Uint8Array): Uint8Array;
    batchToAffine(points: Uint8Array): Promise<Uint8Array>;
    /** Scalars are 32 bytes each, little-endian and not in Montgomery form. */
    multiExpAffine(points: Uint8Array, scalars: Uint8Array): Promise<Uint8Array>;
    toObject(point: Uint8Array): unknown;
    /** Big-endian, not in Montgomery form. */
    toRprUncompressed(to: Uint8Array, at: number, point: Uint8Array): void;
  }
  interface Curve {
    readonly name: string;
    readonly q: bigint;
    readonly r: bigint;
    readonly Fr: Field;
    readonly G1: Group;
    readonly G2: Group;

    terminate(): Promise<void>;
  }
  export function buildBn128(singleThread?: boolean): Promise<Curve>;
}

declare module "snarkjs" {
  type File = string | { type: "mem"; data?: Uint8Array };
  interface Groth16Proof {
    pi_a: string[];
    pi_b: string[][];
    pi_c: string[];
    protocol: string;
    curve: string;
  }
  interface VerificationKey {
    protocol: string;
    curve: string;
    nPublic: number;
    vk_alpha_1: string[];
    vk_beta_2: string[][];
    vk_gamma_2: string[][];
    vk_delta_2: string[][];
    vk_alphabeta_12: string[][][];
    IC: string[][];
  }
  interface Proved {
    proof: Groth16Proof;
    publicSignals: string[];
  }
  export const groth16: {
    prove(zkey: File, witness: File): Promise<Proved>;
    fullProve(input: object, wasm: File, zkey: File): Promise<Proved>;
    verify(key: VerificationKey, publicSignals: string[], proof: Groth16Proof): Promise<boolean>;
  };
  interface Logger {
    debug(line: string): void;
    info(line: string): void;
    warn(line: string): void;
    error(line: string): void;
  }
  export const zKey: {
    exportVerificationKey(zkey: File): Promise<VerificationKey>;
    /** The circuit's hash, or -1 with the reason in the log. */
    newZKey(r1cs: File, ptau: File, out: File, log?: Logger): Promise<Uint8Array | -1>;
    /** The contribution's hash. */
    contribute(from: File, to: File, name: string, entropy: string, log?: Logger): Promise<Uint8Array>;
    /** The contribution's hash, or false with the reason in the log. */
    beacon(
      from: File,
      to: File,
      name: string,
      hex: string,
      iterationsExp: number,
      log?: Logger,
    ): Promise<Uint8Array | false>;
    /** False with the reason in the log or on the console. */
    verifyFromInit(initial: File, ptau: File, zkey: File, log?: Logger): Promise<boolean>;
  };
  export const wtns: {
    check(r1cs: File, witness: File): Promise<boolean>;
  };
}
