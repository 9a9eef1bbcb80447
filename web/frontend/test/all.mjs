// Everything, against one server: node test/all.mjs URL
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const results = [
  'composite.mjs',
  'page.mjs',
  'files.mjs',
  'keyboard.mjs',
  'safety.mjs',
  'strangers.mjs',
  'tutorial.mjs',
  'pool.mjs',
  'flood.mjs',
  'trouble.mjs',
  'daily.mjs',
  'plugins.mjs',
  'terminal.mjs'
].map(name => {
  const file = fileURLToPath(new URL(name, import.meta.url));
  return spawnSync(process.execPath, [file, ...process.argv.slice(2)], {
    stdio: 'inherit'
  }).status;
});
process.exitCode = results.every(status => status === 0) ? 0 : 1;
