// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @title Pages
/// @notice How a page of an election's result is written: for each nominator, in ascending order,
///
///     id (4 bytes), number of edges (1 byte), then for each edge, in ascending order of seats: seat (1 byte), stake (12 bytes)
library Pages {
    uint256 private constant HEAD = 5;
    uint256 private constant EDGE = 13;

    /// @return id the nominator whose entry begins there.
    /// @return edges how many edges it has, at least 1.
    /// @return end where the next entry begins; 0 if the page ends within this one.
    function nominatorAt(
        bytes calldata page,
        uint256 offset
    ) internal pure returns (uint32 id, uint256 edges, uint256 end) {
        if (offset + HEAD > page.length) return (0, 0, 0);
        id = uint32(bytes4(page[offset:]));
        edges = uint8(page[offset + 4]);
        end = offset + HEAD + EDGE * edges;
        if (edges == 0 || end > page.length) end = 0;
    }

    function edgeAt(
        bytes calldata page,
        uint256 offset,
        uint256 index
    ) internal pure returns (uint256 seat, uint256 stake) {
        uint256 from = offset + HEAD + EDGE * index;
        uint104 word = uint104(bytes13(page[from:from + EDGE]));
        return (word >> 96, uint96(word));
    }

    /// @notice Whether all edges go to the nominator's targets, and have its budget at most. Adds them to the backing.
    /// @param winners the seats' candidates in ascending order, as targets are.
    function backs(
        bytes calldata page,
        uint256 offset,
        uint256 edges,
        uint256[] memory winners,
        uint256 budget,
        uint256 targets,
        uint256[] memory backing
    ) internal pure returns (bool) {
        uint256 next = 0;
        for (uint256 i = 0; i < edges; ++i) {
            (uint256 seat, uint256 stake) = edgeAt(page, offset, i);
            if (seat < next || seat >= winners.length || stake == 0 || stake > budget) return false;
            uint256 winner = winners[seat];
            while (targets & 0xffff < winner) {
                if (targets == 0) return false;
                targets >>= 16;
            }
            if (targets & 0xffff != winner) return false;
            backing[seat] += stake;
            budget -= stake;
            next = seat + 1;
        }
        return true;
    }
}
