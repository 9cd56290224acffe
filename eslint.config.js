import js from "@eslint/js";
import ts from "typescript-eslint";

/** Which folders each may import from (docs/architecture.md). test/ may import from all. */
const LOWER = ["protocol", "chain", "net", "circuits", "contracts"];
const FLOORS = {
  protocol: [],
  chain: ["protocol"],
  net: ["protocol"],
  circuits: ["protocol"],
  contracts: ["protocol"],
  prover: LOWER,
  verifier: LOWER,
  client: [...LOWER, "prover", "verifier"],
  scripts: ["protocol", "client"],
  assurance: ["protocol", "circuits", "prover"],
  simulation: ["protocol", "contracts"],
  soak: [...LOWER, "prover", "verifier", "client", "simulation"],
  bench: [...LOWER, "prover", "verifier", "client", "test/helpers"],
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
            regex: `^(\\.\\./)+${other === "test" && below.includes("test/helpers") ? "test/(?!helpers/)" : `${other}/`}`,
            message: `${folder}/ imports from ${below.join(", ") || "no other folder"} only (docs/architecture.md)`,
          })),
      },
    ],
  },
}));

export default ts.config(
  { ignores: ["node_modules", "artifacts", "build", "cache", "types", "**/generated", "protocol/assembly"] },
  js.configs.recommended,
  ...ts.configs.strictTypeChecked,
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
