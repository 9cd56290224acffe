// The commands of a cluster that proof of storage manages, against a chain.
import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { Command } from "commander";
import { addProofCommands } from "../../client/commands/governance-proof.ts";
import { writeProbation } from "../../client/governance/proof-seed.ts";
import { developmentAccounts } from "../../contracts/accounts.ts";
import { roundEvidence } from "../../drand/rounds.ts";
import { present } from "../../evidence/world/present.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { makeFolder } from "../helpers/folder.ts";
import { EPOCH_SECONDS, MARGIN, startLiveChain, RENT, type LiveChain } from "../helpers/live-chain.ts";

/** The account of the first node's provider. */
const PROVIDER = 4;

describe("governance: commands of a cluster that proof of storage manages", function () {
  this.timeout(120_000);
  let live: LiveChain;
  let folder: string;
  let manager: string;

  const run = async (...args: string[]): Promise<Record<string, unknown>> => {
    const program = new Command().exitOverride();
    addProofCommands(program);
    const lines: string[] = [];
    const write = process.stdout.write.bind(process.stdout);
    process.stdout.write = (text: string) => lines.push(text) > 0;
    try {
      const where = ["--rpc", live.rpcUrl, "--audits", live.deployment.audits, "--key", join(folder, "key")];
      await program.parseAsync(["node", "holdfast", ...args, ...where, "--json"]);
    } finally {
      process.stdout.write = write;
    }
    return JSON.parse(lines.at(-1) ?? "{}") as Record<string, unknown>;
  };
  const refusal = async (...args: string[]): Promise<string> => {
    try {
      await run(...args);
    } catch (error) {
      if (error instanceof HoldfastError) return error.message;
      throw error;
    }
    throw new Error("it was not refused");
  };

  /** Records an epoch's round of the relay, whose first round is a second before genesis. */
  const record = async (epoch: number): Promise<void> => {
    const round = epoch * EPOCH_SECONDS + MARGIN + 2;
    const answer = await fetch(`${live.relayUrl}/public/${round}`);
    const { signature } = (await answer.json()) as { signature: string };
    await live.app.send("audits", "recordBeacon", [
      0,
      epoch,
      roundEvidence(round, Buffer.from(signature, "hex")),
    ]);
  };

  before(async () => {
    live = await startLiveChain();
    folder = await makeFolder();
    await writeFile(join(folder, "key"), present(developmentAccounts(10)[PROVIDER]).privateKey, {
      mode: 0o600,
    });
  });
  after(async () => {
    await live.close();
    await rm(folder, { recursive: true });
  });

  it("create a manager with the rules that are given", async () => {
    const options = ["--seat-leaves", "10", "--price", String(RENT), "--probation", "2"];
    const made = await run("proof", "create", "1", ...options, "--yes");
    manager = made["manager"] as string;
    expect(made["rules"]).to.include({ probation: 2, seatLeaves: "10", standby: 4 });
    const shown = await run("proof", "show", manager);
    expect(shown).to.deep.include({
      cluster: "1",
      manages: false,
      price: String(RENT),
      members: [],
      ring: [],
    });
  });

  it("refuse an address that is no manager", async () => {
    expect(await refusal("proof", "show", live.deployment.audits)).to.match(/is no ProofOfStorageManager/);
  });

  it("say in a dry run what they would do, send nothing, and say why something is refused", async () => {
    const join = ["proof", "join", manager, "1", "--capacity", "100"];
    expect(await refusal(...join, "--dry-run")).to.match(/not managing/);
    await live.manager.send("registry", "proposeManager", [1, manager]);
    const delay = await live.app.read<bigint>("audits", "changeDelay");
    for (let i = 0n; i < delay; i++) await live.nextEpoch();
    const data = "0x2852b71c"; // accept()
    await live.manager.submit("accept", manager, data);
    expect(await refusal(...join, "--dry-run")).to.match(/node 1: it does not trust the manager/);
    const [owner] = live.nodes;
    await present(owner).owner.send("registry", "trust", [manager, true]);
    const before = await live.provider.getBlockNumber();
    const { method, would } = await run(...join, "--dry-run");
    expect(method).to.equal("join");
    expect(would).to.match(
      /make node 1 a candidate that offers 100 leaves, .* it must then store 1983 bytes/,
    );
    expect(await live.provider.getBlockNumber()).to.equal(before);
    const { events } = await run(...join, "--yes");
    expect((events as object[])[0]).to.deep.include({ event: "Joined", node: "1", leaves: "4" });
  });

  it("make the file that the candidate must store, once its seed is known", async () => {
    const out = join(folder, "probation");
    expect(await refusal("probation", manager, "1", "--out", out)).to.match(/not known yet/);
    await record(await live.nextEpoch());
    expect(await run("probation", manager, "1", "--out", out)).to.include({
      leaves: 4,
      bytes: 1983,
      vNode: "3",
    });
    expect((await stat(out)).size).to.equal(1983);
  });

  it("crank what there is to do, and nothing in a dry run", async () => {
    const planned = await run("proof", "crank", manager, "--dry-run");
    const methods = (planned["cranks"] as { method: string }[]).map(({ method }) => method);
    expect(methods).to.include.members(["reprice", "enlist"]);
    const done = await run("proof", "crank", manager, "--max", "3", "--yes");
    expect((done["cranks"] as object[]).length).to.equal(3);
    const { ring } = await run("proof", "show", manager);
    expect((ring as object[]).length).to.equal(2);
    const { events } = await run("proof", "leave", manager, "1", "--yes");
    expect((events as object[])[0]).to.include({ event: "Ended", reason: "left" });
  });

  it("make the same file from the same seed, and another one from another", async () => {
    const seeds = [`0x${"11".repeat(32)}`, `0x${"12".repeat(32)}`];
    const paths = ["a", "b", "c"].map((name) => join(folder, name));
    const [a = "", b = "", c = ""] = paths;
    expect(await writeProbation(a, present(seeds[0]), 4)).to.equal(4 * 496 - 1);
    await writeProbation(b, present(seeds[0]), 4);
    await writeProbation(c, present(seeds[1]), 4);
    expect((await stat(a)).size).to.equal(1983);
    expect(await readFile(a)).to.deep.equal(await readFile(b));
    expect((await readFile(a)).equals(await readFile(c))).to.equal(false);
    try {
      await writeProbation(a, present(seeds[0]), 4);
      expect.fail("an existing file was overwritten");
    } catch (error) {
      expect((error as HoldfastError).code).to.not.equal(undefined);
    }
  });
});
