import { expect } from "chai";
import { renderReport, type SoakReport } from "../../evidence/soak/report.ts";

describe("soak: report", () => {
  const report: SoakReport = {
    seed: 13,
    minutes: 30,
    epochSeconds: 30,
    requests: 90_000,
    spoiled: 6_000,
    segments: 200,
    injected: {
      endpoint: { errors: 100, limited: 101, "null receipts": 102, "batches refused": 103, behind: 104 },
    },
    epochs: { due: 240, proven: 238, provenAgain: 12, lostToData: 1, lostToOutages: 0, lost: 1 },
    customer: { stored: 120, refused: 20 },
    verdicts: { valid: 250, invalid: 0 },
    usage: [{ process: "node-1", of: "MB", early: 300, late: 310 }],
    losses: ["vNode 1, epoch 5: no reason (21.3 s of its window were clear at a stretch, 10.0 s suffice)"],
    checks: [
      { name: "epochs lost without an injected fault", passed: false, found: "1: vNode 1, epoch 5" },
      { name: "reads with wrong bytes", passed: true, found: "none" },
    ],
    passed: false,
  };

  it("fits into 80 columns, and names what does not hold", () => {
    const lines = renderReport(report).split("\n");
    for (const line of lines) expect(line).to.have.lengthOf.at.most(80);
    expect(lines.filter((line) => line.startsWith("  FAILS"))).to.have.lengthOf(1);
    expect(lines.join(" ").replaceAll(/\s+/g, " ")).to.include(
      "238 proven, 1 lost without an injected fault",
    );
  });
});
