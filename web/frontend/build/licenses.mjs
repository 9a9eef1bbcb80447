// The licences of the packages whose code is in the page, as one text.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const marker = `${path.sep}node_modules${path.sep}`;

/** The folder of the package that a module's file belongs to, if any. */
function packageOf(file) {
  const at = file.lastIndexOf(marker);
  if (at < 0) return undefined;
  const parts = file.slice(at + marker.length).split(path.sep);
  const name = parts[0].startsWith('@') ? parts.slice(0, 2) : parts.slice(0, 1);
  return path.join(file.slice(0, at + marker.length), ...name);
}

/** The text for the packages of these module files, the same text only once. */
export function licenses(files) {
  const folders = new Set();
  for (const file of files) {
    const folder = packageOf(file);
    if (folder && existsSync(path.join(folder, 'package.json')))
      folders.add(folder);
  }
  const byText = new Map();
  for (const folder of folders) {
    const { name, version, license } = JSON.parse(
      readFileSync(path.join(folder, 'package.json'), 'utf8')
    );
    const file = readdirSync(folder)
      .sort()
      .find(f => /^licen[cs]e/i.test(f));
    const text = file
      ? readFileSync(path.join(folder, file), 'utf8')
          .replaceAll('\r\n', '\n')
          .trim()
      : `Licence: ${typeof license === 'string' ? license : 'see the package'}`;
    byText.set(text, [...(byText.get(text) ?? []), `${name} ${version}`]);
  }
  const parts = [...byText]
    .map(
      ([text, names]) => `${[...new Set(names)].sort().join('\n')}\n\n${text}\n`
    )
    .sort();
  return `The page contains code of these packages.\n\n${parts.join(`\n${'-'.repeat(72)}\n\n`)}`;
}
