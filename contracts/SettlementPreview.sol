// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAudits} from "./interfaces/IAudits.sol";
import {ILedger} from "./interfaces/ILedger.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {ClusterId, ClusterParams, VNodeId} from "./interfaces/Types.sol";

/// @title SettlementPreview
/// @notice What settling vNodes now would cost and bring. It is never deployed: an auditor simulates its creation, and what
/// the constructor returns as code is the answer.
contract SettlementPreview {
    struct Outcome {
        ClusterId cluster;
        /// The last epoch that is settled, and the last one that would be.
        uint32 from;
        uint32 through;
        /// The auditors' part of what the cluster's epochs cost now, in basis points.
        uint16 auditFee;
        uint256 gas;
        /// What the caller would get, in token units.
        uint256 reward;
    }

    constructor(IAudits audits, VNodeId[] memory vNodes, uint256 maxEpochs) {
        Outcome[] memory outcomes = new Outcome[](vNodes.length);
        IRegistry registry = audits.registry();
        ILedger ledger = audits.ledger();
        // It stops when half of the gas is used. The other half is enough for one more vNode.
        (uint256 least, uint256 count) = (gasleft() / 2, 0);
        for (; count < vNodes.length && gasleft() > least; ++count) {
            VNodeId id = vNodes[count];
            Outcome memory o = outcomes[count];
            IAudits.VNodeState memory s = audits.state(id);
            o.cluster = registry.vNode(id).cluster;
            (ClusterParams memory p, , ) = audits.params(o.cluster);
            (o.auditFee, o.from, o.through) = (p.auditFee, s.settled, s.settled);
            // Nothing is stored and nothing will be, so there is nothing to settle.
            if (s.rate == 0 && s.committed == 0) continue;

            uint256 balance = ledger.balanceOf(address(this));
            uint256 before = gasleft();
            try audits.settle(id, maxEpochs) returns (uint32 settled) {
                o.through = settled;
            } catch {
                o.through = s.settled;
            }
            o.gas = before - gasleft();
            o.reward = ledger.balanceOf(address(this)) - balance;
        }
        assembly ("memory-safe") {
            mstore(outcomes, count)
        }
        bytes memory answer = abi.encode(outcomes);
        assembly {
            return(add(answer, 32), mload(answer))
        }
    }
}
