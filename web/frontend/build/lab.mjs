// Builds a JupyterLab from the same npm packages that takes prebuilt extensions,
// with the pool panel as one: node build/lab.mjs [OUTPUT], by default dist/lab.
// Only to try the extension: `-static dist/lab` of web/internal/devserver.
import {
  cpSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync
} from 'node:fs';
import path from 'node:path';
import { rspack } from '@rspack/core';
import { config, root } from './config.mjs';
import { collectSchemas } from './schemas.mjs';
import { shared } from './shared.mjs';

const output = path.resolve(process.argv[2] ?? path.join(root, 'dist/lab'));
const assets = path.join(output, 'assets');
collectSchemas();
rmSync(output, { recursive: true, force: true });
mkdirSync(assets, { recursive: true });

const base = config({ output: assets, mode: 'development' });
const compiler = rspack({
  ...base,
  devtool: false,
  entry: { start: base.entry.start, notebook: './test/lab/main.js' },
  optimization: { ...base.optimization, splitChunks: false },
  plugins: [
    ...base.plugins,
    new rspack.container.ModuleFederationPluginV1({
      name: 'CORE',
      library: { type: 'var', name: ['_JUPYTERLAB', 'CORE_OUTPUT'] },
      shared: Object.fromEntries(
        shared.map(name => [name, { singleton: true, requiredVersion: false }])
      )
    })
  ]
});
const stats = await new Promise((resolve, reject) =>
  compiler.run((error, stats) =>
    error ? reject(error) : compiler.close(() => resolve(stats))
  )
);
if (stats.hasErrors()) {
  console.error(stats.toString('errors-warnings'));
  process.exit(1);
}
for (const [name, entry] of [
  ['index', 'start'],
  ['notebook', 'notebook']
]) {
  const files = stats.compilation.entrypoints.get(entry).getFiles();
  const tags = files.map(f =>
    f.endsWith('.css')
      ? `<link rel="stylesheet" href="/static/assets/${f}" />`
      : `<script defer src="/static/assets/${f}"></script>`
  );
  const html = readFileSync(path.join(root, `html/${name}.html`), 'utf8');
  writeFileSync(
    path.join(output, `${name}.html`),
    html.replace('<!--assets-->', () => tags.join('\n    '))
  );
}
cpSync(path.join(root, 'html/favicon.svg'), path.join(output, 'favicon.svg'));
cpSync(path.join(root, 'dist/labextension'), path.join(output, 'lab'), {
  recursive: true
});
console.log(
  `a JupyterLab with the extension → ${path.relative(process.cwd(), output)}`
);
