// What an auditor says of itself over HTTP.
import { expect } from "chai";
import type { EndpointHealth } from "../../chain/endpoints.ts";
import { createStatusServer } from "../../verifier/server.ts";

const ENDPOINTS: EndpointHealth[] = [{ endpoint: "a.example", state: "in charge" }];

describe("verifier: the status server", () => {
  const ask = async (
    status: { time: number; troubles: string[] },
    seconds: number,
    maxHeadAgeSeconds = 300,
  ): Promise<{ code: number; body: Record<string, unknown> }> => {
    const server = createStatusServer(
      { maxHeadAgeSeconds },
      {
        auditor: { status: { block: 5, epoch: 2, ...status } },
        counts: () => ({ valid: 3 }),
        endpoints: () => ENDPOINTS,
        now: () => 1000 * seconds,
      },
    );
    const answer = await server.inject("/status");
    return { code: answer.statusCode, body: answer.json() };
  };

  it("tells what was seen, and how old that is", async () => {
    const { code, body } = await ask({ time: 1000, troubles: [] }, 1012);
    expect(code).to.equal(200);
    expect(body).to.deep.equal({
      block: 5,
      epoch: 2,
      headAge: 12,
      endpoints: ENDPOINTS,
      troubles: [],
      valid: 3,
    });
  });

  it("is in trouble when the newest block is old, in words, and not where any age will do", async () => {
    const { code, body } = await ask({ time: 1000, troubles: ["another"] }, 1301);
    expect(code).to.equal(503);
    expect(body["headAge"]).to.equal(301);
    expect(body["troubles"]).to.have.lengthOf(2);
    expect(String(body["troubles"])).to.include("301 s old");
    expect((await ask({ time: 1000, troubles: [] }, 1301, 0)).code).to.equal(200);
  });

  it("is not in trouble before anything is read", async () => {
    expect((await ask({ time: 0, troubles: [] }, 1301)).code).to.equal(200);
  });
});
