import js from "@eslint/js";
import { createNodeResolver, importX } from "eslint-plugin-import-x";
import ts from "typescript-eslint";

/** The folders that each folder may import from (docs/architecture.md). test/ may import from all. */
const BASE = ["protocol", "system"];
const MIDDLE = [...BASE, "chain", "net", "contracts", "wasm", "drand", "groth16", "circuits", "keys"];
const FLOORS = {
  protocol: [],
  system: ["protocol"],
  chain: BASE,
  net: BASE,
  contracts: BASE,
  wasm: BASE,
  drand: BASE,
  erasure: BASE,
  objects: [...BASE, "erasure"],
  groth16: [...BASE, "wasm"],
  circuits: [...BASE, "wasm", "groth16"],
  keys: [...BASE, "drand", "groth16", "circuits"],
  prover: MIDDLE,
  verifier: MIDDLE,
  client: [...MIDDLE, "prover", "verifier"],
  scripts: ["protocol", "client"],
  evidence: [...MIDDLE, "erasure", "objects", "prover", "verifier", "client"],
};
const floors = Object.entries(FLOORS).map(([folder, below]) => ({
  files: [`${folder}/**/*.ts`],
  rules: {
    "no-restricted-imports": [
      "error",
      {
        patterns: [...Object.keys(FLOORS), "test"]
          .filter((other) => other !== folder && !below.includes(other))
          .map((other) => ({
            regex: `^(\\.\\./)+${other}/`,
            message: `${folder}/ imports from ${below.join(", ") || "no other folder"} only (docs/architecture.md)`,
          })),
      },
    ],
  },
}));

export default ts.config(
  { ignores: ["node_modules", "artifacts", "build", "cache", "types", "**/generated", "wasm/assembly"] },
  js.configs.recommended,
  ...ts.configs.strictTypeChecked,
  {
    plugins: { "import-x": importX },
    settings: {
      "import-x/resolver-next": [createNodeResolver({ extensions: [".ts", ".js", ".mjs", ".json"] })],
      "import-x/parsers": { "@typescript-eslint/parser": [".ts"] },
    },
    rules: {
      "import-x/no-cycle": "error",
      "import-x/order": [
        "error",
        {
          groups: ["builtin", "external", "parent", "sibling"],
          "newlines-between": "never",
          alphabetize: { order: "asc", orderImportKind: "ignore" },
        },
      ],
    },
  },
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ["*.js", "*.mjs", "scripts/*.mjs"] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      // Node strips types and nothing else. (tsc's erasableSyntaxOnly would also judge the generated contract types.)
      "no-restricted-syntax": [
        "error",
        "TSEnumDeclaration",
        "TSModuleDeclaration",
        "TSParameterProperty",
        "TSImportEqualsDeclaration",
        "TSExportAssignment",
      ],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
    },
  },
  { files: ["**/*.js", "**/*.mjs"], ...ts.configs.disableTypeChecked },
  {
    files: ["**/*.mjs"],
    languageOptions: { globals: { console: "readonly", process: "readonly", URL: "readonly" } },
  },
  ...floors,
  { files: ["**/*.d.ts"], rules: { "no-restricted-syntax": "off" } },
  // Chai's assertions are property reads.
  { files: ["test/**/*.ts"], rules: { "@typescript-eslint/no-unused-expressions": "off" } },
);
