// Checks Kubernetes objects, a JSON array on standard input, against the API's published schemas, as the package
// kubernetes-models has them: values by their validators, and names of fields, which those let pass, by their types.
// Prints what is wrong and ends with 1.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const require = createRequire(import.meta.url);
const objects = JSON.parse(readFileSync(0, "utf8"));
const wrong = [];

const source = [];
for (const [index, object] of objects.entries()) {
  const module = `kubernetes-models/${object.apiVersion}`;
  const what = `${object.kind} ${object.metadata.name}`;
  const Model = require(module)[object.kind];
  if (Model === undefined) {
    wrong.push(`${what}: there is no ${object.kind} in ${object.apiVersion}`);
    continue;
  }
  try {
    new Model(object).validate();
  } catch (error) {
    wrong.push(`${what}: ${error.message}`);
  }
  source.push(`import { I${object.kind} as I${index} } from ${JSON.stringify(module)};`,
    `export const object${index}: I${index} = ${JSON.stringify(object)};`);
}

const file = join(dirname(fileURLToPath(import.meta.url)), "objects.ts");
const options = { noEmit: true, strict: true, skipLibCheck: true, types: [],
  module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext };
const host = ts.createCompilerHost(options);
const onDisk = { fileExists: host.fileExists, getSourceFile: host.getSourceFile };
host.fileExists = (name) => name === file || onDisk.fileExists(name);
host.getSourceFile = (name, version) =>
  name === file ? ts.createSourceFile(name, source.join("\n"), version) : onDisk.getSourceFile(name, version);
for (const diagnostic of ts.getPreEmitDiagnostics(ts.createProgram([file], options, host))) {
  wrong.push(ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n"));
}

for (const text of wrong) console.log(text);
console.log(`${objects.length} objects, ${wrong.length} mistakes`);
process.exitCode = wrong.length > 0 ? 1 : 0;
