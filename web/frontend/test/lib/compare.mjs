// Compares the outputs of two runs of a notebook, by the tags and metadata that
// the tutorials use (package poolbook/notebooks/run says the same in Go).
import { inflateSync } from 'node:zlib';

const text = value =>
  Array.isArray(value)
    ? value.join('')
    : typeof value === 'string'
      ? value
      : JSON.stringify(value);

/** What a PNG picture holds, whatever its compression: releases of Go write the same picture in other bytes. */
function uncompressed(base64) {
  const file = Buffer.from(base64, 'base64');
  let rest = '';
  const data = [];
  for (let at = 8; at + 12 <= file.length;) {
    const end = at + 8 + file.readUInt32BE(at);
    const type = file.toString('latin1', at + 4, at + 8);
    if (type === 'IDAT') data.push(file.subarray(at + 8, end));
    else rest += ` ${type}:${file.toString('base64', at + 8, end)}`;
    at = end + 4;
  }
  return `PNG${rest} ${inflateSync(Buffer.concat(data)).toString('base64')}`;
}

/** The outputs of a cell as named texts. */
function sections(cell) {
  const found = new Map();
  let displays = 0;
  for (const output of cell.outputs ?? []) {
    if (output.output_type === 'stream') {
      found.set(
        output.name,
        (found.get(output.name) ?? '') + text(output.text)
      );
    } else if (output.output_type === 'error') {
      found.set(
        'error',
        `${output.ename}: ${output.evalue}\n${output.traceback.join('\n')}`
      );
    } else {
      const varies = output.metadata?.poolbook?.varies;
      if (varies === 'all') continue;
      const name =
        output.output_type === 'display_data'
          ? `display ${++displays}`
          : 'result';
      for (const [type, value] of Object.entries(output.data)) {
        let shown = text(value);
        if (type === 'image/png') shown = uncompressed(shown);
        if (varies === 'numbers') shown = numberless(shown);
        found.set(`${name} (${type})`, shown);
      }
    }
  }
  return found;
}

function numberless(value) {
  return value.replace(
    /([0-9]+h)?([0-9]+m)?[0-9]+(\.[0-9]+)?(ms|µs|ns|s)\b|[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?/g,
    '#'
  );
}

function normal(value, cell) {
  const tags = cell.metadata?.tags ?? [];
  let result = value
    .replace(/\x1b\[[0-9;?]*[A-Za-z]/g, '')
    .replace(/[ \t\r]+(\n|$)/g, '$1');
  for (const pattern of cell.metadata?.poolbook?.varies ?? [])
    result = result.replace(new RegExp(pattern, 'g'), '…');
  if (tags.includes('numbers-vary')) result = numberless(result);
  if (tags.includes('order-varies'))
    result = result.split('\n').sort().join('\n');
  return result;
}

/** What differs between the stored outputs and those of this run, as text. */
export function differences(want, got) {
  const found = [];
  if (want.cells.length > got.cells.length)
    return [
      `${want.cells.length} cells were stored, ${got.cells.length} are there`
    ];
  want.cells.forEach((cell, i) => {
    if (
      cell.cell_type !== 'code' ||
      cell.metadata?.tags?.includes('skip-execution')
    )
      return;
    const [a, b] = [sections(cell), sections(got.cells[i])];
    if (cell.metadata?.tags?.includes('output-varies')) {
      if (b.has('error') && !a.has('error'))
        found.push(`cell ${i + 1}: ${b.get('error')}`);
      return;
    }
    for (const name of new Set([...a.keys(), ...b.keys()])) {
      const [x, y] = [
        normal(a.get(name) ?? '', cell),
        normal(b.get(name) ?? '', cell)
      ];
      if (x !== y)
        found.push(
          `cell ${i + 1}, ${name}:\n  stored: ${JSON.stringify(x)}\n  now:    ${JSON.stringify(y)}`
        );
    }
  });
  return found;
}
