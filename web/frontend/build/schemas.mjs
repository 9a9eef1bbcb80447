// Collects the setting schemas of the plugins into one file of the page.
import { readdirSync, readFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './config.mjs';

/** Writes generated/schemas.json: plugin id → its schema and package version. */
export function collectSchemas() {
  const { dependencies } = JSON.parse(
    readFileSync(path.join(root, 'package.json'), 'utf8')
  );
  const schemas = {};
  for (const name of Object.keys(dependencies).sort()) {
    const folder = path.join(root, 'node_modules', name);
    const { version, jupyterlab } = JSON.parse(
      readFileSync(path.join(folder, 'package.json'), 'utf8')
    );
    if (!jupyterlab?.schemaDir) continue;
    for (const file of readdirSync(
      path.join(folder, jupyterlab.schemaDir)
    ).sort()) {
      if (!file.endsWith('.json') || file.includes('package.json.orig'))
        continue;
      const schema = JSON.parse(
        readFileSync(path.join(folder, jupyterlab.schemaDir, file), 'utf8')
      );
      schemas[`${name}:${file.replace(/\.json$/, '')}`] = { schema, version };
    }
  }
  mkdirSync(path.join(root, 'generated'), { recursive: true });
  writeFileSync(
    path.join(root, 'generated/schemas.json'),
    JSON.stringify(schemas)
  );
}
