// Parses PowerShell scripts with tree-sitter's grammar. Reads a JSON list of
// scripts from standard input and prints a JSON list: for each, null when it
// parses, or where the first error stands ({row, column}, from 1).
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Language, Parser } from "web-tree-sitter";

const require = createRequire(import.meta.url);
await Parser.init();
const parser = new Parser();
parser.setLanguage(await Language.load(require.resolve("tree-sitter-powershell/tree-sitter-powershell.wasm")));

function firstError(node) {
  if (node.isError || node.isMissing) return node;
  for (const child of node.children) {
    if (child && (child.hasError || child.isMissing)) {
      const found = firstError(child);
      if (found) return found;
    }
  }
  return null;
}

const scripts = JSON.parse(readFileSync(0, "utf8"));
const answers = scripts.map((script) => {
  const tree = parser.parse(script + "\n"); // the grammar wants a last line to end
  const root = tree.rootNode;
  let answer = null;
  if (root.hasError) {
    const { row, column } = (firstError(root) ?? root).startPosition;
    answer = { row: row + 1, column: column + 1 };
  }
  tree.delete();
  return answer;
});
process.stdout.write(JSON.stringify(answers));
