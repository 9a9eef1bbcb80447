// Builds the pool panel as a prebuilt extension of JupyterLab 4:
// node build/extension.mjs [OUTPUT], by default dist/labextension. Copied to
// share/jupyter/labextensions/poolbook-pool, any JupyterLab has the panel.
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs';
import path from 'node:path';
import { rspack } from '@rspack/core';
import { compile, config, root } from './config.mjs';
import { shared } from './shared.mjs';

const NAME = 'poolbook-pool';
const output = path.resolve(
  process.argv[2] ?? path.join(root, 'dist/labextension')
);
rmSync(output, { recursive: true, force: true });
mkdirSync(path.join(output, 'static'), { recursive: true });
mkdirSync(path.join(output, 'schemas', NAME), { recursive: true });

const base = config({
  output: path.join(output, 'static'),
  mode: 'production'
});
delete base.optimization.splitChunks;
const styles = base.module.rules.find(r => r.use?.includes?.('css-loader'));
// Its styles are a few lines, and come with the script.
styles.use = [{ loader: 'css-loader', options: { exportType: 'string' } }];

const stats = await compile({
  ...base,
  entry: {},
  output: {
    ...base.output,
    uniqueName: NAME,
    filename: '[name].[contenthash:10].js'
  },
  plugins: [
    ...base.plugins.filter(p => !(p instanceof rspack.CssExtractRspackPlugin)),
    new rspack.container.ModuleFederationPluginV1({
      name: NAME,
      library: { type: 'var', name: ['_JUPYTERLAB', NAME] },
      filename: 'remoteEntry.[contenthash:10].js',
      exposes: {
        './extension': './src/pool/extension.ts',
        './index': './src/pool/extension.ts'
      },
      shared: Object.fromEntries(
        shared.map(name => [
          name,
          { singleton: true, import: false, requiredVersion: false }
        ])
      )
    })
  ]
});

const entry = readdirSync(path.join(output, 'static')).find(f =>
  f.startsWith('remoteEntry.')
);
writeFileSync(
  path.join(output, 'package.json'),
  JSON.stringify(
    {
      name: NAME,
      version: '0.1.0',
      description: "Workers, jobs and tasks of Poolbook's pools in JupyterLab",
      license: 'MIT',
      jupyterlab: {
        extension: true,
        schemaDir: `schemas/${NAME}`,
        _build: { load: `static/${entry}`, extension: './extension' }
      }
    },
    null,
    2
  ) + '\n'
);
// The file is plain JavaScript but for its ending.
const source = readFileSync(path.join(root, 'src/pool/schema.ts'), 'utf8');
const { schema } = await import(
  'data:text/javascript,' + encodeURIComponent(source)
);
writeFileSync(
  path.join(output, 'schemas', NAME, 'plugin.json'),
  JSON.stringify(schema, null, 2) + '\n'
);
const files = readdirSync(path.join(output, 'static'));
const size = files.reduce(
  (sum, f) => sum + statSync(path.join(output, 'static', f)).size,
  0
);
console.log(
  `${files.length} files, ${Math.round(size / 1000)} kB → ${path.relative(process.cwd(), output)}`
);
