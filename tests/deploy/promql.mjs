// Checks that every expression in standard input, one a line, is valid PromQL.
import { parser } from "@prometheus-io/lezer-promql";
import { readFileSync } from "node:fs";

const errors = (expression) => {
  const found = [];
  parser.parse(expression).iterate({
    enter: (node) => void (node.type.isError && found.push(node.from)),
  });
  return found;
};
if (errors('sum(rate(a{b="c"}[5m])) > 1').length || !errors("sum(rate(a[5m])").length) {
  throw new Error("the parser does not tell good from bad");
}
let failed = false;
for (const expression of readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  for (const at of errors(expression)) {
    console.error(`${expression}\n${" ".repeat(at)}^ not valid`);
    failed = true;
  }
}
process.exit(failed ? 1 : 0);
