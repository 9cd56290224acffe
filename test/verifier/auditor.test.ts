// The auditor's loop against a chain made up on the spot: verdicts, beacon, settling, and troubles that are its own.
import { expect } from "chai";
import { Directory } from "../../protocol/directory.ts";
import { roundEvidence } from "../../protocol/drand.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { toHex32, type Hex } from "../../protocol/field.ts";
import { createAuditor, type Auditor, type Log } from "../../verifier/auditor.ts";
import type { AuditChain, AuditEvent, SubmittedProof } from "../../verifier/chain.ts";
import type { DirectoryState } from "../../verifier/holdings.ts";
import { openState, type AuditorState } from "../../verifier/state.ts";
import { present } from "../helpers/present.ts";

const EPOCH = 10;
const MARGIN = 2;
/** Of the made-up drand network, for epoch 2. */
const ROUND = 2 * EPOCH + MARGIN;
const PROOF = [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n];
const KEY_HASH = toHex32(1n);
/** A segment's weight, of quanta of 2 units. */
const WEIGHT = 5;
const SEGMENT = { leaves: 3n, perEpoch: 2n * BigInt(WEIGHT), end: 99n };
const DRAND_KEY = "ab".repeat(128);
const randomness = (round: number): Hex => toHex32(BigInt(round));

function directoryOf(...roots: bigint[]): DirectoryState {
  const directory = new Directory(2);
  for (const root of roots) directory.append({ root, weight: WEIGHT, leaves: Number(SEGMENT.leaves) });
  return { root: directory.root, total: directory.total };
}

interface LogLine {
  readonly level: keyof Log;
  readonly message: string;
  readonly [field: string]: unknown;
}

/** A deployment with one vNode of node 7, which holds one segment from epoch 1 on. */
function world() {
  const blocks: { hash: string; timestamp: number; events: AuditEvent[] }[] = [];
  const proofs = new Map<string, SubmittedProof[] | undefined>();
  const recorded: { beacon: number; epoch: number; evidence: Uint8Array }[] = [];
  const settlements: bigint[] = [];
  const expired: bigint[] = [];
  const lines: LogLine[] = [];
  const slept: number[] = [];
  const verified: (readonly bigint[])[] = [];
  const fake = {
    down: undefined as string | undefined,
    relayDown: false,
    proofHolds: true,
    keyHashes: [KEY_HASH],
    /** One for each beacon of drand. */
    drandKeys: [DRAND_KEY],
    /** The beacon is of block headers, which say this. */
    headers: undefined as { value: Awaited<ReturnType<AuditChain["headers"]>> } | undefined,
    states: new Map([[1n, { settled: 0, idle: false }]]),
    /** What the chain says its directory was. */
    directory: directoryOf(11n),
    /** Epochs that the node pauses while it has challenges to answer. */
    paused: 0,
    /** Milliseconds by our own clock, and how many it goes on whenever it is looked at. */
    clock: 0,
    drift: 0,
    /** While a proof is verified. */
    meanwhile: (): void => undefined,
  };
  const mine = (epoch: number, ...events: { name: string; args: object; transaction?: string }[]): void => {
    mineAt(epoch * EPOCH + MARGIN, ...events);
  };
  const mineAt = (timestamp: number, ...events: Parameters<typeof mine>[1][]): void => {
    const block = blocks.length;
    blocks.push({
      ...{ hash: `0x${block}`, timestamp },
      events: events.map(({ name, args, transaction = "0xaa" }) => ({
        ...{ name, block, transaction, timestamp },
        args: { vNode: 1n, ...args },
      })),
    });
  };
  const reach = <T>(what: string, value: T): Promise<T> =>
    fake.down === what || fake.down === "all"
      ? Promise.reject(new HoldfastError("unreachable", "the chain is down"))
      : Promise.resolve(value);

  const chain: AuditChain = {
    ...{ chainId: 31337n, audits: `0x${"ab".repeat(20)}`, genesis: 0, epochSeconds: EPOCH, margin: MARGIN },
    head: () => {
      const { hash, timestamp } = present(blocks.at(-1));
      return reach("head", { number: blocks.length - 1, hash, timestamp });
    },
    hashOf: (block) => reach("hashOf", blocks[block]?.hash),
    events: (from, to) =>
      reach(
        "events",
        blocks.slice(from, to + 1).flatMap(({ events }) => events),
      ),
    proofsIn: (transaction) => reach("proofsIn", proofs.get(transaction)),
    directory: () => reach("directory", fake.directory),
    profile: (index) =>
      Promise.resolve({
        ...{ samples: 2, dataDepth: 2, directoryDepth: 2 },
        keyHash: present(fake.keyHashes[index]),
      }),
    profileCount: () => reach("profileCount", fake.keyHashes.length),
    beacon: (index) =>
      Promise.resolve(
        fake.headers ? undefined : { genesis: 1, period: 1, publicKey: present(fake.drandKeys[index]) },
      ),
    headers: () => Promise.resolve(fake.headers?.value),
    beaconCount: () => Promise.resolve(fake.drandKeys.length),
    randomness: (beacon, epoch) =>
      reach("randomness", recorded.some((r) => r.beacon === beacon && r.epoch === epoch) ? 1n : 0n),
    recordBeacon: (beacon, epoch, evidence) => {
      recorded.push({ beacon, epoch, evidence });
      return Promise.resolve();
    },
    state: (vNode) => reach("state", present(fake.states.get(vNode))),
    settle: (vNode) => {
      settlements.push(vNode);
      return reach("settle", undefined);
    },
    lastAnswer: () => reach("lastAnswer", 4 + fake.paused),
    expire: (challenge) => {
      expired.push(challenge);
      return reach("expire", undefined);
    },
    close: () => undefined,
  };
  const log = Object.fromEntries(
    (["info", "warn", "error"] as const).map((level) => [
      level,
      (fields: object, message: string) => void lines.push({ level, message, ...fields }),
    ]),
  ) as unknown as Log;
  const ending = new AbortController();
  const start = (state: AuditorState = openState(":memory:")): Auditor =>
    createAuditor(
      { chain, state, keyHash: KEY_HASH, fromBlock: 0, pollMs: 1000, log, signal: ending.signal },
      {
        drand: ({ publicKey }) =>
          publicKey === DRAND_KEY
            ? {
                round: (round) =>
                  fake.relayDown
                    ? Promise.reject(new HoldfastError("unreachable", "no relay answers"))
                    : Promise.resolve({ round, signature: toHex32(7n), randomness: randomness(round) }),
              }
            : undefined,
        verify: (proof, inputs) => {
          verified.push([...proof, ...inputs]);
          fake.meanwhile();
          return Promise.resolve(fake.proofHolds);
        },
        sleep: (ms) => {
          slept.push(ms);
          ending.abort();
          return Promise.resolve();
        },
        clock: () => (fake.clock += fake.drift),
      },
    );
  mine(
    0,
    { name: "ClusterCreated", args: { cluster: 1n, beacon: 0n, profile: 0n, quantumBits: 1n } },
    { name: "VNodeAdded", args: { cluster: 1n } },
    { name: "NodeAssigned", args: { node: 7n, fromEpoch: 1n } },
    { name: "NodeSwitched", args: { node: 7n, fromEpoch: 1n } },
    { name: "SegmentStored", args: { serial: 0n, root: toHex32(11n), start: 0n, ...SEGMENT } },
  );
  const said = (message: string): LogLine[] => lines.filter((line) => line.message === message);
  return {
    fake,
    mine,
    mineAt,
    proofs,
    recorded,
    settlements,
    expired,
    lines,
    slept,
    said,
    verified,
    start,
    blocks,
    ending,
  };
}

type World = ReturnType<typeof world>;

/** Epoch 2 begins, its beacon is on record, node 7 proves. */
function prove({ mine, proofs }: World, proof: Partial<SubmittedProof> = {}, node = 7n): void {
  mine(2, { name: "BeaconRecorded", args: { beacon: 0n, epoch: 2n, randomness: randomness(ROUND) } });
  proofs.set("0xbb", [{ vNode: 1n, epoch: 2, takeOver: false, proof: PROOF, ...proof }]);
  mine(2, { name: "Proven", args: { node, epoch: 2n }, transaction: "0xbb" });
}

describe("verifier: the auditor", () => {
  it("verifies a proof of the calldata against what the events say", async () => {
    const one = world();
    const auditor = one.start();
    prove(one);
    await auditor.tick();
    expect(one.said("verified")).to.deep.equal([
      { level: "info", message: "verified", vNode: 1, epoch: 2, outcome: "valid", transaction: "0xbb" },
    ]);
    const [words] = one.verified;
    expect(words?.slice(0, 8)).to.deep.equal(PROOF);
    expect(words?.[8]).to.equal(directoryOf(11n).root);
    expect(words?.slice(10)).to.deep.equal([0n, BigInt(WEIGHT)]);
  });

  it("says that a proof does not hold", async () => {
    const one = world();
    one.fake.proofHolds = false;
    const auditor = one.start();
    prove(one);
    await auditor.tick();
    expect(one.said("verified")).to.have.length(1);
    expect(one.said("verified")[0]).to.include({ level: "error", outcome: "invalid" });
  });

  it("says that another node was to prove", async () => {
    const one = world();
    const auditor = one.start();
    prove(one, {}, 8n);
    await auditor.tick();
    expect(one.said("verified")[0]).to.include({
      outcome: "invalid",
      reason: "node 8 is said to have proven, node 7 was to",
    });
    expect(one.verified).to.have.length(0);
  });

  for (const [what, proofs] of [
    ["another contract delivered the proof", undefined],
    ["the calldata has no proof of it", [{ vNode: 1n, epoch: 3, takeOver: false, proof: PROOF }]],
    ["the calldata has no proof of it", [{ vNode: 1n, epoch: 2, takeOver: true, proof: PROOF }]],
  ] as const) {
    it(`calls a proof that it cannot find unseen, and never invalid: ${what}`, async () => {
      const one = world();
      one.fake.proofHolds = false;
      const state = openState(":memory:");
      const auditor = one.start(state);
      prove(one);
      one.proofs.set("0xbb", proofs && [...proofs]);
      await auditor.tick();
      expect(one.said("verified")[0]).to.include({ level: "warn", outcome: "unseen", reason: what });
      expect(state.counts()).to.include({ valid: 0, invalid: 0, unseen: 1 });
      expect(one.verified).to.have.length(0);
    });
  }

  it("takes the proof that holds, if a batch has one beside it that does not", async () => {
    const one = world();
    const auditor = one.start();
    prove(one);
    const proof = { vNode: 1n, epoch: 2, takeOver: false };
    one.proofs.set("0xbb", [
      { ...proof, proof: PROOF.with(0, 9n) },
      { ...proof, proof: PROOF },
    ]);
    one.fake.proofHolds = false;
    one.fake.meanwhile = () => void (one.fake.proofHolds = one.verified.at(-1)?.[0] === 1n);
    await auditor.tick();
    expect(one.said("verified")[0]).to.include({ outcome: "valid" });
  });

  it("verifies the proof of a node that takes over, and leaves the word about a first proof alone", async () => {
    const one = world();
    const state = openState(":memory:");
    const auditor = one.start(state);
    one.mine(1, { name: "NodeAssigned", args: { node: 8n, fromEpoch: 2n } });
    prove(one);
    one.proofs.set("0xcc", [{ vNode: 1n, epoch: 2, takeOver: true, proof: PROOF }]);
    one.mine(2, { name: "TakeOverProven", args: { node: 8n, epoch: 3n }, transaction: "0xcc" });
    one.mine(3, { name: "NodeSwitched", args: { node: 8n, fromEpoch: 3n } });
    one.mine(3, { name: "TakeOverProven", args: { node: 8n, epoch: 3n }, transaction: "0xdd" });
    await auditor.tick();
    const verdict = { level: "info", message: "verified", vNode: 1, epoch: 2, outcome: "valid" };
    expect(one.said("verified")).to.deep.equal([
      { ...verdict, transaction: "0xbb" },
      { ...verdict, transaction: "0xcc", takeOver: true },
    ]);
    const [ofNode, ofSuccessor] = one.verified.map((words) => words[9]);
    expect(ofNode, "each has its own seed").not.to.equal(ofSuccessor);
    expect(state.counts()).to.include({ valid: 2, contradictions: 0 });
  });

  it("says that nobody waited to take over", async () => {
    const one = world();
    const auditor = one.start();
    prove(one);
    one.mine(2, { name: "TakeOverProven", args: { node: 8n, epoch: 3n }, transaction: "0xcc" });
    await auditor.tick();
    expect(one.said("verified")[1]).to.include({ outcome: "invalid" });
    expect(one.said("contradiction")[0]).to.include({ level: "error", what: "node 8 proves unnamed" });
  });

  it("compares the chain's directories with those of the events, once an epoch, and says once what differs", async () => {
    const one = world();
    const state = openState(":memory:");
    const auditor = one.start(state);
    one.mine(2);
    await auditor.tick();
    expect(one.said("contradiction")).to.deep.equal([]);
    for (const wrong of [{ total: 6 }, { root: 5n }]) {
      one.fake.directory = { ...directoryOf(11n), ...wrong };
      await auditor.tick();
    }
    expect(one.said("contradiction"), "as the epoch began").to.deep.equal([]);
    one.mine(3);
    one.fake.down = "directory";
    await auditor.tick();
    expect(auditor.status.troubles.join()).to.match(/comparing vNode 1: the chain is down/);
    one.fake.down = undefined;
    await auditor.tick();
    await auditor.tick();
    expect(one.said("contradiction")).to.have.length(1);
    await one.start(state).tick();
    expect(one.said("contradiction"), "across a restart").to.have.length(1);
    expect(state.counts().contradictions).to.equal(1);
  });

  it("judges a proof once, across a restart", async () => {
    const one = world();
    const state = openState(":memory:");
    const auditor = one.start(state);
    prove(one);
    await auditor.tick();
    await auditor.tick();
    const again = one.start(state);
    await again.tick();
    expect(one.said("verified")).to.have.length(1);
    const none = { invalid: 0, unseen: 0, missed: 0, contradictions: 0 };
    expect(state.counts()).to.deep.equal({ valid: 1, ...none });
  });

  for (const what of ["proofsIn", "events", "head"]) {
    it(`holds no outage of its own against a node: ${what} fails`, async () => {
      const one = world();
      const auditor = one.start();
      prove(one);
      one.fake.down = what;
      await auditor.tick();
      expect(one.said("verified")).to.have.length(0);
      expect(auditor.status.troubles.join()).to.match(/the chain is down/);
      one.fake.down = undefined;
      await auditor.tick();
      expect(one.said("verified")[0]).to.include({ outcome: "valid" });
      expect(auditor.status.troubles).to.have.length(0);
    });
  }

  it("records the running epoch's beacon once", async () => {
    const one = world();
    const auditor = one.start();
    one.mine(3);
    await auditor.tick();
    await auditor.tick();
    const evidence = roundEvidence(3 * EPOCH + MARGIN, Buffer.from(toHex32(7n).slice(2), "hex"));
    expect(one.recorded).to.deep.equal([{ beacon: 0, epoch: 3, evidence }]);
  });

  it("asks for no randomness before its source point", async () => {
    const one = world();
    one.fake.relayDown = true;
    const auditor = one.start();
    one.mineAt(3 * EPOCH + MARGIN - 1);
    await auditor.tick();
    expect(auditor.status.troubles).to.deep.equal([]);
    one.fake.relayDown = false;
    one.mineAt(3 * EPOCH + MARGIN);
    await auditor.tick();
    expect(one.recorded.map(({ epoch }) => epoch)).to.deep.equal([3]);
  });

  it("records between two proofs that take long, as soon as the next epoch's randomness is known", async () => {
    const one = world();
    const auditor = one.start();
    prove(one);
    one.mine(2, { name: "Missed", args: { node: 7n, epoch: 1n, misses: 1n } });
    const order: string[] = [];
    one.fake.meanwhile = () => {
      one.mine(3);
      one.fake.clock += 1000 * EPOCH;
      order.push(`verified, ${one.recorded.length} recorded`);
    };
    await auditor.tick();
    expect(order).to.deep.equal(["verified, 1 recorded"]);
    expect(one.recorded.map(({ epoch }) => epoch)).to.deep.equal([2, 3]);
    expect(one.said("missed")).to.have.length(1);
  });

  for (const [what, drift, ms] of [
    ["until the next source point at most", 0, 250],
    ["as always if the chain's clock is behind its own", 300, 1000],
  ] as const) {
    it(`waits ${what}`, async () => {
      const one = world();
      const auditor = one.start();
      one.mineAt(3 * EPOCH + MARGIN - 0.25);
      one.fake.drift = drift;
      await auditor.run();
      expect(one.slept).to.deep.equal([ms]);
    });
  }

  it("records a beacon that the deployment adds meanwhile, unless it is of a drand network with another key", async () => {
    const one = world();
    const auditor = one.start();
    one.mine(3);
    await auditor.tick();
    one.fake.drandKeys.push("cd".repeat(128), DRAND_KEY);
    one.mine(4, { name: "BeaconRecorded", args: { beacon: 1n, epoch: 3n, randomness: randomness(1) } });
    await auditor.tick();
    await auditor.tick();
    expect(one.recorded.map(({ beacon, epoch }) => [beacon, epoch])).to.deep.equal([
      [0, 3],
      [0, 4],
      [2, 4],
    ]);
    const unknown = "another drand key than ours: neither recorded nor checked";
    expect(one.said(unknown)).to.deep.equal([{ level: "warn", message: unknown, beacon: 1 }]);
    expect(one.said("beacon")).to.deep.equal([]);
  });

  it("accuses nobody whose proof is under another key than its own, such as one that was added meanwhile", async () => {
    const one = world();
    const auditor = one.start();
    await auditor.tick();
    one.fake.proofHolds = false;
    one.fake.keyHashes.push(toHex32(2n));
    one.mine(0, { name: "ClusterChanged", args: { cluster: 1n, beacon: 0n, profile: 1n, fromEpoch: 2n } });
    prove(one);
    one.fake.down = "profileCount";
    await auditor.tick();
    expect(auditor.status.troubles.join()).to.match(/reading the chain: the chain is down/);
    one.fake.down = undefined;
    await auditor.tick();
    expect(one.verified).to.deep.equal([]);
    expect(one.said("verified")).to.deep.equal([]);
    const unknown = "another key than ours: its proofs are not verified";
    expect(one.said(unknown)).to.deep.equal([{ level: "warn", message: unknown, profile: 1 }]);
  });

  it("records what the headers say, once they are there, and compares what is on record with them", async () => {
    const one = world();
    one.fake.headers = { value: undefined };
    const auditor = one.start();
    one.mine(2);
    await auditor.tick();
    expect(one.recorded).to.have.length(0);
    one.fake.headers.value = { evidence: Uint8Array.of(5), randomness: toHex32(8n) };
    await auditor.tick();
    expect(one.recorded).to.deep.equal([{ beacon: 0, epoch: 2, evidence: Uint8Array.of(5) }]);
    for (const value of [8n, 9n])
      one.mine(2, { name: "BeaconRecorded", args: { beacon: 0n, epoch: 2n, randomness: toHex32(value) } });
    await auditor.tick();
    expect(one.said("beacon").map((line) => [line["agrees"], line.level])).to.deep.equal([
      [true, "info"],
      [false, "error"],
    ]);
  });

  it("ends challenges that nobody answered, not before their time, and no other ones", async () => {
    const one = world();
    const auditor = one.start();
    for (const id of [1n, 2n, 3n, 4n, 5n]) one.mine(2, { name: "Challenged", args: { id } });
    one.mine(3, { name: "Answered", args: { id: 2n } });
    one.mine(4, { name: "Failed", args: { id: 3n } });
    one.mine(4, { name: "Voided", args: { id: 4n } });
    one.mine(4, { name: "Dismissed", args: { id: 5n } });
    await auditor.tick();
    expect(one.expired).to.deep.equal([]);
    one.mine(5);
    one.fake.paused = 1;
    await auditor.tick();
    expect(one.expired, "the node pauses").to.deep.equal([]);
    one.mine(6);
    one.fake.down = "expire";
    await auditor.tick();
    expect(auditor.status.troubles.join()).to.match(/ending challenge 1/);
    one.fake.down = undefined;
    await auditor.tick();
    one.mine(6, { name: "Failed", args: { id: 1n } });
    await auditor.tick();
    expect(one.expired).to.deep.equal([1n, 1n]);
    expect(one.said("expired")).to.have.length(1);
  });

  it("records nothing in epoch 0, which nobody has to prove", async () => {
    const one = world();
    await one.start().tick();
    expect(one.recorded).to.have.length(0);
  });

  it("verifies and settles while no relay answers", async () => {
    const one = world();
    const auditor = one.start();
    one.mine(4);
    one.fake.relayDown = true;
    await auditor.tick();
    expect(one.recorded).to.have.length(0);
    expect(one.settlements).to.deep.equal([1n]);
    one.fake.relayDown = false;
    await auditor.tick();
    expect(one.recorded).to.have.length(1);
  });

  it("says when the beacon on record is not drand's", async () => {
    const one = world();
    const auditor = one.start();
    one.mine(2, {
      name: "BeaconRecorded",
      args: { beacon: 0n, epoch: 2n, randomness: randomness(ROUND - 1) },
    });
    await auditor.tick();
    expect(one.said("beacon")).to.deep.equal([
      { level: "error", message: "beacon", epoch: 2, round: ROUND, beacon: 0, agrees: false },
    ]);
  });

  it("settles what is over, and leaves alone what is settled or idle", async () => {
    const one = world();
    const auditor = one.start();
    one.mine(3);
    await auditor.tick();
    expect(one.settlements).to.deep.equal([1n]);
    expect(one.said("settled")[0]).to.include({ vNode: 1, from: 1, through: 2 });
    for (const state of [
      { settled: 2, idle: false },
      { settled: 0, idle: true },
    ]) {
      one.fake.states.set(1n, state);
      await auditor.tick();
    }
    expect(one.settlements).to.have.length(1);
  });

  it("reports a miss", async () => {
    const one = world();
    const state = openState(":memory:");
    const auditor = one.start(state);
    one.mine(3, { name: "Missed", args: { node: 7n, epoch: 2n, misses: 1n } });
    await auditor.tick();
    expect(one.said("missed")).to.deep.equal([
      { level: "warn", message: "missed", vNode: 1, node: 7, epoch: 2, misses: 1 },
    ]);
    expect(state.counts().missed).to.equal(1);
  });

  it("reads everything again after a reorganization", async () => {
    const one = world();
    const auditor = one.start();
    one.mine(1, { name: "SegmentStored", args: { serial: 1n, root: toHex32(12n), start: 5n, ...SEGMENT } });
    await auditor.tick();
    one.blocks.pop();
    one.mine(1);
    present(one.blocks.at(-1)).hash = "0xother";
    prove(one);
    await auditor.tick();
    expect(one.said("reorganized")).to.have.length(1);
    expect(one.verified.at(-1)?.at(-1), "weight of the segment that is still there").to.equal(5n);
  });

  it("ends when told to, in the middle of its work", async () => {
    const one = world();
    const auditor = one.start();
    one.mine(4);
    one.fake.down = "settle";
    const running = auditor.run();
    one.ending.abort();
    await running;
    expect(one.said("verified")).to.have.length(0);
  });
});
