/**
 * Who decided what, by which rule: a line for each decision, and a record of all of them.
 */
export interface Decision {
  /** The epoch in which it was made. */
  readonly epoch: number;
  /** The way of deciding that is in charge, or that prepares itself. */
  readonly manager: string;
  /** Who decided, such as "2 of 3 owners". */
  readonly by: string;
  readonly what: string;
  readonly rule: string;
}

export interface Decisions {
  readonly all: readonly Decision[];
  add(decision: Decision): void;
}

/** Columns that the time before each line takes, and those of a terminal. */
const TIME = 10;
const COLUMNS = 80;
const HEAD = 10;

export function createDecisions(log: (line: string) => void): Decisions {
  const all: Decision[] = [];
  return {
    all,
    add(decision) {
      all.push(decision);
      log(describeDecision(decision).join(`\n${" ".repeat(TIME)}`));
    },
  };
}

/** Lines of at most 70 columns, unless a word is longer. */
export function describeDecision({ epoch, manager, by, what, rule }: Decision): string[] {
  const lines = wrap(`${manager}, ${by}: ${what}. Rule: ${rule}.`, COLUMNS - TIME - HEAD);
  return lines.map((line, i) => (i === 0 ? `epoch ${epoch}`.padEnd(HEAD) : " ".repeat(HEAD)) + line);
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
