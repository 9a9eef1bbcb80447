// The accessibility checker axe-core in a page.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { ok } from './run.mjs';

const axe = readFileSync(
  createRequire(import.meta.url).resolve('axe-core/axe.min.js'),
  'utf8'
);

/** Fails when axe finds a serious or critical fault. */
export async function accessible(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run(document, { resultTypes: ['violations'] })
  );
  const serious = violations.filter(
    v => v.impact === 'serious' || v.impact === 'critical'
  );
  const nodes = v => v.nodes.map(n => '  ' + n.html.slice(0, 200)).join('\n');
  ok(
    !serious.length,
    serious.map(v => `${v.id} (${v.impact}): ${v.help}\n${nodes(v)}`).join('\n')
  );
}
