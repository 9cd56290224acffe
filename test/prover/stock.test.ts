// A start on a folder that lacks the data that the node must hold.
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import type { Hex } from "../../protocol/field.ts";
import { PROFILES } from "../../protocol/profiles.ts";
import { createHoldings } from "../../prover/holdings.ts";
import { checkNotEmpty, leaveEmpty, type StockModules } from "../../prover/stock.ts";
import { startDutyBench, type DutyBench } from "../helpers/duty-bench.ts";
import { holdfastErrorOf } from "../helpers/errors.ts";
import { NODE, PEER } from "../helpers/fake-chain.ts";
import { flip } from "../helpers/files.ts";
import { useFolder } from "../helpers/folder.ts";

describe("prover: stock", () => {
  const folder = useFolder();
  let bench: DutyBench;
  let root: Hex;
  const path = (): string => join(folder(), "segments", root.slice(2));
  const modules = async (): Promise<StockModules> => {
    await bench.restart();
    const { chain, store, journal, clock, logs } = bench;
    const { log } = logs;
    const { directoryDepth } = PROFILES.tiny;
    const holdings = createHoldings({ node: NODE, directoryDepth, fromBlock: 0 }, { chain, log });
    await holdings.update();
    return { chain, holdings, store, journal, clock, log };
  };
  const start = async (startEmpty = false): Promise<void> =>
    checkNotEmpty({ node: NODE, folder: folder(), startEmpty }, await modules());

  beforeEach(async () => {
    ({ bench, root } = await startDutyBench(folder()));
  });
  afterEach(() => bench.end());

  it("starts with what is held", async () => {
    await start();
  });

  it("refuses an empty folder, and says what is missing", async () => {
    await rm(path());
    const error = await holdfastErrorOf(start());
    expect(error).to.include({ code: "not-found" });
    expect(error.message).to.match(
      /none of the 1 segments \(5 leaves\) .* check that its disk is mounted.*startEmpty/,
    );
    expect(error.details).to.include({ segments: 1, leaves: 5, folder: folder() });
  });

  it("refuses a folder that has other things only", async () => {
    await rm(path());
    await bench.put(2);
    await mkdir(join(folder(), "segments", "lost+found"));
    await writeFile(path(), "");
    expect((await holdfastErrorOf(start())).code).to.equal("not-found");
  });

  it("starts empty when it is told to", async () => {
    await rm(path());
    await start(true);
    expect(
      bench.linesOf("the disk has none of the segments that the node must hold: fetching them")[0],
    ).to.include({
      level: 40,
      segments: 1,
    });
  });

  it("starts with nothing where another node is responsible, or nothing was proven yet", async () => {
    await rm(path());
    bench.chain.stateChange = { responsible: PEER, nextNode: NODE };
    await start();
    bench.chain.stateChange = { syncLeft: 2 };
    await start();
    bench.chain.stateChange = {};
    bench.chain.retireNow(0);
    await start();
  });

  it("starts with what is set aside: the disk is there", async () => {
    await flip(path(), 5);
    await bench.store.check(root);
    await start();
  });

  it("leaves nothing in a folder where a disk may be mounted yet, and takes nothing away that is not empty", async () => {
    bench.end();
    await leaveEmpty(folder());
    expect(await readdir(folder())).to.deep.equal(["segments"]);
    expect(await readdir(join(folder(), "segments"))).to.include(root.slice(2));
    await bench.restart();
  });
});
