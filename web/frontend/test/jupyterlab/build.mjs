// Builds JupyterLab itself, whole, from its npm packages: to try the pool panel
// in as an extension, and to measure beside Poolbook's page.
//   npm ci --prefix test/jupyterlab && node test/jupyterlab/build.mjs
// writes dist/jupyterlab, which lab.py serves with Jupyter's own server.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync
} from 'node:fs';
import path from 'node:path';
import { rspack } from '@rspack/core';
import { compile, config, root } from '../../build/config.mjs';

const here = path.join(root, 'test/jupyterlab');
const output = path.join(root, 'dist/jupyterlab');
const generated = path.join(here, 'generated');
rmSync(output, { recursive: true, force: true });
rmSync(generated, { recursive: true, force: true });
mkdirSync(generated, { recursive: true });
mkdirSync(path.join(output, 'templates'), { recursive: true });

const read = file => JSON.parse(readFileSync(file, 'utf8'));
const { dependencies } = read(path.join(here, 'package.json'));
const about = Object.fromEntries(
  Object.keys(dependencies).map(name => [
    name,
    read(path.join(here, 'node_modules', name, 'package.json'))
  ])
);

// The entry: which packages have plugins, which renderers, which styles.
const lists = { extension: [], mimeExtension: [] };
const styles = [];
for (const [name, { jupyterlab, style, styleModule }] of Object.entries(
  about
)) {
  for (const kind of Object.keys(lists)) {
    const module = jupyterlab?.[kind];
    if (module)
      lists[kind].push(path.join(name, module === true ? '' : module));
  }
  if (styleModule || style) styles.push(path.join(name, styleModule ?? style));
}
const loads = list =>
  list.map(m => `  () => import(${JSON.stringify(m)})`).join(',\n');
writeFileSync(
  path.join(generated, 'packages.js'),
  styles.map(s => `import ${JSON.stringify(s)};\n`).join('') +
    `export const plugins = [\n${loads(lists.extension)}\n];\n` +
    `export const mimeExtensions = [\n${loads(lists.mimeExtension)}\n];\n`
);

// JupyterLab shares its packages with extensions, one of each.
const singletons = readdirSync(path.join(here, 'node_modules/@jupyterlab'))
  .filter(name => !/^(builder|buildutils|testing|rspack)/.test(name))
  .map(name => '@jupyterlab/' + name)
  .concat(
    readdirSync(path.join(here, 'node_modules/@lumino')).map(
      name => '@lumino/' + name
    ),
    ['react', 'react-dom', 'yjs', '@jupyter/ydoc']
  );

const base = config({
  output: path.join(output, 'static'),
  mode: 'production'
});
// Nothing of Poolbook's page: no part left out, none replaced.
const whole = {
  ...base,
  resolve: {
    ...base.resolve,
    alias: {},
    modules: [path.join(here, 'node_modules'), 'node_modules']
  },
  plugins: base.plugins.filter(
    p => !(p instanceof rspack.NormalModuleReplacementPlugin)
  )
};
const stats = await compile({
  ...whole,
  entry: { main: './test/jupyterlab/main.js' },
  output: { ...base.output, publicPath: 'auto', uniqueName: 'jupyterlab' },
  optimization: {
    ...base.optimization,
    splitChunks: {
      chunks: 'all',
      cacheGroups: {
        core: {
          test: /[\\/]node_modules[\\/]@(jupyterlab|lumino)[\\/]/,
          name: 'core'
        }
      }
    }
  },
  plugins: [
    ...whole.plugins,
    new rspack.container.ModuleFederationPluginV1({
      name: 'CORE_FEDERATION',
      library: { type: 'var', name: ['_JUPYTERLAB', 'CORE_OUTPUT'] },
      shared: Object.fromEntries(
        singletons.map(name => [
          name,
          { singleton: true, requiredVersion: false }
        ])
      )
    })
  ]
});
const tags = stats.compilation.entrypoints
  .get('main')
  .getFiles()
  .map(f =>
    f.endsWith('.css')
      ? `<link rel="stylesheet" href="{{ page_config.fullStaticUrl }}/${f}" />`
      : `<script defer src="{{ page_config.fullStaticUrl }}/${f}"></script>`
  );
writeFileSync(
  path.join(output, 'templates/index.html'),
  readFileSync(path.join(here, 'index.html'), 'utf8').replace(
    '<!--assets-->',
    () => tags.join('\n    ')
  )
);

for (const [name, { jupyterlab }] of Object.entries(about)) {
  const folder = path.join(here, 'node_modules', name);
  if (
    jupyterlab?.schemaDir &&
    existsSync(path.join(folder, jupyterlab.schemaDir))
  )
    cpSync(
      path.join(folder, jupyterlab.schemaDir),
      path.join(output, 'schemas', name),
      { recursive: true }
    );
  if (jupyterlab?.themePath)
    await compile({
      ...whole,
      entry: { index: path.join(folder, jupyterlab.themePath) },
      output: {
        path: path.join(output, 'themes', name),
        filename: '[name].js'
      },
      optimization: {},
      plugins: [new rspack.CssExtractRspackPlugin({ filename: '[name].css' })]
    });
}
console.log(`JupyterLab → ${path.relative(process.cwd(), output)}`);
