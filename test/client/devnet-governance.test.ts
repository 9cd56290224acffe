// The parts of the governance scenario that need no network: its schedule, its lines, and what it expects of the events.
import { expect } from "chai";
import { Interface, makeError } from "ethers";
import type { Chain, ChainEvent, Sent } from "../../client/chain.ts";
import { settingsOf } from "../../client/commands/devnet.ts";
import { createChecks } from "../../client/devnet/checks.ts";
import { createDecisions, describeDecision } from "../../client/devnet/governance/decisions.ts";
import { judgeService, paidEpochs } from "../../client/devnet/governance/expectations.ts";
import { createHandOvers } from "../../client/devnet/governance/hand-overs.ts";
import { inTurn } from "../../client/devnet/governance/people.ts";
import { scheduleOf } from "../../client/devnet/governance/schedule.ts";
import { createService } from "../../client/devnet/governance/service.ts";
import { createWatch, type Watch } from "../../client/devnet/governance/watch.ts";
import { contractArtifact } from "../../contracts/artifacts.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { errorOf } from "../helpers/errors.ts";

type Args = Readonly<Record<string, bigint | number>>;

const eventsOf = (...told: readonly (readonly [name: string, args: Args])[]): ChainEvent[] =>
  told.map(([name, args]) => ({
    contract: "audits",
    name,
    block: 1,
    transaction: "0x",
    args: Object.fromEntries(
      Object.entries({ vNode: 1, ...args }).map(([key, value]) => [key, BigInt(value)]),
    ),
  }));

describe("client: the settings of a local network", () => {
  it("are those of the scenario", () => {
    const storage = settingsOf({ scenario: "storage" });
    expect(storage).to.include({ profile: "demo", epochSeconds: 10, contracts: "deployed" });
    expect(storage.file).to.match(/soljson\.js$/);
    const governance = settingsOf({ scenario: "governance" });
    expect(governance).to.include({ profile: "tiny", epochSeconds: 5, contracts: "managers" });
    expect(governance.file).to.match(/LICENSE$/);
  });

  it("are what is given instead", () => {
    const given = { file: "data", profile: "demo", epochSeconds: 30 };
    expect(settingsOf({ scenario: "governance", ...given })).to.deep.equal({
      ...given,
      contracts: "managers",
    });
    expect(() => settingsOf({ scenario: "storage", profile: "huge" })).to.throw(
      HoldfastError,
      /no profile "huge"/,
    );
  });
});

describe("client: the schedule of the hand-overs", () => {
  it("has a delay for each, and what proof of storage takes before it can offer the cluster", () => {
    expect(scheduleOf(10).map(({ manager, epoch }) => `${manager} ${epoch}`)).to.deep.equal([
      "Safe 10",
      "token holders 20",
      "reputation 30",
      "proof of storage 40",
      "nomination 57",
      "account 67",
    ]);
  });
});

describe("client: a decision", () => {
  const decision = {
    epoch: 12,
    manager: "Safe",
    by: "2 of 3 owners",
    what: "the manager's fee is 3 % from epoch 22 on, not 2 %",
    rule: "2 signatures under one transaction",
  };

  it("is a line of who decided what in which epoch by which rule, of at most 80 columns with its time", () => {
    const lines = describeDecision(decision);
    expect(lines).to.deep.equal([
      "epoch 12  Safe, 2 of 3 owners: the manager's fee is 3 % from epoch 22",
      "          on, not 2 %. Rule: 2 signatures under one transaction.",
    ]);
    expect(Math.max(...lines.map(({ length }) => length))).to.be.at.most(70);
  });

  it("breaks no word", () => {
    const what = "x".repeat(90);
    expect(describeDecision({ ...decision, what })).to.include(`          ${what}.`);
  });

  it("is printed and kept", () => {
    const lines: string[] = [];
    const decisions = createDecisions((line) => lines.push(line));
    decisions.add(decision);
    expect(decisions.all).to.deep.equal([decision]);
    expect(lines).to.deep.equal([describeDecision(decision).join(`\n${" ".repeat(10)}`)]);
  });
});

describe("client: a hand-over of the scenario", () => {
  const [manager, registry] = [`0x${"1".repeat(40)}`, `0x${"2".repeat(40)}`];
  const clusters = new Interface(contractArtifact("IClusters").abi);

  /** @param early the contract's answer to an acceptance now */
  function handingOver(early: () => Promise<string>, found: string) {
    const answers: Readonly<Record<string, unknown>> = {
      cluster: { manager: found, pendingManager: manager, acceptableFrom: 14n },
      ...{ currentEpoch: 14n, genesis: 0n, epochSeconds: 5n, changeDelay: 10n },
    };
    const chain = {
      addresses: { registry },
      provider: { call: early },
      read: (_: string, method: string) => Promise.resolve(answers[method]),
      block: () => Promise.resolve({ number: 1, timestamp: 70 }),
    } as unknown as Chain;
    const checks = createChecks(() => undefined);
    const calendar = { genesis: 0n, epochSeconds: 5n, changeDelay: 10n };
    const watch = { toEpoch: () => Promise.resolve() } as unknown as Watch;
    return { checks, handOvers: createHandOvers({ chain, cluster: 1n, calendar, checks, watch }) };
  }
  const offer = {
    events: [{ ...(eventsOf(["ManagerProposed", { cluster: 1, acceptableFrom: 14 }])[0] as ChainEvent) }].map(
      (event) => ({ ...event, args: { ...event.args, manager } }),
    ),
  };
  const tooEarly = async (): Promise<string> => {
    await Promise.resolve();
    const data = clusters.encodeErrorResult("ManagerTooEarly", [1, 14, 4]);
    throw makeError("reverted", "CALL_EXCEPTION", { data } as never);
  };

  it("is offered, refused before its delay, and accepted", async () => {
    const { checks, handOvers } = handingOver(tooEarly, manager);
    await handOvers.offered("account", "Safe", offer);
    await handOvers.untilAcceptable();
    await handOvers.accepted();
    expect(handOvers.all).to.deep.equal([
      { ...{ from: "account", to: "Safe", manager }, offered: 4, acceptableFrom: 14, accepted: 14 },
    ]);
    expect(checks.all.map(({ passed }) => passed)).to.deep.equal([true, true]);
  });

  it("is not as expected if it can be accepted at once, or if another one has the cluster", async () => {
    const { checks, handOvers } = handingOver(() => Promise.resolve("0x"), registry);
    await handOvers.offered("account", "Safe", offer);
    await handOvers.accepted();
    expect(checks.all.map(({ passed }) => passed)).to.deep.equal([false, false]);
  });
});

describe("client: service under all managers", () => {
  const spans = [{ vNode: 1n, since: 2n, epoch: 4n }];
  const proofs = eventsOf(...[2, 3, 4].map((epoch) => ["Proven", { since: epoch, epoch }] as const));

  it("is due from the first segment of a vNode to the end of the last one", () => {
    const events = eventsOf(
      ["SegmentStored", { from: 5, end: 9 }],
      ["SegmentStored", { from: 3, end: 7 }],
      ["SegmentStored", { vNode: 2, from: 7, end: 8 }],
    );
    expect(paidEpochs(events)).to.deep.equal([
      { vNode: 1n, since: 3n, epoch: 8n },
      { vNode: 2n, since: 7n, epoch: 7n },
    ]);
  });

  it("is as it should be if each epoch was proven and paid", () => {
    expect(judgeService(proofs, spans)).to.deep.equal({
      passed: true,
      found: "3 epochs of 1 vNodes paid, 0 refunded, 0 missed",
    });
  });

  it("is not if an epoch was missed, refunded or never decided", () => {
    const missed = [
      ...proofs.slice(0, 2),
      ...eventsOf(["Missed", { epoch: 4 }], ["EpochsRefunded", { since: 4, epoch: 4 }]),
    ];
    expect(judgeService(missed, spans)).to.deep.equal({
      passed: false,
      found: "2 epochs of 1 vNodes paid, 1 refunded, 1 missed",
    });
    expect(judgeService(proofs.slice(1), spans)).to.deep.equal({
      passed: false,
      found: "2 epochs of 1 vNodes paid, 0 refunded, 0 missed; epoch 2 of vNode 1: 0 proofs, 0 refunds",
    });
  });

  it("is a line for each epoch once its misses are known", async () => {
    const lines: string[] = [];
    const service = createService({ log: (line) => lines.push(line) });
    const paid = eventsOf(["Proven", { epoch: 2, amount: 5 }], ["Proven", { vNode: 2, epoch: 2, amount: 6 }]);
    await service.follow(paid, 3);
    expect(service.rows.map(({ epoch }) => epoch)).to.deep.equal([1]);
    await service.follow(paid, 4);
    expect(service.rows.at(-1)).to.deep.equal({ epoch: 2, proven: 2, missed: 0, paid: 11n });
    expect([service.epoch, lines]).to.deep.equal([4, ["epoch 2   2 vNodes proven and paid, 0 missed"]]);
  });
});

describe("client: whoever waits for the chain", () => {
  function watching(readings: readonly number[]) {
    const ending = new AbortController();
    let [epoch, at] = [0, 0];
    const history = {
      events: [],
      update: () => {
        epoch = readings[at++] ?? epoch;
        return Promise.resolve();
      },
      until: () => Promise.reject(new Error("not used")),
    };
    const watch = createWatch({ history, epoch: () => epoch, pollMs: 1, signal: ending.signal });
    return { watch, end: () => ending.abort() };
  }

  it("is asked after each reading", async () => {
    const { watch, end } = watching([1, 2, 3]);
    const running = watch.run();
    await watch.toEpoch(3);
    expect(watch.epoch).to.equal(3);
    end();
    await running;
  });

  it("gives up after the limit, and at the end", async () => {
    const { watch, end } = watching([1, 2, 3]);
    const running = watch.run();
    const error = await errorOf(watch.until("an election", 2, () => undefined));
    expect(error.message).to.equal("an election did not happen by the end of epoch 2");
    const waiting = errorOf(watch.until("an election", 9, () => undefined));
    end();
    await running;
    expect((await waiting).name).to.equal("AbortError");
  });
});

describe("client: transactions of one account", () => {
  it("are signed one after the other, also after one that fails", async () => {
    const told: string[] = [];
    const send = async (what: string): Promise<Sent> => {
      told.push(`sign ${what}`);
      await Promise.resolve();
      told.push(`mined ${what}`);
      if (what === "a") throw new Error("refused");
      return {} as Sent;
    };
    const submit: Chain["submit"] = (what) => send(what);
    const chain = inTurn({ submit } as Chain);
    const first = errorOf(chain.submit("a", null, "0x"));
    await chain.submit("b", null, "0x");
    expect((await first).message).to.equal("refused");
    expect(told).to.deep.equal(["sign a", "mined a", "sign b", "mined b"]);
  });
});
