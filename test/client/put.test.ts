// A put that is interrupted anywhere and resumed: payments are written down before they are made, and nothing is paid twice.
import { chmod, mkdir, readdir, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { loadHashEngine } from "../../circuits/artifacts.ts";
import { draftOf } from "../../client/app/resume.ts";
import { createApp, type App, type Save } from "../../client/app.ts";
import { openManifest } from "../../client/manifest-file.ts";
import { readObject, type StoredObject } from "../../client/object.ts";
import { present } from "../../evidence/world/present.ts";
import { startAcceptingNode, type AcceptingNode } from "../helpers/accepting-node.ts";
import { patternBytes } from "../helpers/bytes.ts";
import { errorIn, holdfast, type CliResult } from "../helpers/cli.ts";
import { errorOf, holdfastErrorOf } from "../helpers/errors.ts";
import { makeFolder, useFolder } from "../helpers/folder.ts";
import { startLiveChain, type LiveChain } from "../helpers/live-chain.ts";

const EPOCHS = 5;
/** Two segments of the tiny profile. */
const BYTES = 130_000;

describe("client: a put", function () {
  this.timeout(120_000);
  let live: LiveChain;
  let nodes: AcceptingNode[];
  let app: App;
  let keys: string;
  let tag = 1;
  const folder = useFolder();
  before(async () => {
    live = await startLiveChain();
    nodes = [];
    for (const one of live.nodes.slice(0, 2)) {
      const node = await startAcceptingNode(live, one);
      await live.setUrl(one, node.url);
      nodes.push(node);
    }
    app = createApp({ chain: live.app, engine: await loadHashEngine(), allowPrivateNodes: true });
    keys = await makeFolder();
    await writeFile(join(keys, "app"), live.appKey, { mode: 0o600 });
  });
  after(async () => {
    await Promise.all(nodes.map((node) => node.close()));
    await live.close();
    await rm(keys, { recursive: true });
  });
  let snapshot: string;
  beforeEach(async () => {
    snapshot = (await live.provider.send("evm_snapshot", [])) as string;
    for (const node of nodes) Object.assign(node, { accepts: true });
    await writeFile(path(), patternBytes(BYTES, tag++));
  });

  afterEach(() => live.provider.send("evm_revert", [snapshot]));

  const path = (): string => join(folder(), "file");
  const manifest = (): string => `${path()}.holdfast.json`;
  const second = (): AcceptingNode => present(nodes[1]);
  const order = (record?: StoredObject) => ({
    path: path(),
    bucket: 1n,
    vNodes: [1n, 2n],
    epochs: EPOCHS,
    record,
  });
  /** Number of segments that were ever stored on each vNode. */
  const counts = (): Promise<number[]> =>
    Promise.all(
      [1, 2].map(async (vNode) => {
        const { nextSerial } = await live.app.read<{ nextSerial: bigint }>("registry", "directory", [vNode]);
        return Number(nextSerial);
      }),
    );
  const storedSince = async (before: number[]): Promise<number[]> =>
    (await counts()).map((count, i) => count - (before[i] ?? 0));
  const putFile = (...more: string[]): Promise<CliResult> => {
    const where = ["--rpc", live.rpcUrl, "--audits", live.deployment.audits, "--key", join(keys, "app")];
    const what = ["--bucket", "1", "--vnodes", "1,2", "--epochs", String(EPOCHS), "--yes", "--json"];
    const nodes = ["--allow-private-nodes"];
    return holdfast("app", "put", path(), ...what, ...where, ...nodes, ...more);
  };
  const ofManifest = (command: "get" | "status", ...more: string[]): Promise<CliResult> => {
    const where = ["--rpc", live.rpcUrl, "--audits", live.deployment.audits, "--key", join(keys, "app")];
    return holdfast("app", command, manifest(), "--json", "--allow-private-nodes", ...where, ...more);
  };

  /** Saves the object, and fails at the nth call. */
  function failingSave(nth: number): { save: Save; last: () => StoredObject } {
    let saved: StoredObject | undefined;
    let times = 0;
    return {
      save(object) {
        if (++times === nth) return Promise.reject(new Error("the machine failed"));
        saved = object;
        return Promise.resolve();
      },
      last: () => present(saved),
    };
  }

  it("writes its record before anything is uploaded or paid, and after each step", async () => {
    const saved: StoredObject[] = [];
    const done = await app.put(await app.plan(order()), (object) => {
      saved.push(object);
      return Promise.resolve();
    });
    const steps = saved.map(({ replicas }) =>
      replicas
        .map(({ serials, pending }) => `${serials.length}${pending === undefined ? "" : "+"}`)
        .join(" "),
    );
    expect(steps).to.deep.equal(["0 0", "0+ 0", "2 0", "2 0+", "2 2"]);
    expect(saved.at(-1)).to.deep.equal(done);
  });

  for (const [nth, when, left] of [
    [2, "before the payment is on record", [0, 0]],
    [3, "after the first payment, before its serials are on record", [2, 0]],
    [4, "before the second payment is on record", [2, 0]],
    [5, "after the second payment", [2, 2]],
  ] as const) {
    it(`goes on after a failure ${when}, and pays for nothing twice`, async () => {
      const before = await counts();
      const { save, last } = failingSave(nth);
      await errorOf(app.put(await app.plan(order()), save));
      expect(await storedSince(before)).to.deep.equal(left);
      const plan = await app.plan(order(last()));
      const object = await app.put(plan);
      expect(object.replicas.map(({ serials }) => serials.length)).to.deep.equal([2, 2]);
      expect(await storedSince(before)).to.deep.equal([2, 2]);
      expect(object.replicas.some((replica) => "pending" in replica)).to.equal(false);
    });
  }

  /** The object that is saved when the machine fails after signing and before sending. */
  async function signedOnly(): Promise<StoredObject> {
    let saved: StoredObject | undefined;
    const failed = app.put(await app.plan(order()), (object) => {
      saved = object;
      const signed = object.replicas.some(({ pending }) => pending !== undefined);
      return signed ? Promise.reject(new Error("the machine failed")) : Promise.resolve();
    });
    expect((await errorOf(failed)).message).to.equal("the machine failed");
    return present(saved);
  }

  it("sends what was signed and never left, instead of paying anew", async () => {
    const before = await counts();
    const record = await signedOnly();
    expect(await storedSince(before)).to.deep.equal([0, 0]);
    const plan = await app.plan(order(record));
    expect(await storedSince(before)).to.deep.equal([2, 0]);
    expect(plan.targets.map(({ vNode }) => vNode)).to.deep.equal([2n]);
    await app.put(plan);
    expect(await storedSince(before)).to.deep.equal([2, 2]);
  });

  it("pays anew where another transaction took the place of the one that never left", async () => {
    const before = await counts();
    const record = await signedOnly();
    await live.app.send("registry", "setReader", [1, live.manager.account(), true]);
    await app.put(await app.plan(order(record)));
    expect(await storedSince(before)).to.deep.equal([2, 2]);
  });

  it("keeps the serials of the first replica if the second refuses, and then does the second alone", async () => {
    const before = await counts();
    second().accepts = false;
    const failed = await putFile();
    expect(failed.code).to.equal(1);
    expect(errorIn(failed).message).to.match(
      /node 2 refuses: not now; .*file.holdfast.json records what is paid for/,
    );
    expect((await readObject(manifest())).replicas.map(({ serials }) => serials.length)).to.deep.equal([
      2, 0,
    ]);
    expect((await ofManifest("status")).code).to.equal(1);
    second().accepts = true;
    present(nodes[0]).asked.length = 0;
    const { code, stdout, stderr } = await putFile();
    expect([code, stderr.replace(/^This will.*\n/, "")]).to.deep.equal([0, ""]);
    const { paid, perEpoch } = JSON.parse(stdout) as Record<string, string>;
    expect(BigInt(paid ?? 0)).to.equal(BigInt(EPOCHS) * BigInt(perEpoch ?? 0));
    expect(present(nodes[0]).asked).to.deep.equal([]);
    expect(await storedSince(before)).to.deep.equal([2, 2]);
    expect((await ofManifest("status")).code).to.equal(0);

    const again = JSON.parse((await putFile()).stdout) as Record<string, string>;
    expect(again["paid"]).to.equal("0");
    expect(await storedSince(before)).to.deep.equal([2, 2]);
  });

  it("goes on with another vNode instead of the one that refuses", async () => {
    second().accepts = false;
    expect((await putFile()).code).to.equal(1);
    second().accepts = true;
    const one = await app.plan({ ...order(await readObject(manifest())), vNodes: [1n] });
    expect(one.targets).to.deep.equal([]);
    expect(present(one.record).replicas.map(({ vNode }) => vNode)).to.deep.equal([1]);
  });

  it("pays nothing if its manifest cannot be written", async () => {
    const before = await counts();
    await mkdir(join(folder(), "dir"));
    await writeFile(join(folder(), "other"), "some notes");
    await symlink(join(folder(), "nowhere"), join(folder(), "link"));
    for (const [name, message] of [
      ["none/m.json", /none\/m.json cannot be written: there is no such file or folder/],
      ["dir", /dir is a folder: name a file/],
      ["dir/", /is not a file name/],
      ["other", /other is not a manifest/],
      ["other/m.json", /part of the path is not a folder/],
      ["link", /there is no such file or folder/],
      ["m".repeat(300), /the name is too long/],
    ] as const) {
      const result = await putFile("--manifest", join(folder(), name));
      expect(result.code, name).to.equal(1);
      expect(errorIn(result).message, name).to.match(message);
    }
    expect(await storedSince(before)).to.deep.equal([0, 0]);
    expect((await readdir(folder())).toSorted()).to.deep.equal(["dir", "file", "link", "other"]);
    expect(await readFile(join(folder(), "other"), "utf8")).to.equal("some notes");
  });

  it("leaves the manifest of another file alone, and one of other terms", async () => {
    expect((await putFile()).code).to.equal(0);
    const before = await counts();
    const old = await readFile(manifest(), "utf8");
    const longer = errorIn(await putFile("--epochs", "9"));
    expect(longer.message).to.match(/vNode 1 stores the file for 5 epochs, not for 9: give --epochs 5/);
    await writeFile(path(), patternBytes(BYTES, tag++));
    const other = errorIn(await putFile());
    expect(other.message).to.match(
      /is of a file with other bytes: keep it, and give another name with --manifest/,
    );
    await chmod(manifest(), 0o444);
    expect(errorIn(await putFile()).message).to.match(/is read-only/);
    expect(await readFile(manifest(), "utf8")).to.equal(old);
    expect(await storedSince(before)).to.deep.equal([0, 0]);
  });

  it("replaces a record that was left before anything was paid, whatever it is of", async () => {
    const plan = await app.plan(order());
    const left = await openManifest(manifest());
    await left.save(draftOf(live.app, plan));
    await writeFile(path(), patternBytes(BYTES, tag++));
    expect((await putFile()).code).to.equal(0);
    expect((await readObject(manifest())).replicas[1]?.serials).to.have.length(2);
  });

  it("does not take what has ended for stored", async () => {
    const object = await app.put(await app.plan(order()));
    for (let i = 0; i <= EPOCHS; i++) await live.nextEpoch();
    const error = await holdfastErrorOf(app.plan(order(object)));
    expect(error).to.include({ code: "expired" });
    expect(error.message).to.match(/on vNode 1 have ended: give another name with --manifest/);
  });

  it("leaves no record of a put that nothing was paid for", async () => {
    present(nodes[0]).accepts = false;
    expect((await putFile()).code).to.equal(1);
    expect(await readdir(folder())).to.deep.equal(["file"]);
  });

  it("does not write over what another process writes at the same time", async () => {
    const [one, other] = [await openManifest(manifest()), await openManifest(manifest())];
    const plan = await app.plan(order());
    const object = await app.put(plan);
    await one.save(object);
    expect(await holdfastErrorOf(other.save({ ...object, name: "other" }))).to.include({ code: "busy" });
    const third = await openManifest(manifest());
    await one.save({ ...object, name: "changed" });
    expect(await holdfastErrorOf(third.save(object))).to.include({ code: "busy" });
    expect((await readObject(manifest())).name).to.equal("changed");
  });

  it("writes through a link to the manifest", async () => {
    second().accepts = false;
    expect((await putFile("--manifest", join(folder(), "real"))).code).to.equal(1);
    second().accepts = true;
    await symlink("real", join(folder(), "link"));
    expect((await putFile("--manifest", join(folder(), "link"))).code).to.equal(0);
    expect((await readObject(join(folder(), "real"))).replicas[1]?.serials).to.have.length(2);
    expect((await readdir(folder())).toSorted()).to.deep.equal(["file", "link", "real"]);
  });

  it("can be read at once, in the epoch in which its vNodes were assigned", async () => {
    // No epoch has passed since startLiveChain assigned them.
    expect(await live.app.read<{ node: bigint }>("audits", "state", [1])).to.include({ node: 0n });
    expect((await putFile()).code).to.equal(0);
    const out = join(folder(), "out");
    const { code, stderr } = await ofManifest("get", "--out", out);
    expect([code, stderr]).to.deep.equal([0, ""]);
    expect((await readFile(out)).equals(await readFile(path()))).to.equal(true);
    const status = await app.status(await readObject(manifest()));
    expect(status.map(({ node, reachable }) => [node, reachable])).to.deep.equal([
      ["1", true],
      ["2", true],
    ]);
  });

  it("is read back to the standard output, which has nothing else then", async () => {
    await truncate(path(), 50);
    expect((await putFile()).code).to.equal(0);
    const { code, stdout, stderr } = await ofManifest("get", "--out", "-");
    expect([code, stdout]).to.deep.equal([0, await readFile(path(), "utf8")]);
    expect(JSON.parse(stderr)).to.include({ out: "-", bytes: 50 });
    expect(errorIn(await ofManifest("get", "--out", manifest())).message).to.match(/is the manifest/);
  });
});
