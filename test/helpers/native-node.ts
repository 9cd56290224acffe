/**
 * Loaded by every worker of the test runner, whose own loader must not reach the processes that the tests start: they run
 * on Node alone, as they ship.
 */
delete process.env["NODE_OPTIONS"];
