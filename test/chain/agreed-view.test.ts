// Important views: two endpoints must agree about them, unless the block was agreed on before.
import { expect } from "chai";
import { Contract, toBeHex, zeroPadValue } from "ethers";
import { agreedView } from "../../chain/agreed-view.ts";
import { holdfastErrorOf } from "../helpers/errors.ts";
import { FIRST_HEAD, useEndpoints, type FakeEndpoint } from "../helpers/fake-endpoints.ts";

describe("chain: a view that decides", () => {
  const { bench, all, asked } = useEndpoints();
  const ABI = ["function rent(uint256 node) view returns (uint256)"];
  const says = (fake: FakeEndpoint, rent: number): void => {
    fake.says = ({ method }) =>
      method === "eth_call" ? { result: zeroPadValue(toBeHex(rent), 32) } : undefined;
  };
  const rentBy = async (count: number, ...more: object[]): Promise<unknown> => {
    const provider = await bench().open(all().slice(0, count));
    const contract = new Contract(`0x${"11".repeat(20)}`, ABI, provider);
    return agreedView(provider, contract, "rent", [3n, ...more]);
  };

  it("is asked of the only one", async () => {
    says(all()[0], 5);
    expect(await rentBy(1)).to.equal(5n);
  });

  it("is what two say", async () => {
    for (const fake of all()) says(fake, 5);
    expect(await rentBy(2)).to.equal(5n);
    expect(asked("eth_call")).to.deep.equal([1, 1, 0]);
  });

  it("is not known where one says another rent", async () => {
    const [first, second] = all();
    says(first, 5);
    says(second, 1);
    const error = await holdfastErrorOf(rentBy(2));
    expect(error.code).to.equal("unreachable");
    expect(error.message).to.include("disagree about rent");
  });

  it("of a block is asked of one", async () => {
    for (const fake of all()) says(fake, 5);
    expect(await rentBy(2, { blockTag: FIRST_HEAD })).to.equal(5n);
    expect(asked("eth_call")).to.deep.equal([1, 0, 0]);
  });
});
