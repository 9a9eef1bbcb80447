// The defaults of every plugin's settings as the page fills them in are those
// that JupyterLab's own validator fills in: node test/composite.mjs
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import ts from 'typescript';
import { collectSchemas } from '../build/schemas.mjs';

const require = createRequire(import.meta.url);
const { default: Ajv } = await import(
  createRequire(require.resolve('@jupyterlab/settingregistry')).resolve('ajv')
);
const source = file =>
  readFileSync(new URL('../' + file, import.meta.url), 'utf8');
const compiled = ts.transpile(source('src/notebook/composite.ts'), {
  module: ts.ModuleKind.ESNext,
  target: ts.ScriptTarget.ES2022
});
const { complete, plain } = await import(
  'data:text/javascript,' + encodeURIComponent(compiled)
);

if (!existsSync(new URL('../generated/schemas.json', import.meta.url)))
  collectSchemas();
const schemas = JSON.parse(source('generated/schemas.json'));
// What the plugins' own schemas do not use, or only since a later JupyterLab.
schemas['own:tricky'] = {
  schema: {
    type: 'object',
    definitions: { point: { properties: { x: { default: 1 } } } },
    properties: {
      at: { $ref: '#/definitions/point', default: { y: 2 } },
      list: { items: { properties: { on: { default: true } } } },
      both: { allOf: [{ properties: { a: { default: 'b' } } }], default: {} },
      count: { type: 'integer' },
      few: { type: 'string', enum: ['a', 'b'] },
      size: { type: 'number', minimum: 3 }
    }
  }
};
const users = [
  {},
  { list: [{}, { on: false }], at: {}, few: 'b', count: 3, size: 1 },
  { count: 1.5, few: 'c', overrides: { 'code-font-size': '14px' } }
];
let passed = 0;
let failed = 0;
for (const [id, { schema }] of Object.entries(schemas)) {
  const ajv = new Ajv({ useDefaults: true, strict: false });
  const check = ajv.compile(schema);
  for (const user of users) {
    const want = structuredClone(user);
    const right = check(want);
    if (!right) {
      if (!plain(schema, user)) continue;
      failed++;
      console.log(`FAIL ${id}: ${JSON.stringify(user)} is taken for right`);
      continue;
    }
    const got = structuredClone(user);
    complete(schema, got);
    if (JSON.stringify(sorted(got)) === JSON.stringify(sorted(want))) passed++;
    else {
      failed++;
      console.log(
        `FAIL ${id}: got ${JSON.stringify(got)}, want ${JSON.stringify(want)}`
      );
    }
  }
}

function sorted(value) {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map(k => [k, sorted(value[k])])
  );
}

console.log(`${passed} passed, ${failed} failed`);
if (failed || !passed) process.exitCode = 1;
