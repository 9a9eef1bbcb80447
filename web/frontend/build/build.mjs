// Builds the page: node build/build.mjs [--dev] [OUTPUT], by default into ../static.
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync
} from 'node:fs';
import path from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { compile, config, formulas, root } from './config.mjs';
import { licenses } from './licenses.mjs';
import { collectSchemas } from './schemas.mjs';

const dev = process.argv.includes('--dev');
const given = process.argv.slice(2).find(a => !a.startsWith('--'));
const output = path.resolve(given ?? path.join(root, '../static'));
const assets = path.join(output, 'assets');

collectSchemas();
rmSync(assets, { recursive: true, force: true });
mkdirSync(assets, { recursive: true });

const stats = await compile(
  config({ output: assets, mode: dev ? 'development' : 'production' })
);
if (stats.hasWarnings()) console.error(stats.toString('errors-warnings'));

await compile(formulas({ output, mode: dev ? 'development' : 'production' }));

// The two documents, each with the files of its entry.
for (const [name, entry] of [
  ['index', 'start'],
  ['notebook', 'notebook']
]) {
  const files = stats.compilation.entrypoints.get(entry).getFiles();
  const tags = [
    ...files
      .filter(f => f.endsWith('.css'))
      .map(f => `<link rel="stylesheet" href="/static/assets/${f}" />`),
    ...files
      .filter(f => f.endsWith('.js'))
      .map(f => `<script defer src="/static/assets/${f}"></script>`)
  ];
  const html = readFileSync(path.join(root, `html/${name}.html`), 'utf8');
  writeFileSync(
    path.join(output, `${name}.html`),
    html.replace('    <!--assets-->', () =>
      tags.map(t => '    ' + t).join('\n')
    )
  );
}

for (const icon of ['favicon.svg', 'favicon-busy.svg'])
  copyFileSync(path.join(root, 'html', icon), path.join(output, icon));

const { modules } = stats.toJson({
  all: false,
  modules: true,
  nestedModules: true,
  ids: true,
  modulesSpace: Infinity,
  nestedModulesSpace: Infinity
});
const sources = modules
  .flatMap(m => [m, ...(m.modules ?? [])])
  .map(m => m.nameForCondition ?? '');
writeFileSync(path.join(output, 'LICENSES.txt'), licenses(sources));

// Compressed forms beside what gains by them.
const totals = { files: 0, raw: 0, br: 0, gz: 0 };
for (const file of readdirSync(assets).sort()) {
  const data = readFileSync(path.join(assets, file));
  totals.files++;
  totals.raw += data.length;
  if (dev || !/\.(js|css|svg|json|ttf|eot)$/.test(file) || data.length < 500)
    continue;
  const br = brotliCompressSync(data, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_SIZE_HINT]: data.length,
      [constants.BROTLI_PARAM_LGWIN]: 22
    }
  });
  const gz = gzipSync(data, { level: 9 });
  gz[9] = 255; // the system field, which would tell the builder's
  writeFileSync(path.join(assets, file + '.br'), br);
  writeFileSync(path.join(assets, file + '.gz'), gz);
  totals.br += br.length;
  totals.gz += gz.length;
}
const mb = n => (n / 1e6).toFixed(2) + ' MB';
console.log(
  `${totals.files} files, ${mb(totals.raw)} raw, ${mb(totals.br)} brotli, ${mb(totals.gz)} gzip → ${path.relative(process.cwd(), output)}`
);
