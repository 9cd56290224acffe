// The proving loop's status, the files that it keeps on disk, and how it stops and starts again.
import { expect } from "chai";
import { HoldfastError } from "../../protocol/errors.ts";
import type { Hex } from "../../protocol/field.ts";
import type { CircuitInput } from "../../protocol/statement.ts";
import type { Duties, DutyModules, DutyOptions } from "../../prover/duties.ts";
import { isHealthy } from "../../prover/status.ts";
import { startDutyBench, type DutyBench } from "../helpers/duty-bench.ts";
import { NODE, PEER, VNODE, type FakeChain } from "../helpers/fake-chain.ts";
import type { FakeClock } from "../helpers/fake-clock.ts";
import { useFolder } from "../helpers/folder.ts";
import type { LogLine } from "../helpers/logs.ts";

describe("prover: duties, from epoch to epoch", () => {
  const folder = useFolder();
  let bench: DutyBench;
  let chain: FakeChain;
  let clock: FakeClock;
  let proved: CircuitInput[];
  let root: Hex;

  beforeEach(async () => {
    ({ bench, root } = await startDutyBench(folder()));
    ({ chain, clock, asked: proved } = bench);
  });
  afterEach(() => bench.end());

  const put = (tag: number): Promise<Hex> => bench.put(tag);
  const create = (modules: Partial<DutyModules> = {}, options: Partial<DutyOptions> = {}): Duties =>
    bench.create(options, modules);
  const lookOnce = (duties: Duties): Promise<void> => bench.lookOnce(duties);
  const provenBy = (): number[] => chain.mined.flatMap((call) => (call.kind === "prove" ? [call.epoch] : []));
  const linesOf = (msg: string): LogLine[] => bench.linesOf(msg);

  describe("status", () => {
    const sayings = async (): Promise<string> => {
      const duties = create();
      await lookOnce(duties);
      return (duties.status.vNodes[0]?.says ?? []).join("\n");
    };

    it("has nothing to say while all is well", async () => {
      expect(await sayings()).to.equal("");
    });

    it("says what waits for the next proof, and since when", async () => {
      [chain.stateChange, chain.dutyChange] = [{ deferredSince: 2, deferred: 300n }, { due: false }];
      expect(await sayings()).to.match(/epochs from 2 to 4 .* 300 token units waits for the next proof/);
      const duties = create();
      await duties.look();
      expect(duties.status.vNodes[0]?.deferred).to.deep.equal({ since: 2, amount: 300n });
      expect(await bench.metrics.text()).to.match(/holdfast_vnodes_deferred 1\n/);
    });

    it("raises an alarm, once an epoch, when nothing is paid for want of bond, and is not well", async () => {
      chain.stateChange = { short: true };
      const duties = create();
      await lookOnce(duties);
      await lookOnce(duties);
      expect(linesOf("nothing is paid until the bond is topped up")).to.have.lengthOf(1);
      expect(isHealthy(duties.status)).to.equal(false);
      expect(duties.status.vNodes[0]?.says.join()).to.match(/topped up/);
      chain.stateChange = {};
      await lookOnce(duties);
      expect(isHealthy(duties.status)).to.equal(true);
    });

    it("says that less is paid, and how much, where coverage is low", async () => {
      chain.dutyChange = { rate: 60n, asked: 100n };
      expect(await sayings()).to.match(/only 60 % of its directory is paid for, so 80 % of the rate is paid/);
      expect(await bench.metrics.text()).to.match(/holdfast_coverage 0.6\n/);
    });

    it("says who is to take over, that it leaves, and when it pauses", async () => {
      chain.emit("NodeAssigned", { vNode: VNODE, node: PEER, fromEpoch: 6n });
      chain.emit("LeaveAnnounced", { vNode: VNODE, node: NODE, epoch: 9n });
      chain.emit("Paused", { vNode: VNODE, node: NODE, from: 12n, end: 14n });
      const text = await sayings();
      expect(text).to.match(/node 4 is named/);
      expect(text).to.match(/from epoch 9 on it may be released/);
      expect(text).to.match(/paused from epoch 12 until epoch 14/);
      chain.emit("Left", { vNode: VNODE, node: NODE, epoch: 9n });
      chain.time = 14 * 20;
      expect(await sayings()).to.not.match(/announced|paused/);
    });

    it("says that its own first proof is to come", async () => {
      chain.stateChange = { syncLeft: 2 };
      expect(await sayings()).to.match(/first proof is still to come, within 2 audits/);
    });
  });

  describe("removing files", () => {
    const epochsPass = async (duties: Duties, count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        chain.time += 20;
        await lookOnce(duties);
      }
    };

    it("keeps what a directory names or may soon, and removes the rest after a while", async () => {
      const [accepted, unpaid] = [await put(2), await put(3)];
      bench.journal.recordAcceptance({
        vNode: VNODE,
        bucket: 1n,
        epochs: 1n,
        rent: 1n,
        deadline: 10_000n,
        segments: [{ root: accepted, leaves: 5 }],
        consents: [],
      });
      const duties = create();
      // Young for 60 seconds, until epoch 8; then kept for 2 epochs.
      for (const epochs of [2, 2]) {
        await epochsPass(duties, epochs);
        expect([...bench.store.segments.keys()]).to.have.members([root, accepted, unpaid]);
      }
      await epochsPass(duties, 1);
      expect([...bench.store.segments.keys()]).to.have.members([root, accepted]);
      expect(bench.journal.storedAt(unpaid)).to.equal(undefined);
    });

    it("keeps a retired segment while the running epoch asks about it", async () => {
      const duties = create();
      await lookOnce(duties);
      chain.time = 1_000;
      chain.retireNow(0);
      await lookOnce(duties);
      expect(await bench.store.find(root)).to.include({ root });
      expect(provenBy()).to.include(50);
    });

    it("removes nothing when the events do not lead to the contract's directory", async () => {
      await put(3);
      chain.directory = () => Promise.resolve({ root: 1n, total: 1, count: 1 });
      await epochsPass(create(), 8);
      expect(bench.store.segments.size).to.equal(2);
    });
  });

  describe("stopping and starting", () => {
    it("ends with nothing under way when it is stopped while a transaction waits, and sends the same bytes again", async () => {
      chain.autoMine = false;
      const duties = create();
      await duties.look();
      clock.meanwhile.push(() => bench.stop());
      await duties.settled();
      expect(bench.journal.openTransactions()).to.have.lengthOf(1);

      await bench.restart();
      chain.autoMine = true;
      const again = create();
      const stopWhenProven = (): void => {
        if (provenBy().length > 0) bench.stop();
        else clock.meanwhile.push(stopWhenProven);
      };
      clock.meanwhile.push(stopWhenProven);
      await again.run();
      expect(chain.signed).to.have.lengthOf(1);
      expect(new Set(chain.broadcasts.map(({ raw }) => raw))).to.deep.equal(new Set(["raw-1"]));
      expect(provenBy()).to.deep.equal([5]);
      expect(proved).to.have.lengthOf(1);
    });

    it("sends a proof that was made before a crash without making it again", async () => {
      chain.refuse = () => new HoldfastError("unreachable", "no RPC");
      await lookOnce(create());
      expect(bench.journal.proof(VNODE, 5)?.state).to.equal("proved");
      await bench.restart();
      chain.refuse = () => undefined;
      await lookOnce(create());
      expect([proved.length, provenBy()]).to.deep.equal([1, [5]]);
    });

    it("makes a proof again if the one it has is about another seed", async () => {
      chain.refuse = () => new HoldfastError("unreachable", "no RPC");
      await lookOnce(create());
      chain.refuse = () => undefined;
      chain.randomness = 78n;
      await lookOnce(create());
      expect(proved.map(({ seed }) => seed)).to.deep.equal([77n, 78n]);
      expect(provenBy()).to.deep.equal([5]);
    });

    it("is not ready while the chain cannot be read, says why, and goes on when it can", async () => {
      chain.failure = new Error("RPC is down");
      const duties = create();
      clock.meanwhile.push(
        () => {
          expect(duties.status).to.deep.include({ ready: false, problem: "RPC is down" });
          chain.failure = undefined;
        },
        async () => {
          await duties.settled();
          bench.stop();
        },
      );
      await duties.run();
      expect(duties.status.ready).to.equal(true);
      expect(provenBy()).to.deep.equal([5]);
    });
  });
});
